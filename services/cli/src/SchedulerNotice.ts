/**
 * What everybody who looks at triggers should know first: that nobody schedules them, or that maintenance mode is on.
 */
import { type Attendance, type Pulse, type SchedulerPass } from "@fibercast/ports/TriggerStore"
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

const since = ({ passedAt, since }: Pick<Attendance, "passedAt" | "since">, now: number): string =>
  passedAt === null
    ? `none has run since they were defined, ${Figures.span(now - since)} ago`
    : `the last one was seen ${Figures.span(now - passedAt)} ago, at ${ClockText.utc(Math.floor(passedAt / 1000) * 1000)}`

/** The command that starts one; `command` makes it fit to be pasted. */
export const start = (app: string | null, command: (words: string) => string): string =>
  command(`schedule work${app === null ? "" : " --app FILE"}`)

/** Nothing when all is well. */
export const lines = (standing: Standing, command: (words: string) => string): ReadonlyArray<string> => {
  const { attendance, maintenance, now } = standing
  const alone = attendance.filter(({ app }) => !isAttended(standing, app))
  const runs = standing.schedulers.some(({ passedAt }) => now - passedAt <= fresh)
  const [first] = alone
  const none =
    first === undefined
      ? []
      : runs || alone.length < attendance.length
        ? alone.map(
            (one) =>
              `No scheduler looks after the triggers of ${one.app ?? "no app"}; ${since(one, now)}. Start one: \`${start(one.app, command)}\``
          )
        : [
            `No scheduler is running, so no trigger fires; ${since(latest(alone, first), now)}. Start one: \`${start(
              alone.every(({ app }) => app === null) ? null : "",
              command
            )}\``
          ]
  const maintained =
    maintenance === null
      ? []
      : [
          `Maintenance mode is on for ${Figures.span(now - maintenance.since)}${
            maintenance.note === null ? "" : ` (${Table.visible(maintenance.note)})`
          }: what is due is skipped. It ends with \`${command("schedule maintenance off")}\``
        ]
  return [...none, ...maintained]
}

/** Whose last pass is the latest. */
const latest = (all: ReadonlyArray<Attendance>, first: Attendance): Attendance =>
  all.reduce((best, one) => ((one.passedAt ?? 0) > (best.passedAt ?? 0) ? one : best), first)
