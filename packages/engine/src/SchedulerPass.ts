/**
 * One pass of a scheduler: every occurrence that is due gets its outcome, with its work, until nothing is due any more;
 * then, and every now and then in between, runs that are over are recorded as such, and what waited for them is released.
 *
 * Any number of schedulers may pass at once: each occurrence is recorded by one of them. One trigger that cannot be
 * decided on is told of and left, and one whose decision or release takes long is decided on beside the pass; neither
 * keeps another from its turn.
 *
 * Held in memory: `batch` triggers with a page of occurrences each, and those that are still being decided on.
 */
import { type TriggerId } from "@fibercast/domain/TriggerId"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as ZoneRules from "@fibercast/domain/ZoneRules"
import { Alerts } from "@fibercast/ports/Alerts"
import { LedgerUnavailable } from "@fibercast/ports/Ledger"
import { Signal } from "@fibercast/ports/Signal"
import { type Advance, TriggerStore } from "@fibercast/ports/TriggerStore"
import { type EndedRun } from "@fibercast/ports/Run"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { type Pulse } from "@fibercast/ports/Attendance"
import { Cause, Clock, Effect, Option, Result, type Scope } from "effect"
import * as Deliberation from "./Deliberation.ts"
import * as Recording from "./Recording.ts"
import * as RunEnds from "./RunEnds.ts"
import { type Scheduled } from "./Scheduled.ts"
import { type SchedulerSettings } from "./SchedulerConfig.ts"
import * as SchedulerReport from "./SchedulerReport.ts"
import * as TriggerDecision from "./TriggerDecision.ts"
import * as WaitingOccurrences from "./WaitingOccurrences.ts"

export interface Options<R> extends SchedulerReport.Listeners<R> {
  readonly environment: string
  readonly settings: SchedulerSettings
  readonly beat: Effect.Effect<Pulse, LedgerUnavailable>
  /** A run is over: its hooks. */
  readonly ended: (run: EndedRun) => void
  /** Whether the hooks of more runs may wait. */
  readonly hasRoom: () => boolean
  /** A decision that took long was taken: there may be more to do. */
  readonly wake: Effect.Effect<void>
}

/** A place in the order of due triggers. */
interface Place {
  readonly nextDue: number
  readonly triggerId: TriggerId
}

/** Decisions under way at once that wait for nothing but the store. */
const atOnce = 16

/** Rounds over what is due after which runs are followed in between. */
const stretch = 16

/** Rounds in which others decided on everything first, before it is left to the next pass. */
const patience = 5

type Decided = Deliberation.Decided<StoredTrigger, Advance | null>

/** How long a pass waits for decisions that wait for something, in milliseconds; those due later are looked at then. */
export const shortly = 100

/** Whether deciding on it means to ask the code, or somebody else. */
const takesTime = <R>({ definition }: StoredTrigger, scheduled: Scheduled<R> | null | undefined): boolean =>
  definition.target._tag === "Launch" || (scheduled?.conditions.length ?? 0) > 0

export interface SchedulerPass<R> {
  /** Says how long to wait, in milliseconds, for decisions that take long; the others are taken beside it. */
  readonly pass: (
    deliberate: number
  ) => Effect.Effect<SchedulerReport.PassReport, LedgerUnavailable, R | TriggerDecision.Needs | Alerts>
  /** Runs that are over are recorded as such, and what waited for them is released; what is due is left. */
  readonly follow: Effect.Effect<void, LedgerUnavailable, TriggerDecision.Needs | Alerts>
}

const notify = Effect.fnUntraced(function* (workspaces: Iterable<WorkspaceId>) {
  const signal = yield* Signal
  yield* Effect.forEach(workspaces, (workspaceId) => signal.notify(workspaceId), { discard: true })
})

/** To be made once for a scheduler: it remembers what it has told, and how far catching up has come. */
export const make = Effect.fnUntraced(function* <R>(
  options: Options<R>
): Effect.fn.Return<SchedulerPass<R>, never, Scope.Scope> {
  const { code, environment, settings } = options
  const deliberation = yield* Deliberation.make<TriggerId>()
  const releasing = yield* Deliberation.make<bigint>()
  const fingerprints = new Map<string, string>()
  const told = new Set<string>()
  let nextCatchUp = 0

  const rulesOf = (zone: string): string => {
    const known = fingerprints.get(zone)
    if (known !== undefined) return known
    if (fingerprints.size >= ZoneRules.maxZones) fingerprints.clear()
    const rules = ZoneRules.fingerprint(Result.getOrThrow(ZoneRules.make(zone)))
    fingerprints.set(zone, rules)
    return rules
  }

  const catchUpAt = (now: number): number => {
    const at = Math.max(now, nextCatchUp)
    nextCatchUp = at + 1000 / settings.catchUpRate
    return Math.round(at)
  }

  /** Says once that a trigger, as it stands, cannot run. */
  const refuse = Effect.fnUntraced(function* (
    { definition, id, revision, workspaceId }: StoredTrigger,
    reason: string
  ) {
    const key = `${id}/${revision}/${reason}`
    if (told.has(key)) return
    if (told.size >= 10_000) told.clear()
    told.add(key)
    yield* (yield* Alerts).raise({ _tag: "TriggerRefused", workspaceId, trigger: definition.trigger.name, reason })
  })

  /** Null: it is not for this process, or cannot be decided on. */
  const decide = (stored: StoredTrigger, now: number, pulse: Pulse) => {
    const scheduled = code.of(stored)
    if (scheduled === null) return Effect.succeed(null)
    return Effect.suspend(() =>
      TriggerDecision.decide(stored, {
        now,
        pulse,
        environment,
        page: settings.page,
        conditionTimeout: settings.conditionTimeout,
        scheduled,
        rules: rulesOf(stored.zone),
        catchUpAt: () => catchUpAt(now)
      })
    ).pipe(
      Effect.catchCause((cause) => {
        const error = Option.getOrNull(Cause.findErrorOption(cause))
        if (error instanceof LedgerUnavailable) return Effect.fail(error)
        if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause)
        return Effect.gen(function* () {
          yield* Effect.logError(`the trigger ${stored.definition.trigger.name} cannot be decided on`, cause)
          yield* refuse(stored, Cause.pretty(cause).split("\n")[0] ?? "it crashed")
          return null
        })
      })
    )
  }

  /** Also when the rest fails: what is written is not looked at again. */
  const reporting = <A, E, R2>(body: (report: SchedulerReport.SchedulerReport) => Effect.Effect<A, E, R2>) =>
    Effect.flatMap(SchedulerReport.make(options, refuse), (report) => Effect.ensuring(body(report), report.raiseMissed))

  const followed = Effect.fnUntraced(function* (report: SchedulerReport.SchedulerReport, patience: number) {
    yield* RunEnds.follow({
      app: code.app,
      hasRoom: options.hasRoom,
      told: (run) =>
        Effect.andThen(
          options.tell({ _tag: "Ended", run }),
          Effect.sync(() => options.ended(run))
        )
    })
    yield* WaitingOccurrences.release({
      code,
      deliberation: releasing,
      patience,
      late: Effect.andThen(report.raiseMissed, options.wake),
      told: ({ occurrence, recordedAt, trigger }) =>
        Effect.andThen(
          occurrence.work === null ? Effect.void : notify([trigger.workspaceId]),
          report.written(trigger, [occurrence], recordedAt)
        )
    })
  })

  const passed = Effect.fnUntraced(function* (report: SchedulerReport.SchedulerReport, deliberate: number) {
    const store = yield* TriggerStore

    /** Records what was decided. Another may have decided first: what is left then is looked at again. */
    const conclude = Effect.fnUntraced(function* (decided: ReadonlyArray<Decided>, now: number) {
      const advances = decided.flatMap(({ answer }) => (answer === null ? [] : [answer]))
      const { failure, refused, written } = yield* Recording.record(now, advances)
      const begun = new Set<WorkspaceId>()
      let isBehind = false
      for (const { answer: advance, item: stored } of decided) {
        const refusal = refused.get(stored.id)
        if (refusal !== undefined) yield* refuse(stored, `what becomes of it cannot be recorded: ${refusal}`)
        if (advance === null || refusal !== undefined) continue
        isBehind ||= !written.has(stored.id) || (advance.nextDue !== null && advance.nextDue <= now)
        if (!written.has(stored.id)) continue
        yield* report.written(stored, advance.occurrences, now)
        if (advance.occurrences.some(({ work }) => work !== null)) begun.add(stored.workspaceId)
      }
      yield* notify(begun)
      if (failure !== null) return yield* failure
      return { isBehind, recorded: written.size }
    })

    /** One page of what is due; answers where the next begins, and whether it left something due behind. */
    const turn = Effect.fnUntraced(function* (after: Place | null) {
      const now = yield* Clock.currentTimeMillis
      const [pulse, due] = yield* Effect.all(
        [options.beat, store.due({ app: code.app, now, after, limit: settings.batch })],
        { concurrency: 2 }
      )
      const open = due.filter(({ id }) => !deliberation.has(id))
      const slow = open.filter((stored) => takesTime(stored, code.of(stored)))
      const quick = open.filter((stored) => !slow.includes(stored))
      const decideNow = (stored: StoredTrigger) => decide(stored, now, pulse)
      const done = yield* conclude(
        yield* Effect.forEach(quick, (item) => Effect.map(decideNow(item), (answer) => ({ item, answer })), {
          concurrency: atOnce
        }),
        now
      )
      const late = (decided: Decided) =>
        Effect.andThen(conclude([decided], now), report.raiseMissed).pipe(
          Effect.catch((error) => Effect.logWarning(error.message)),
          Effect.andThen(options.wake)
        )
      const deliberated =
        slow.length === 0
          ? { isBehind: false, recorded: 0 }
          : yield* Effect.flatMap(
              deliberation.all(slow, { decide: decideNow, patience: deliberate, late }),
              (decided) => conclude(decided, now)
            )
      const last = due.length < settings.batch ? undefined : due.at(-1)
      const next: Place | null =
        last === undefined || last.nextDue === null ? null : { nextDue: last.nextDue, triggerId: last.id }
      return {
        next,
        isBehind: done.isBehind || deliberated.isBehind,
        recorded: done.recorded + deliberated.recorded
      }
    })

    let idle = 0
    let rounds = 0
    for (let isBehind = true; isBehind && idle < patience;) {
      if (++rounds % stretch === 0) yield* followed(report, shortly)
      isBehind = false
      let recorded = 0
      for (let after: Place | null | undefined; after !== null;) {
        const turned: Effect.Success<ReturnType<typeof turn>> = yield* turn(after ?? null)
        after = turned.next
        isBehind ||= turned.isBehind
        recorded += turned.recorded
      }
      idle = recorded > 0 ? 0 : idle + 1
    }
    yield* followed(report, deliberate)
    return report.counts
  })

  return {
    pass: (deliberate) => reporting((report) => passed(report, deliberate)),
    follow: reporting((report) => followed(report, shortly))
  }
})
