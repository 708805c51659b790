/**
 * `fibercast schedule run`: one pass over what is due, for a cron of the system.
 */
import { Scheduler } from "@fibercast/engine/Scheduler"
import { type News } from "@fibercast/engine/SchedulerListener"
import * as OccurrenceOutcome from "@fibercast/domain/OccurrenceOutcome"
import { type TriggerId } from "@fibercast/domain/TriggerId"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Clock, Effect, Layer, Option } from "effect"
import { Command } from "effect/cli"
import * as AppFile from "@fibercast/node/AppFile"
import * as Figures from "../../Figures.ts"
import * as ScheduleFlags from "../../ScheduleFlags.ts"
import * as SchedulerNews from "../../SchedulerNews.ts"
import * as SchedulerNode from "../../SchedulerNode.ts"
import * as SchedulerReconciled from "../../SchedulerReconciled.ts"
import { Screen } from "../../Screen.ts"
import * as SecondInterrupt from "@fibercast/node/SecondInterrupt"
import { folder } from "../../SendFlags.ts"

/** Milliseconds between two looks at runs under way. */
const look = 250

/** Pipelines that runs were left to, and for how many each. */
const leftLines = (left: ReadonlyMap<string, number>): ReadonlyArray<string> =>
  Array.from(
    left,
    ([pipeline, count]) => `${Figures.counted(count, "run")} left to whoever works ${pipeline}: nothing here does.`
  )

/** Of each outcome that was told, how many: `2 fired, 1 skipped`. */
const summary = (counts: ReadonlyMap<string, number>): string =>
  counts.size === 0
    ? "Nothing was due."
    : `${OccurrenceOutcome.Outcome.literals
        .flatMap((outcome) => {
          const count = counts.get(outcome) ?? 0
          return count === 0 ? [] : [`${Figures.amount(count)} ${outcome}`]
        })
        .join(", ")}.`

/** Waits until the runs are over, also if another scheduler is the one to record it. */
const settle = Effect.fnUntraced(function* (
  begun: Map<string, { readonly triggerId: TriggerId; readonly nominal: number }>
) {
  const scheduler = yield* Scheduler
  const store = yield* TriggerStore
  while (begun.size > 0) {
    yield* Effect.sleep(look)
    yield* scheduler.follow
    for (const [key, { nominal, triggerId }] of begun) {
      const [run] = yield* store.history({ triggerId, before: nominal + 1, limit: 1 })
      if (run === undefined || run.nominal !== nominal || run.state !== null) begun.delete(key)
    }
  }
})

export const run = Command.make(
  "run",
  { app: ScheduleFlags.app, environment: ScheduleFlags.environment, folder },
  (input) =>
    Effect.gen(function* () {
      const { environment } = input
      const screen = yield* Screen
      yield* SecondInterrupt.watch
      const app = Option.isNone(input.app) ? null : yield* AppFile.load(input.app.value)
      const lines = SchedulerNews.make(screen.ink)
      const counts = new Map<string, number>()
      const begun = new Map<string, { readonly triggerId: TriggerId; readonly nominal: number }>()
      const dispatched = new Map<string, string>()
      const told = (news: News) =>
        Effect.gen(function* () {
          if (news._tag === "Recorded") {
            const { definition, id: triggerId } = news.trigger
            for (const { nominal, outcome } of news.occurrences) {
              counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
              if (!OccurrenceOutcome.ran(outcome)) continue
              begun.set(`${triggerId}/${nominal}`, { triggerId, nominal })
              dispatched.set(`${triggerId}/${nominal}`, definition.target.pipeline)
            }
          }
          yield* screen.say(...lines(news, yield* Clock.currentTimeMillis))
        })
      const pass = Effect.gen(function* () {
        const scheduler = yield* Scheduler
        yield* screen.say(...SchedulerReconciled.lines(scheduler.reconciled))
        yield* scheduler.pass
        const left = new Map<string, number>()
        for (const [key, pipeline] of dispatched) {
          if (scheduler.pipelines.includes(pipeline)) continue
          begun.delete(key)
          left.set(pipeline, (left.get(pipeline) ?? 0) + 1)
        }
        yield* settle(begun)
        yield* screen.say(summary(counts), ...leftLines(left))
      })
      yield* Effect.provide(pass, SchedulerNode.layer({ app, environment, loop: false, folder: input.folder, told }))
    }).pipe(Effect.scoped, Effect.provide(Screen.layerLogger.pipe(Layer.provideMerge(Screen.layer({ quiet: false })))))
).pipe(
  Command.withDescription(
    "Look once: fire what is due now, print what became of it, wait until what was begun here is over, and exit. For a " +
      "cron of the system that calls it each minute; what it lets pass meanwhile is caught up with as each trigger " +
      "says. `fibercast schedule work` needs no such cron."
  ),
  Command.withShortDescription("Fire what is due now, and exit"),
  Command.withExamples([{ command: "fibercast schedule run --app services/examples/src/Cleaning.ts" }])
)
