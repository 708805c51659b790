/**
 * A dispatch asks for one background job, and is answered what became of it: it is never silent.
 */
import { type DeliveryId, type NewDelivery } from "@fibercast/domain/Delivery"
import { type Unique } from "@fibercast/domain/Unique"
import { Effect, Schema } from "effect"

export interface Dispatch {
  /** A background job: of no campaign. */
  readonly delivery: NewDelivery
  /** Null: it stands for itself alone. */
  readonly unique: Unique | null
  /**
   * The same request, made again, is answered as it was the first time, for `idempotencyPeriod`; one that was refused
   * was not made. Of a workspace, whatever the pipeline; a `UniqueKey`. It is looked at before `unique`.
   */
  readonly idempotencyKey: string | null
  /** How many of its pipeline that were dispatched with a cap may be open in its workspace; null: any number. */
  readonly backlog: number | null
}

/** How long an idempotency key is remembered, in milliseconds: seven days. */
export const idempotencyPeriod = 7 * 86_400_000

export type Refusal =
  /** As many as may be of the pipeline, or of all background jobs of the workspace, are open. */
  | { readonly _tag: "BacklogFull"; readonly of: "pipeline" | "workspace"; readonly cap: number }
  /** The unique key is taken by this delivery. */
  | { readonly _tag: "KeyTaken"; readonly by: DeliveryId }

export type Dispatched =
  | { readonly _tag: "Inserted"; readonly id: DeliveryId }
  /** An open or ended delivery stands for it. `replaced`: it was given what this dispatch brought. */
  | { readonly _tag: "Deduplicated"; readonly id: DeliveryId; readonly replaced: boolean }
  | { readonly _tag: "Refused"; readonly reason: Refusal }

/** The delivery that does what was asked for; null: it was refused. */
export const idOf = (dispatched: Dispatched): DeliveryId | null =>
  dispatched._tag === "Refused" ? null : dispatched.id

/** In words, for a log: "dispatched as delivery 7". */
export const describe = (dispatched: Dispatched): string => {
  switch (dispatched._tag) {
    case "Inserted":
      return `dispatched as delivery ${dispatched.id}`
    case "Deduplicated":
      return dispatched.replaced ? `replaced delivery ${dispatched.id}` : `delivery ${dispatched.id} stands for it`
    case "Refused":
      return dispatched.reason._tag === "KeyTaken"
        ? `refused: delivery ${dispatched.reason.by} has its key`
        : `refused: the backlog of the ${dispatched.reason.of} is full, at ${dispatched.reason.cap}`
  }
}

/** Something was refused that whoever asked cannot do without. */
export class DispatchRefused extends Schema.TaggedError<DispatchRefused>()("DispatchRefused", {
  /** How many of how many dispatches. */
  refused: Schema.Int,
  asked: Schema.Int,
  /** Of the first. */
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.refused} of ${this.asked} dispatches refused: ${this.reason}`
  }
}

/**
 * The answers, unless there is a refusal among them: then it fails. In a transaction, what is dispatched is there if and only
 * if the rest is: `Effect.flatMap(Pipeline.dispatchMany(…), Dispatch.orFail)`.
 */
export const orFail = (
  answers: ReadonlyArray<Dispatched>
): Effect.Effect<ReadonlyArray<Dispatched>, DispatchRefused> => {
  const refused = answers.filter(({ _tag }) => _tag === "Refused")
  const [first] = refused
  if (first === undefined) return Effect.succeed(answers)
  const reason = describe(first).replace(/^refused: /u, "")
  return new DispatchRefused({ refused: refused.length, asked: answers.length, reason })
}
