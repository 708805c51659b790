/**
 * Brings the stored triggers of an app to what its code defines: new ones are added, changed ones changed, and those the
 * code does not define any more are removed. Says what it did. A name of another app is taken over only when no
 * scheduler of that is running any more.
 */
import { type NeverFires } from "@fibercast/domain/Planner"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { type Workspace, WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Effect, Schema } from "effect"
import { type Scheduled } from "./Scheduled.ts"
import { SchedulerConfig } from "./SchedulerConfig.ts"
import { type Placed } from "./TriggerCode.ts"
import * as TriggerPut from "./TriggerPut.ts"
import * as TriggerRemoval from "./TriggerRemoval.ts"

/** Two triggers of one app have the same name in one workspace. */
export class DuplicateTrigger extends Schema.TaggedError<DuplicateTrigger>()("DuplicateTrigger", {
  name: Schema.String,
  workspace: Schema.String
}) {
  override get message(): string {
    return `two triggers are named "${this.name}" in the workspace ${this.workspace}; a name may be used once`
  }
}

/** A trigger of this name belongs to another app. */
export class TriggerTaken extends Schema.TaggedError<TriggerTaken>()("TriggerTaken", {
  name: Schema.String,
  workspace: Schema.String,
  app: Schema.String
}) {
  override get message(): string {
    return `the trigger "${this.name}" in the workspace ${this.workspace} belongs to ${this.app}, which is running; use another name or workspace`
  }
}

/** Whether a scheduler of the app has passed lately and not ended. */
const isRunning = Effect.fnUntraced(function* (app: string) {
  const { deadAfter } = yield* SchedulerConfig
  const now = yield* Clock.currentTimeMillis
  const passes = yield* (yield* TriggerStore).schedulers
  return passes.some((pass) => pass.app === app && now - pass.passedAt <= deadAfter)
})

export interface Reconciled<out R> {
  readonly placed: ReadonlyArray<Placed<R>>
  /** Names. */
  readonly added: ReadonlyArray<string>
  readonly changed: ReadonlyArray<string>
  readonly removed: ReadonlyArray<string>
}

export const reconcile = Effect.fn("TriggerReconciler.reconcile")(function* <R>(
  app: string,
  scheduled: ReadonlyArray<Scheduled<R>>
): Effect.fn.Return<
  Reconciled<R>,
  LedgerUnavailable | NeverFires | TriggerPut.BadTrigger | DuplicateTrigger | TriggerTaken,
  TriggerStore | WorkspaceStore
> {
  const store = yield* TriggerStore
  const workspaces = yield* WorkspaceStore
  const placed: Array<Placed<R>> = []
  const names = { added: new Array<string>(), changed: new Array<string>(), removed: new Array<string>() }
  const placeOf = ({ workspace }: Scheduled<R>) => workspace.name ?? app
  const seen = new Set<string>()
  for (const one of scheduled) {
    const { name } = one.definition.trigger
    const workspace = placeOf(one)
    const key = `${name} ${workspace}`
    if (seen.has(key)) return yield* new DuplicateTrigger({ name, workspace })
    seen.add(key)
  }
  const before = yield* store.list({ workspaceId: null })
  const known = new Map(before.map((one) => [`${one.workspaceId}/${one.definition.trigger.name}`, one]))
  const places = new Map<string, Workspace>()
  const standing = new Set<number>()
  for (const one of scheduled) {
    const { definition } = one
    const { name } = definition.trigger
    const where = placeOf(one)
    const asked = { name: where, zone: one.workspace.zone, limits: {} }
    const place = places.get(where) ?? (yield* workspaces.ensure(asked))
    places.set(where, place)
    const { id: workspaceId, zone } = place
    const seen = known.get(`${workspaceId}/${name}`) ?? null
    const owner = seen?.app ?? null
    if (owner !== null && owner !== app && (yield* isRunning(owner))) {
      return yield* new TriggerTaken({ name, workspace: where, app: owner })
    }
    const { change, trigger } = yield* TriggerPut.put({ workspaceId, app, definition, zone, known: seen })
    standing.add(trigger.id)
    placed.push({ workspaceId, scheduled: one })
    if (change !== "unchanged") names[change].push(name)
  }
  for (const old of before) {
    if (old.app !== app || standing.has(old.id)) continue
    const { name } = old.definition.trigger
    // Somebody may pause or change it at this moment.
    for (let seen: StoredTrigger | null = old; seen?.app === app;) {
      const isRemoved: boolean = yield* TriggerRemoval.remove(seen)
      if (isRemoved) names.removed.push(name)
      seen = isRemoved ? null : yield* store.find(old.workspaceId, name)
    }
  }
  return { placed, ...names }
})
