/**
 * What sentences about triggers start from. Each takes a workspace and an app of its own; what a TriggerStore answers
 * for every workspace is asked for that app. Instants are chosen, not read.
 */
import { assert } from "@effect/vitest"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { every, named } from "@fibercast/domain/Trigger"
import { make, type TriggerDefinition } from "@fibercast/domain/TriggerDefinition"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Advance, type NewOccurrence, type Put, TriggerStore, type Work } from "@fibercast/ports/TriggerStore"
import { type RecordedOccurrence, type Run } from "@fibercast/ports/Run"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Effect } from "effect"
import { background, base, claimable, ended, freshName, freshWorkspace, job, lease, second, spec } from "./Given.ts"

export const minute = 60 * second
export const day = 24 * 60 * minute

/** A minute of the trigger: its n-th nominal time. */
export const nth = (n: number): number => base + n * minute

/** When most of what is recorded here is recorded. */
export const passed = nth(60)

/** When all that was dispatched here is due. */
const worktime = nth(80)

export const defined = (name: string, changes: Partial<TriggerDefinition> = {}): TriggerDefinition => ({
  ...make(named(name)(every("1 minute")), { _tag: "Deliver", pipeline: "jobs", payload: {}, lane: "normal" }),
  ...changes
})

/** A trigger called `report` that comes every minute, first at `nth(0)`. */
export const asked = (workspaceId: WorkspaceId, app: string | null, changes: Partial<Put> = {}): Put => ({
  workspaceId,
  app,
  definition: defined("report"),
  seen: null,
  zone: "UTC",
  cursor: base,
  nextDue: base,
  rules: "r1",
  now: base,
  ...changes
})

export const added = Effect.fnUntraced(function* (put: Put) {
  const triggers = yield* TriggerStore
  const trigger = yield* triggers.put(put)
  return trigger === null ? yield* Effect.die(new Error("the trigger was not written")) : trigger
})

/** In a workspace of its own, of an app of its own. */
export const freshTrigger = Effect.fnUntraced(function* (changes: Partial<Put> = {}) {
  const { id } = yield* freshWorkspace
  return yield* added(asked(id, yield* freshName, changes))
})

/** Beside the given one: of its workspace and its app. */
export const another = (trigger: StoredTrigger, name: string, changes: Partial<TriggerDefinition> = {}) =>
  added(asked(trigger.workspaceId, trigger.app, { definition: defined(name, changes) }))

/** As it stands. */
export const standing = Effect.fnUntraced(function* ({ definition, workspaceId }: StoredTrigger) {
  const triggers = yield* TriggerStore
  const trigger = yield* triggers.find(workspaceId, definition.trigger.name)
  return trigger === null ? yield* Effect.die(new Error("the trigger is gone")) : trigger
})

export const deliver: Work = { _tag: "Deliver", delivery: job() }

export const launch = (workspaceId: WorkspaceId, key: string): Work => ({
  _tag: "Launch",
  campaign: { workspaceId, key, spec, templateHash: "t1", audienceHash: "a1", now: passed }
})

export const skippedAt = (nominal: number, changes: Partial<NewOccurrence> = {}): NewOccurrence => ({
  nominal,
  dueAt: nominal,
  outcome: "skipped",
  reason: "when",
  detail: null,
  zone: "UTC",
  rules: "r1",
  covers: null,
  work: null,
  ...changes
})

export const firedAt = (nominal: number, changes: Partial<NewOccurrence> = {}): NewOccurrence =>
  skippedAt(nominal, { outcome: "fired", reason: null, work: deliver, ...changes })

export const waitingAt = (nominal: number, changes: Partial<NewOccurrence> = {}): NewOccurrence =>
  skippedAt(nominal, { outcome: "waiting", reason: "overlap", ...changes })

/** A decision on these occurrences by one who saw the trigger so. */
export const advanceOf = (
  trigger: StoredTrigger,
  occurrences: ReadonlyArray<NewOccurrence>,
  changes: Partial<Advance> = {}
): Advance => {
  const last = occurrences.at(-1)?.nominal
  const nextCursor = last === undefined ? trigger.cursor : last + 1
  const { id: triggerId, cursor, revision } = trigger
  const from = { triggerId, revision, cursor, busy: null }
  const to = { nextCursor, nextDue: nextCursor + minute, rules: "r1", merging: null }
  return { ...from, ...to, occurrences, displace: false, ...changes }
}

/** What was written of these advances, by name. */
export const record = Effect.fnUntraced(function* (...advances: ReadonlyArray<Advance>) {
  const triggers = yield* TriggerStore
  return yield* triggers.record({ now: passed, advances })
})

/** The trigger, once these occurrences of it are recorded. */
export const recorded = Effect.fnUntraced(function* (
  trigger: StoredTrigger,
  occurrences: ReadonlyArray<NewOccurrence>,
  changes: Partial<Advance> = {}
) {
  assert.deepStrictEqual(yield* record(advanceOf(trigger, occurrences, changes)), [trigger.id])
  return yield* standing(trigger)
})

/** Fills these in, as a person asks for it. Answers the nominal times that were written. */
export const filled = Effect.fnUntraced(function* (
  { id: triggerId }: Pick<StoredTrigger, "id">,
  ...occurrences: ReadonlyArray<NewOccurrence>
) {
  const { fill } = yield* TriggerStore
  return yield* fill({ now: nth(70), triggerId, occurrences })
})

export const historyOf = Effect.fnUntraced(function* ({ id: triggerId }: StoredTrigger) {
  const triggers = yield* TriggerStore
  return yield* triggers.history({ triggerId, before: null, limit: 1000 })
})

/** Its record of this nominal time, which must be there. */
export const recordAt = Effect.fnUntraced(function* (trigger: StoredTrigger, nominal: number) {
  const found = (yield* historyOf(trigger)).find((row) => row.nominal === nominal)
  return found === undefined ? yield* Effect.die(new Error(`nothing is recorded about ${nominal}`)) : found
})

const said = (outcome: string, reason: string | null): string => (reason === null ? outcome : `${outcome}: ${reason}`)

/** What became of it, oldest first. */
export const outcomesOf = Effect.fnUntraced(function* (trigger: StoredTrigger) {
  return (yield* historyOf(trigger)).map(({ outcome, reason }) => said(outcome, reason)).toReversed()
})

/** How often it came to what. */
export const talliesOf = Effect.fnUntraced(function* ({ id, workspaceId }: StoredTrigger) {
  const triggers = yield* TriggerStore
  const ofTrigger = (yield* triggers.tallies({ workspaceId })).filter(({ triggerId }) => triggerId === id)
  return Object.fromEntries(ofTrigger.map(({ count, outcome, reason }) => [said(outcome, reason), count]))
})

/** What its overlap key is doing: the nominal times that run, and how many wait. */
export const busyOf = Effect.fnUntraced(function* ({ definition, workspaceId }: StoredTrigger) {
  const triggers = yield* TriggerStore
  const { runs, waiting } = yield* triggers.holders({ workspaceId, overlapKey: definition.overlapKey })
  return { runs: runs.map(({ nominal }) => nominal), waiting }
})

/** What a run says, without what else is recorded about it. */
export const runOf = (row: RecordedOccurrence): Run => {
  const { campaignId, covers, deliveryId, dueAt, name, nominal, occurrenceId, outcome, reason, triggerId } = row
  const { workspaceId, zone } = row
  const planned = { triggerId, workspaceId, name, nominal, dueAt, zone, covers }
  return { ...planned, occurrenceId, outcome, reason, deliveryId, campaignId }
}

/** `node-a` owns its workspace from now on. */
export const ownerOf = Effect.fnUntraced(function* ({ workspaceId }: StoredTrigger, now: number = passed) {
  const ledger = yield* Ledger
  const { epoch } = yield* ledger.takeOver({ workspaceId, owner: "node-a", now, lease, force: true })
  return { workspaceId, epoch, now }
})

/** Every background delivery of its workspace ends so. Answers how many. */
export const worked = Effect.fnUntraced(function* (
  trigger: StoredTrigger,
  state: FinalState = "completed",
  options: { readonly now?: number; readonly reason?: string | null } = {}
) {
  const ledger = yield* Ledger
  const { now = worktime, reason = null } = options
  const owned = yield* ownerOf(trigger, now)
  const deliveries = yield* claimable(owned, background)
  const settlements = deliveries.map((delivery) => ({ ...ended(delivery, state), reason }))
  const { final } = yield* ledger.settle({ ...owned, settlements, finishedClaims: [] })
  return final
})

/** Those runs of its app that are over, marked as ended now. */
export const endOf = Effect.fnUntraced(function* ({ app }: StoredTrigger, now: number = passed) {
  const triggers = yield* TriggerStore
  return yield* triggers.end({ app, now, limit: 10_000 })
})
