/**
 * The health of scheduling: green or red, the schedulers there are, and the triggers that none of them looks after.
 */
import { type SchedulerHealth } from "@fibercast/engine/SchedulerHealth"
import { type SchedulerPass } from "@fibercast/ports/Attendance"
import * as ClockText from "./ClockText.ts"
import * as Figures from "./Figures.ts"
import { type Ink } from "./Ink.ts"
import * as Instant from "./Instant.ts"
import * as SchedulerNotice from "./SchedulerNotice.ts"
import * as Table from "./Table.ts"

const whole = (at: number): string => ClockText.utc(Math.floor(at / 1000) * 1000)

export const lines = (
  { status, unattended }: SchedulerHealth,
  schedulers: ReadonlyArray<SchedulerPass>,
  now: number,
  command: (words: string) => string,
  ink: Ink
): ReadonlyArray<string> => {
  const left = ["app", "since", "last pass", "scheduler"].map((title) => ({ title, align: "left" }) as const)
  const [title = "", ...rows] = Table.format(
    left,
    schedulers.map(({ app, passedAt, scheduler, startedAt }) => [
      app ?? "none",
      whole(startedAt),
      `${Figures.span(now - passedAt)} ago`,
      scheduler
    ])
  )
  return [
    status === "red"
      ? ink.red("red")
      : ink.green(
          schedulers.length > 0
            ? "green: every trigger is looked after"
            : "green: no trigger was left alone for too long"
        ),
    ...unattended.flatMap(({ app, passedAt, silentMillis, triggers }) => {
      const whose = app === null ? "defined at run time" : `of ${app}`
      const how = passedAt === null ? "since they were defined" : "since the last pass"
      return [
        `  Nobody looks after ${Figures.counted(triggers, "trigger")} ${whose}, for ${Figures.span(silentMillis)} ${how}.`,
        `  Start one: \`${SchedulerNotice.start(app, command)}\``
      ]
    }),
    "",
    ...(rows.length === 0 ? ["No scheduler is running."] : [ink.dim(title), ...rows])
  ]
}

/** As `--json` prints it; instants in ISO 8601, UTC. */
export const json = (health: SchedulerHealth, schedulers: ReadonlyArray<SchedulerPass>) => ({
  status: health.status,
  unattended: health.unattended.map(({ app, passedAt, silentMillis, triggers }) => ({
    app,
    triggers,
    passedAt: passedAt === null ? null : Instant.format(passedAt),
    silentMillis
  })),
  schedulers: schedulers.map(({ app, passedAt, scheduler, startedAt }) => ({
    scheduler,
    app,
    startedAt: Instant.format(startedAt),
    passedAt: Instant.format(passedAt)
  }))
})
