/**
 * `fibercast schedule work`: the scheduler, for as long as it is let.
 */
import { Scheduler } from "@fibercast/engine/Scheduler"
import { type News } from "@fibercast/engine/SchedulerListener"
import { Database } from "@fibercast/node/Database"
import { Clock, Effect, Layer, Option } from "effect"
import { Command } from "effect/cli"
import * as AppFile from "@fibercast/node/AppFile"
import * as Figures from "../../Figures.ts"
import * as ScheduleFlags from "../../ScheduleFlags.ts"
import * as SchedulerNews from "../../SchedulerNews.ts"
import * as SchedulerNode from "../../SchedulerNode.ts"
import * as SchedulerReconciled from "../../SchedulerReconciled.ts"
import * as SchedulerStanding from "../../SchedulerStanding.ts"
import { Screen } from "../../Screen.ts"
import * as SecondInterrupt from "@fibercast/node/SecondInterrupt"
import { folder } from "../../SendFlags.ts"

const greet = Effect.fnUntraced(function* (app: string | null, environment: string) {
  const screen = yield* Screen
  const { place } = yield* Database
  const { reconciled } = yield* Scheduler
  // A database that goes away at this moment is waited for by the scheduler, and keeps nobody from starting.
  const standing = yield* Effect.option(SchedulerStanding.look())
  const attended = Option.match(standing, {
    onNone: () => [],
    onSome: ({ attendance }) => attendance.filter((one) => one.app === null || one.app === app)
  })
  const count = attended.reduce((sum, { triggers }) => sum + triggers, 0)
  const isMaintained = Option.exists(standing, ({ maintenance }) => maintenance !== null)
  const whose = app === null ? "what was defined at run time" : `the app ${app}, and what was defined at run time`
  yield* screen.say(
    screen.ink.bold(`Scheduling ${whose}: ${Figures.counted(count, "trigger")}, in ${environment}`),
    `on ${place}. Ctrl-C stops it.`,
    ...SchedulerReconciled.lines(reconciled)
  )
  if (isMaintained) yield* screen.say(screen.ink.yellow("Maintenance mode is on: what is due is skipped."))
  yield* screen.say("")
})

export const work = Command.make(
  "work",
  { app: ScheduleFlags.app, environment: ScheduleFlags.environment, folder },
  (input) =>
    Effect.gen(function* () {
      const { environment } = input
      const screen = yield* Screen
      yield* SecondInterrupt.watch
      const app = Option.isNone(input.app) ? null : yield* AppFile.load(input.app.value)
      const lines = SchedulerNews.make(screen.ink)
      const told = (news: News) => Effect.flatMap(Clock.currentTimeMillis, (now) => screen.say(...lines(news, now)))
      const node = SchedulerNode.layer({ app, environment, loop: true, folder: input.folder, told })
      yield* Effect.andThen(greet(app?.name ?? null, environment), Effect.never).pipe(
        Effect.onInterrupt(() => screen.say("", "Stopping: what is under way is finished or handed back.")),
        Effect.provide(node),
        Effect.onInterrupt(() =>
          screen.say("Stopped. What falls due meanwhile is caught up with as each trigger says.")
        )
      )
    }).pipe(Effect.scoped, Effect.provide(Screen.layerLogger.pipe(Layer.provideMerge(Screen.layer({ quiet: false })))))
).pipe(
  Command.withDescription(
    "Schedule until it is stopped: bring the triggers of an app into the store, fire what is due, work what it sets off, " +
      "and print a line for each outcome. Without --app it fires what was defined at run time. Any number with the same " +
      "app may run on one database, also on one folder: each occurrence is fired once. A workspace is worked by one " +
      "process at a time, which puts off what it lacks the code of: give apps workspaces of their own. SIGINT or SIGTERM stops it in good order."
  ),
  Command.withShortDescription("Run the scheduler"),
  Command.withExamples([
    { command: "fibercast schedule work --app services/examples/src/Cleaning.ts" },
    { command: "FIBERCAST_ENV=staging fibercast schedule work" }
  ])
)
