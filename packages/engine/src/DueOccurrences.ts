/**
 * What of a trigger is due, and what becomes of it for its time alone: whether it is punctual, belongs to a pile-up, or
 * came after its deadline. Pure; conditions and overlap come after.
 */
import { type Cause, causeOf, pileUpEnd, type Situation } from "@fibercast/domain/Misfire"
import * as Occurrence from "@fibercast/domain/Occurrence"
import { type Outcome, type Reason } from "@fibercast/domain/OccurrenceOutcome"
import * as PileUp from "@fibercast/domain/PileUp"
import * as Planner from "@fibercast/domain/Planner"
import { type Trigger } from "@fibercast/domain/Trigger"
import { type Merging, type StoredTrigger } from "@fibercast/ports/StoredTrigger"

/** Left out for its time. */
export interface Dropped {
  readonly _tag: "Dropped"
  readonly nominal: number
  readonly dueAt: number
  readonly outcome: Extract<Outcome, "skipped" | "missed">
  readonly reason: Reason
}

/** To run, if nothing else keeps it from it. */
export interface Candidate {
  readonly _tag: "Candidate"
  readonly nominal: number
  readonly dueAt: number
  /** Why it is late; null: it is punctual. */
  readonly late: Cause | null
  readonly covers: Merging | null
}

export interface Due {
  /** In nominal order; at most a page. */
  readonly occurrences: ReadonlyArray<Dropped | Candidate>
  readonly nextCursor: number
  readonly nextDue: number | null
  readonly merging: Merging | null
}

/** The trigger as it is planned: in the zone it goes by. */
export const triggerOf = ({ definition, zone }: Pick<StoredTrigger, "definition" | "zone">): Trigger => ({
  ...definition.trigger,
  zone
})

export const spreadOf = ({ name, spread }: Trigger): number => (spread === 0 ? 0 : Occurrence.spread(spread, name))

/** When the first occurrence from `cursor` on is meant to run; null: there is none. */
export const nextDueFrom = (trigger: Trigger, cursor: number): number | null => {
  const next = Planner.next(trigger, cursor - 1)
  return next === null ? null : Occurrence.dueAt(next)
}

export const of = (stored: StoredTrigger, situation: Omit<Situation, "grace" | "pause">, page: number): Due => {
  const { cursor, definition, pause, paused } = stored
  const { now } = situation
  const trigger = triggerOf(stored)
  const spread = spreadOf(trigger)
  const whole: Situation = { ...situation, grace: definition.grace, pause }
  let merging = stored.merging

  const judges = new Map<Cause, (nominal: number) => PileUp.Fate>()
  const fateOf = (cause: Cause, nominal: number): PileUp.Fate => {
    const known = judges.get(cause)
    if (known !== undefined) return known(nominal)
    const end = pileUpEnd(whole, cause) - spread
    const except =
      cause === "paused" || pause === null ? null : { from: pause.since - spread, to: pause.until - spread }
    const judge = PileUp.judge(definition.misfires[cause], { trigger, from: cursor, end, except, now })
    judges.set(cause, judge)
    return judge(nominal)
  }

  const decide = (nominal: number): Dropped | Candidate => {
    const dueAt = nominal + spread
    const place = { nominal, dueAt }
    if (paused !== null && dueAt >= paused.since) {
      return { _tag: "Dropped", ...place, outcome: "skipped", reason: "paused" }
    }
    if (definition.deadline !== null && now - dueAt > definition.deadline) {
      return { _tag: "Dropped", ...place, outcome: "missed", reason: "deadline" }
    }
    const cause = causeOf(whole, dueAt)
    const fate = cause === null ? "run" : fateOf(cause, nominal)
    if (fate === "merge") {
      merging = { from: merging?.from ?? nominal, count: (merging?.count ?? 0) + 1 }
      return { _tag: "Dropped", ...place, outcome: "skipped", reason: "merged" }
    }
    if (fate === "drop" && cause !== null) {
      return { _tag: "Dropped", ...place, outcome: cause === "paused" ? "skipped" : "missed", reason: cause }
    }
    const covers = cause !== null && definition.misfires[cause]._tag === "Merged" ? merging : null
    if (covers !== null) merging = null
    return { _tag: "Candidate", ...place, late: cause, covers }
  }

  const occurrences: Array<Dropped | Candidate> = []
  let last: number | null = null
  for (const { nominal } of Planner.occurrences(trigger, cursor, now - spread + 1)) {
    if (occurrences.length === page) break
    occurrences.push(decide(nominal))
    last = nominal
  }
  const nextCursor = last === null ? cursor : last + 1
  return { occurrences, nextCursor, nextDue: nextDueFrom(trigger, nextCursor), merging }
}
