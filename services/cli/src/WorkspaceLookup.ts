/**
 * Workspaces as another process finds them: by name, or by the number that alerts tell; with a word about which was
 * probably meant.
 */
import { nearest } from "@fibercast/domain/Nearest"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { type Workspace, WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect, Option, Schema } from "effect"

/** No workspace has this name, or this number. */
export class UnknownWorkspace extends Schema.TaggedError<UnknownWorkspace>()("UnknownWorkspace", {
  name: Schema.String,
  meant: Schema.NullOr(Schema.String),
  /** Some of those there are. */
  others: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const { meant, name, others } = this
    if (others.length === 0) return `There is no workspace "${name}" here: there is none at all yet.`
    const listed = `${others.slice(0, 5).join(", ")}${others.length > 5 ? ", …" : ""}`
    const todo = meant === null ? `There are: ${listed}.` : `Did you mean "${meant}"?`
    return `There is no workspace "${name}" here. ${todo} Name one with --workspace.`
  }
}

const numbered = Effect.fnUntraced(function* (name: string) {
  const id = Schema.decodeOption(WorkspaceId)(/^[1-9]\d{0,8}$/u.test(name) ? Number(name) : 0)
  if (Option.isNone(id)) return null
  return yield* Effect.catchTag((yield* WorkspaceStore).get(id.value), "WorkspaceNotFound", () => Effect.succeed(null))
})

export const find = Effect.fn("WorkspaceLookup.find")(function* (name: string) {
  const workspaces = yield* WorkspaceStore
  const found: Workspace | null = (yield* workspaces.find(name)) ?? (yield* numbered(name))
  if (found !== null) return found
  const others = (yield* workspaces.list).map((one) => one.name)
  return yield* new UnknownWorkspace({ name, others, meant: nearest(name, others) ?? null })
})
