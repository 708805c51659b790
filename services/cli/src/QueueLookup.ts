/**
 * Deliveries as another process finds them: by number, in whatever database is there.
 */
import { DeliveryId } from "@fibercast/domain/Delivery"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Records } from "@fibercast/ports/Records"
import { type Workspace, WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect, Result, Schema } from "effect"
import { Argument } from "effect/cli"
import { CliError } from "effect/cli"

/** Nothing is known of the delivery. */
export class NoDelivery extends Schema.TaggedError<NoDelivery>()("NoDelivery", { id: Schema.String }) {
  override get message(): string {
    return (
      `Nothing is known of delivery ${this.id}: there was none of that number, its record was pruned, or it was ` +
      "temporary and completed."
    )
  }
}

const greatest = 9_223_372_036_854_775_807n

/** A number of a delivery as people write it. */
export const read = (text: string): Result.Result<DeliveryId, string> =>
  /^[1-9]\d{0,18}$/u.test(text) && BigInt(text) <= greatest
    ? Result.succeed(DeliveryId.make(BigInt(text)))
    : Result.fail(text)

/** The number of a delivery. */
export const id = Argument.String("id").pipe(
  Argument.withDescription("The number of a delivery"),
  Argument.mapEffect((value) =>
    Result.match(read(value), {
      onFailure: () =>
        Effect.fail(
          new CliError.InvalidValue({
            option: "id",
            value,
            expected: "the number of a delivery, from 1",
            kind: "argument"
          })
        ),
      onSuccess: (read) => Effect.succeed(read)
    })
  )
)

export const find = Effect.fn("QueueLookup.find")(function* (id: DeliveryId) {
  const found = yield* (yield* Records).find({ workspaceId: null, id })
  return found === null ? yield* new NoDelivery({ id: String(id) }) : found
})

/** The workspaces of these rows, each asked for once. */
export const workspacesOf = Effect.fnUntraced(function* (
  rows: ReadonlyArray<{ readonly workspaceId: WorkspaceId }>,
  known: Map<WorkspaceId, Workspace> = new Map()
) {
  const workspaces = yield* WorkspaceStore
  const ids = [...new Set(rows.map(({ workspaceId }) => workspaceId))].filter((id) => !known.has(id))
  const found = yield* Effect.forEach(ids, (id) => workspaces.get(id), { concurrency: 4 })
  for (const workspace of found) known.set(workspace.id, workspace)
  return known
})
