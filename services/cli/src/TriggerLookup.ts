/**
 * Triggers as another process finds them: by workspace and name, in whatever database is there; with a word about what
 * was probably meant when there is none of that name.
 */
import { nearest } from "@fibercast/domain/Nearest"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Triggers } from "@fibercast/engine/Triggers"
import * as Database from "@fibercast/node/Database"
import * as LocalNode from "@fibercast/node/LocalNode"
import { Signal } from "@fibercast/ports/Signal"
import { type StoredTrigger, TriggerStore } from "@fibercast/ports/TriggerStore"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect, Layer, References, Schema } from "effect"
import { quoted } from "./Hint.ts"

/** There is no database, so no trigger. */
export class NothingScheduled extends Schema.TaggedError<NothingScheduled>()("NothingScheduled", {
  folder: Schema.String
}) {
  override get message(): string {
    return (
      `There is no database in ${this.folder}: nothing was scheduled from here yet. \`fibercast schedule add\` adds a ` +
      "trigger, `fibercast schedule work --app FILE` brings those of your code. Another folder is named with --folder, " +
      "another database by DATABASE_URL."
    )
  }
}

const steering = Layer.provideMerge(Triggers.layer, Layer.merge(LocalNode.layerStores, Signal.layerMemory))

/** The stores and what steers triggers, without an engine; in a database that is there. */
export const layer = (folder: string) =>
  steering.pipe(
    Layer.provideMerge(
      Layer.catchTag(Database.layerExisting({ folder }), "NoDatabase", ({ folder }) =>
        Layer.effectContext(Effect.fail(new NothingScheduled({ folder })))
      )
    )
  )

/** The same in a database that is made if there is none. */
export const layerMaking = (folder: string) =>
  steering.pipe(
    Layer.provideMerge(Database.layerShared({ folder })),
    Layer.provide(Layer.succeed(References.MinimumLogLevel, "Warn"))
  )

/** No trigger has this name in this workspace. */
export class NoTrigger extends Schema.TaggedError<NoTrigger>()("NoTrigger", {
  name: Schema.String,
  workspace: Schema.String,
  /** Workspaces that have one of this name. */
  elsewhere: Schema.Array(Schema.String),
  meant: Schema.NullOr(Schema.String)
}) {
  override get message(): string {
    const { elsewhere, meant, name, workspace } = this
    const there = elsewhere.map((one) => `--workspace ${quoted(one)}`).join(" or ")
    const todo =
      elsewhere.length > 0
        ? `There is one elsewhere: add ${there}.`
        : meant === null
          ? "`fibercast schedule list` shows all there are."
          : `Did you mean "${meant}"?`
    return `There is no trigger "${name}" in the workspace ${workspace}. ${todo}`
  }
}

export interface Found {
  readonly workspaceId: WorkspaceId
  readonly trigger: StoredTrigger
}

/** The names of the workspaces of these triggers. */
export const workspaceNames = Effect.fnUntraced(function* (triggers: ReadonlyArray<StoredTrigger>) {
  const workspaces = yield* WorkspaceStore
  const ids = [...new Set(triggers.map(({ workspaceId }) => workspaceId))]
  const found = yield* Effect.forEach(ids, (id) => workspaces.get(id), { concurrency: 4 })
  return new Map(found.map(({ id, name }) => [id, name]))
})

export const find = Effect.fn("TriggerLookup.find")(function* (workspace: string, name: string) {
  const store = yield* TriggerStore
  const known = yield* (yield* WorkspaceStore).find(workspace)
  const trigger = known === null ? null : yield* store.find(known.id, name)
  if (known !== null && trigger !== null) return { workspaceId: known.id, trigger } satisfies Found
  const all = yield* store.list({ workspaceId: null })
  const named = all.filter(({ definition }) => definition.trigger.name === name)
  const names = yield* workspaceNames(named)
  const here = all.filter(({ workspaceId }) => workspaceId === known?.id)
  const meant = nearest(
    name,
    (here.length > 0 ? here : all).map(({ definition }) => definition.trigger.name)
  )
  return yield* new NoTrigger({ name, workspace, elsewhere: [...names.values()].toSorted(), meant: meant ?? null })
})
