/**
 * What everybody who looks at triggers should know first: that nobody schedules them, or that maintenance mode is on.
 */
import { type Attendance, type Pulse, type SchedulerPass } from "@fibercast/ports/Attendance"
import * as Figures from "./Figures.ts"
import * as ClockText from "./ClockText.ts"
import * as Table from "./Table.ts"

/** Milliseconds since its last pass in which a scheduler counts as running. */
export const fresh = 15_000

export interface Standing {
  readonly schedulers: ReadonlyArray<SchedulerPass>
  readonly attendance: ReadonlyArray<Attendance>
  readonly maintenance: Pulse["maintenance"]
  readonly now: number
}

/** Whether a scheduler runs that looks after the triggers of this app; null: those defined at run time. */
export const isAttended = ({ now, schedulers }: Pick<Standing, "schedulers" | "now">, app: string | null): boolean =>
  schedulers.some((one) => now - one.passedAt <= fresh && (app === null || one.app === app))

/** What is known of the last one, after "No scheduler". */
const since = ({ passedAt, since }: Pick<Attendance, "passedAt" | "since">, now: number): string =>
  passedAt === null
    ? `has run since the triggers were defined, ${Figures.span(now - since)} ago`
    : `is running since ${ClockText.utc(Math.floor(passedAt / 1000) * 1000)} (${Figures.span(now - passedAt)})`

/** The command that starts one; `command` makes it fit to be pasted. */
export const start = (app: string | null, command: (words: string) => string): string =>
  command(`schedule work${app === null ? "" : " --app FILE"}`)

const startLine = (app: string | null, command: (words: string) => string) => `Start one: \`${start(app, command)}\``

const unattended = (standing: Standing, command: (words: string) => string): ReadonlyArray<string> => {
  const { attendance, now } = standing
  const alone = attendance.filter(({ app }) => !isAttended(standing, app))
  const [first] = alone
  if (first === undefined) return []
  if (!isAttended(standing, null)) {
    const app = alone.find((one) => one.app !== null)?.app ?? null
    return [`No scheduler ${since(latest(alone, first), now)}: nothing fires.`, startLine(app, command)]
  }
  return alone.flatMap((one) => [`No scheduler of ${one.app} ${since(one, now)}.`, startLine(one.app, command)])
}

/** Nothing when all is well. */
export const lines = (standing: Standing, command: (words: string) => string): ReadonlyArray<string> => {
  const { maintenance, now } = standing
  if (maintenance === null) return unattended(standing, command)
  const note = maintenance.note === null ? "" : ` (${Table.visible(maintenance.note)})`
  return [
    ...unattended(standing, command),
    `Maintenance mode is on for ${Figures.span(now - maintenance.since)}${note}: what is due is skipped.`,
    `End it: \`${command("schedule maintenance off")}\``
  ]
}

/** Whose last pass is the latest. */
const latest = (all: ReadonlyArray<Attendance>, first: Attendance): Attendance =>
  all.reduce((best, one) => ((one.passedAt ?? 0) > (best.passedAt ?? 0) ? one : best), first)
