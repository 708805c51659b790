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
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect, Layer, Option, References, Schema } from "effect"
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

/** More than one workspace has a trigger of this name. */
export class SeveralTriggers extends Schema.TaggedError<SeveralTriggers>()("SeveralTriggers", {
  name: Schema.String,
  workspaces: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const which = this.workspaces.map((one) => `--workspace ${quoted(one)}`).join(" or ")
    return `There are several triggers "${this.name}". Say which: ${which}.`
  }
}

/** No trigger has this name, in this workspace if one was given. */
export class NoTrigger extends Schema.TaggedError<NoTrigger>()("NoTrigger", {
  name: Schema.String,
  workspace: Schema.NullOr(Schema.String),
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
    return `There is no trigger "${name}"${workspace === null ? "" : ` in the workspace ${workspace}`}. ${todo}`
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

/** Of the workspace, or of whichever has one of the name. */
export const find = Effect.fn("TriggerLookup.find")(function* (workspace: Option.Option<string>, name: string) {
  const all = yield* (yield* TriggerStore).list({ workspaceId: null })
  const named = all.filter(({ definition }) => definition.trigger.name === name)
  const names = yield* workspaceNames(named)
  const elsewhere = [...names.values()].toSorted()
  if (Option.isNone(workspace)) {
    const [trigger] = named
    if (trigger !== undefined && named.length === 1) {
      return { workspaceId: trigger.workspaceId, trigger } satisfies Found
    }
    if (trigger !== undefined) return yield* new SeveralTriggers({ name, workspaces: elsewhere })
  } else {
    const known = yield* (yield* WorkspaceStore).find(workspace.value)
    const trigger = named.find(({ workspaceId }) => workspaceId === known?.id)
    if (trigger !== undefined) return { workspaceId: trigger.workspaceId, trigger } satisfies Found
  }
  const meant = nearest(
    name,
    all.map(({ definition }) => definition.trigger.name)
  )
  return yield* new NoTrigger({ name, workspace: Option.getOrNull(workspace), elsewhere, meant: meant ?? null })
})
