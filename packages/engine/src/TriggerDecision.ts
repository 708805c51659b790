/**
 * A decision says what becomes of the next occurrences of one trigger: which of them run now, wait, or are left out, and
 * why. It is taken on what was read, without a lock; the store writes it only if that still holds.
 *
 * In order: for its time (pause, deadline, misfire), the environment, maintenance, the conditions in the code, and the
 * overlap rule. At most one page of occurrences is decided on at once.
 */
import { admit, type Admission, type Busy } from "@fibercast/domain/Overlap"
import { type Reason } from "@fibercast/domain/OccurrenceOutcome"
import { type AudienceSource } from "@fibercast/ports/AudienceSource"
import { type CampaignStore } from "@fibercast/ports/CampaignStore"
import { type Ledger, type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type Signal } from "@fibercast/ports/Signal"
import { type Advance, type NewOccurrence, TriggerStore } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { type Pulse } from "@fibercast/ports/Attendance"
import { Cause, Effect } from "effect"
import * as DueOccurrences from "./DueOccurrences.ts"
import * as OccurrenceWork from "./OccurrenceWork.ts"
import { type Pipelines } from "./Pipelines.ts"
import { type Scheduled } from "./Scheduled.ts"
import * as StopRuns from "./StopRuns.ts"

export type Needs = TriggerStore | Ledger | CampaignStore | AudienceSource | Pipelines | Signal

export interface Known<R> {
  readonly now: number
  readonly pulse: Pulse
  readonly environment: string
  readonly page: number
  /** Milliseconds a condition may take. */
  readonly conditionTimeout: number
  /** Its code; undefined: it was defined at run time. */
  readonly scheduled: Scheduled<R> | undefined
  /** The fingerprint of the zone's rules here. */
  readonly rules: string
  /** When the next run that is caught up with may begin. */
  readonly catchUpAt: () => number
}

/** Left out, and why. */
interface Kept {
  readonly reason: Reason
  readonly detail: string | null
}

/** Why nothing of the trigger runs now; null: something may. */
const keptBack = Effect.fnUntraced(function* <R>(
  { definition }: StoredTrigger,
  known: Known<R>
): Effect.fn.Return<Kept | null, never, R> {
  const { environments, evenInMaintenanceMode } = definition
  if (environments.length > 0 && !environments.includes(known.environment)) {
    return { reason: "environment", detail: `here it is ${known.environment}` }
  }
  const { maintenance } = known.pulse
  if (maintenance !== null && !evenInMaintenanceMode) return { reason: "maintenance", detail: maintenance.note }
  for (const { kind, test } of known.scheduled?.conditions ?? []) {
    const answer = yield* test.pipe(
      Effect.map((holds) => ({ holds, detail: null })),
      Effect.timeoutOrElse({
        duration: known.conditionTimeout,
        orElse: () =>
          Effect.succeed({
            holds: null,
            detail: `the condition did not answer within ${known.conditionTimeout / 1000} s`
          })
      }),
      Effect.catchCause((cause) =>
        Effect.succeed({ holds: null, detail: `the condition failed: ${Cause.pretty(cause).split("\n")[0]}` })
      )
    )
    if (answer.holds !== (kind === "when")) return { reason: kind, detail: answer.detail }
  }
  return null
})

/** What the overlap rule makes of the candidates, once it has stopped what it stops. */
const admissions = Effect.fnUntraced(function* (
  { cursor, definition, revision, workspaceId }: StoredTrigger,
  count: number
): Effect.fn.Return<
  { readonly admissions: ReadonlyArray<Admission>; readonly busy: Busy | null; readonly displace: boolean },
  LedgerUnavailable,
  TriggerStore | Ledger | CampaignStore | Signal
> {
  const { overlap, overlapKey } = definition
  if (overlap._tag === "Allow" || count === 0) {
    return { admissions: admit(overlap, { running: 0, waiting: 0 }, count).admissions, busy: null, displace: false }
  }
  const store = yield* TriggerStore
  const look = Effect.map(store.holders({ workspaceId, overlapKey }), ({ runs, waiting }) => ({
    runs,
    busy: { running: runs.length, waiting }
  }))
  const seen = yield* look
  const wanted = admit(overlap, seen.busy, count)
  if (wanted.stop === null) return { admissions: wanted.admissions, busy: seen.busy, displace: false }
  // Another may have decided since, and what runs be what it has begun: then this decision will not be written either.
  const standing = yield* store.find(workspaceId, definition.trigger.name)
  const isStale = standing?.revision !== revision || standing.cursor !== cursor
  if (isStale) return { admissions: wanted.admissions, busy: seen.busy, displace: false }
  const reason = `a later run of ${overlapKey} takes its place`
  yield* StopRuns.stop({ workspaceId, runs: seen.runs, reason, force: wanted.stop === "force" })
  // What was not under way is gone already; what is may need a moment.
  const { busy } = yield* look
  const last: Admission = busy.running === 0 ? "run" : busy.waiting > 0 ? "displace" : "wait"
  return { admissions: [...wanted.admissions.slice(0, -1), last], busy, displace: busy.waiting > 0 }
})

export const decide = Effect.fnUntraced(function* <R>(
  stored: StoredTrigger,
  known: Known<R>
): Effect.fn.Return<Advance, LedgerUnavailable, Needs | R> {
  const { cursor, id: triggerId, revision, zone } = stored
  const { now, rules } = known
  const { aliveSince, ownAliveSince } = known.pulse
  const since = stored.app === null ? aliveSince : ownAliveSince
  const due = DueOccurrences.of(stored, { now, aliveSince: since }, known.page)
  const candidates = due.occurrences.filter((one) => one._tag === "Candidate")
  const kept = candidates.length === 0 ? null : yield* keptBack(stored, known)
  const admitted = yield* admissions(stored, kept === null ? candidates.length : 0)

  const occurrences: Array<NewOccurrence> = []
  let turn = 0
  for (const one of due.occurrences) {
    const place = { nominal: one.nominal, dueAt: one.dueAt, zone, rules }
    const leftOut = { ...place, covers: null, work: null }
    if (one._tag === "Dropped") {
      occurrences.push({ ...leftOut, outcome: one.outcome, reason: one.reason, detail: null })
      continue
    }
    if (kept !== null) {
      occurrences.push({ ...leftOut, outcome: "skipped", ...kept })
      continue
    }
    const admission = admitted.admissions[turn++] ?? "overlap"
    if (admission === "overlap" || admission === "buffer-full") {
      occurrences.push({ ...leftOut, outcome: "skipped", reason: admission, detail: null })
      continue
    }
    if (admission !== "run") {
      occurrences.push({ ...leftOut, covers: one.covers, outcome: "waiting", reason: "overlap", detail: null })
      continue
    }
    const startAt = one.late === null ? now : known.catchUpAt()
    const occasion = { stored, scheduled: known.scheduled, startAt, ...one }
    const made = yield* OccurrenceWork.make(occasion).pipe(
      Effect.map((work): Pick<NewOccurrence, "outcome" | "reason" | "detail" | "work" | "covers"> => ({
        outcome: one.late === null ? "fired" : "late",
        reason: one.late,
        detail: null,
        covers: one.covers,
        work
      })),
      Effect.catch((error) =>
        Effect.succeed({
          outcome: "skipped",
          reason: "refused",
          detail: error.message,
          covers: null,
          work: null
        } as const)
      )
    )
    occurrences.push({ ...place, ...made })
  }
  const { merging, nextCursor, nextDue } = due
  const { busy, displace } = admitted
  return { triggerId, revision, cursor, busy, nextCursor, nextDue, rules, merging, occurrences, displace }
})
