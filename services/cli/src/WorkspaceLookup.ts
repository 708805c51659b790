/**
 * Workspaces as another process finds them: by name, with a word about which was probably meant.
 */
import { nearest } from "@fibercast/domain/Nearest"
import { type Workspace, WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect, Schema } from "effect"

/** Names looked through for what may be meant. */
const compared = 1000

/** No workspace is called this. */
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

export const find = Effect.fn("WorkspaceLookup.find")(function* (name: string) {
  const workspaces = yield* WorkspaceStore
  const found: Workspace | null = yield* workspaces.find(name)
  if (found !== null) return found
  const others = yield* workspaces.names(compared)
  return yield* new UnknownWorkspace({ name, others, meant: nearest(name, others) ?? null })
})
