/**
 * Why a trigger fires when it does: what it is, what keeps it from firing, its next time, and what became of the last.
 */
import * as TriggerText from "@fibercast/domain/TriggerText"
import { type RecordedOccurrence } from "@fibercast/ports/Run"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import * as ClockText from "./ClockText.ts"
import * as Figures from "./Figures.ts"
import { type Ink } from "./Ink.ts"
import * as Instant from "./Instant.ts"
import * as ScheduleHistory from "./ScheduleHistory.ts"
import * as ScheduleList from "./ScheduleList.ts"
import * as SchedulerNotice from "./SchedulerNotice.ts"

export interface Explained {
  readonly workspace: string
  readonly trigger: StoredTrigger
  /** The newest first. */
  readonly newest: ReadonlyArray<RecordedOccurrence>
  readonly standing: SchedulerNotice.Standing
  readonly environment: string
  readonly command: (words: string) => string
  /** Of the terminal; null: there is none. */
  readonly columns: number | null
}

/** What keeps it from firing, in the order in which a scheduler decides. */
const obstacles = ({ environment, newest, standing, trigger, workspace }: Explained): ReadonlyArray<string> => {
  const { maintenance, now } = standing
  const isAttended = (app: string | null) => SchedulerNotice.isAttended(standing, app)
  const view = { now, environment, isAttended, zone: null, byNext: false, counts: false, columns: null }
  const state = ScheduleList.stateOf({ workspace, trigger, last: newest[0] ?? null, tallies: [] }, view)
  return [
    ...(isAttended(null) ? [] : ["no scheduler is running"]),
    ...(maintenance === null
      ? []
      : [
          `maintenance since ${Figures.span(now - maintenance.since)}${maintenance.note === null ? "" : `: ${maintenance.note}`}`
        ]),
    ...(state === "" ? [] : state.split("; "))
  ]
}

export const lines = (explained: Explained, ink: Ink): ReadonlyArray<string> => {
  const { columns, command, newest, standing, trigger, workspace } = explained
  const { name } = trigger.definition.trigger
  const { now } = standing
  const next = ScheduleList.nextOf(trigger, now)
  const inTheWay = obstacles(explained)
  return [
    `${ink.bold(name)} of ${workspace}: ${TriggerText.describe(trigger.definition.trigger)} → ${ScheduleList.targetOf(trigger)}`,
    next === null
      ? "It does not fire again."
      : `It fires next at ${ClockText.toTheSecond(next, trigger.zone)} (${trigger.zone}), in ${Figures.span(next - now)}.`,
    `Every time before ${ClockText.toTheSecond(trigger.cursor, trigger.zone)} has been decided on.`,
    "",
    ...(inTheWay.length === 0
      ? ["Nothing keeps it from firing."]
      : ["What keeps it from firing:", ...inTheWay.map((text) => `  ${ink.yellow("▸")} ${text}`)]),
    "",
    ...(newest.length === 0
      ? ["Nothing is recorded of it yet."]
      : [...ScheduleHistory.lines(newest, trigger.zone, columns, ink), ink.dim(command(`schedule history ${name}`))])
  ]
}

/** As `--json` prints it; instants in ISO 8601, UTC. */
export const json = (explained: Explained) => {
  const { newest, standing, trigger, workspace } = explained
  const next = ScheduleList.nextOf(trigger, standing.now)
  return {
    workspace,
    name: trigger.definition.trigger.name,
    fires: TriggerText.describe(trigger.definition.trigger),
    zone: trigger.zone,
    next: next === null ? null : Instant.format(next),
    decidedUntil: Instant.format(trigger.cursor),
    obstacles: obstacles(explained),
    occurrences: newest.map(ScheduleHistory.json)
  }
}
