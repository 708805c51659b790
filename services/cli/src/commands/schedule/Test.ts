/**
 * `fibercast schedule test`: one run of a trigger now, whatever its time and its conditions.
 */
import { Scheduler } from "@fibercast/engine/Scheduler"
import { Triggers } from "@fibercast/engine/Triggers"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { type RecordedOccurrence } from "@fibercast/ports/Run"
import { Clock, Console, Effect, Layer, Option, Schema } from "effect"
import { Command } from "effect/cli"
import * as AppFile from "@fibercast/node/AppFile"
import * as Figures from "../../Figures.ts"
import { Hint } from "../../Hint.ts"
import * as OccurrenceText from "../../OccurrenceText.ts"
import * as ScheduleFlags from "../../ScheduleFlags.ts"
import * as ScheduleHistory from "../../ScheduleHistory.ts"
import * as SchedulerNode from "../../SchedulerNode.ts"
import * as SchedulerNotice from "../../SchedulerNotice.ts"
import { Screen } from "../../Screen.ts"
import { folder, json } from "../../SendFlags.ts"
import * as TriggerLookup from "../../TriggerLookup.ts"

/** There is nobody to run it. */
export class NobodyRuns extends Schema.TaggedError<NobodyRuns>()("NobodyRuns", { message: Schema.String }) {}

/** It ran, and did not complete. */
export class TestFailed extends Schema.TaggedError<TestFailed>()("TestFailed", { message: Schema.String }) {}

/** Milliseconds between two looks, and after which it is told that it waits. */
const look = 200
const patience = 3000

const isOver = ({ outcome, state }: RecordedOccurrence): boolean =>
  state !== null || outcome === "skipped" || outcome === "missed"

/** Asks for the run, and waits until it is over. */
const carryOut = Effect.fnUntraced(function* (found: TriggerLookup.Found) {
  const { definition, id: triggerId } = found.trigger
  const { name } = definition.trigger
  const store = yield* TriggerStore
  const nominal = yield* (yield* Triggers).test(found.workspaceId, name)
  const begunAt = yield* Clock.currentTimeMillis
  yield* Console.error(`${name} runs now …`)
  let isTold = false
  for (;;) {
    const [run] = yield* store.history({ triggerId, before: nominal + 1, limit: 1 })
    if (run === undefined || run.nominal !== nominal) return yield* new NobodyRuns({ message: `${name} was removed.` })
    if (isOver(run)) return run
    const waited = (yield* Clock.currentTimeMillis) - begunAt
    if (run.outcome === "waiting" && waited > patience && !isTold) {
      isTold = true
      yield* Console.error("It waits: an earlier run is not over, or its scheduler does not come to it.")
    }
    yield* Effect.sleep(look)
  }
})

const told = Effect.fnUntraced(function* (name: string, run: RecordedOccurrence, asJson: boolean) {
  if (asJson) yield* Console.log(JSON.stringify(ScheduleHistory.json(run)))
  else if (run.output !== null) yield* Console.log(run.output)
  const span = ScheduleHistory.took(run)
  const took = span === null ? "" : ` in ${Figures.brief(span)}`
  const end = run.state ?? run.outcome
  if (run.state === "completed") return yield* Console.error(`${OccurrenceText.mark(run)} ${end}${took}`)
  const why = run.failure ?? run.detail
  return yield* new TestFailed({ message: `${name}: ${end}${took}${why === null ? "" : `: ${why}`}` })
})

const there = Effect.fnUntraced(function* (workspace: Option.Option<string>, name: string) {
  const hint = yield* Hint
  const found = yield* TriggerLookup.find(workspace, name)
  const { app } = found.trigger
  const schedulers = yield* (yield* TriggerStore).schedulers
  if (!SchedulerNotice.isAttended({ schedulers, now: yield* Clock.currentTimeMillis }, app)) {
    const whose = app === null ? "" : ` of ${app}`
    const start = `Start one in another terminal: \`${SchedulerNotice.start(app, hint.command)}\``
    const here = `run it in this process: \`${hint.command(`schedule test ${name} --app FILE`)}\``
    return yield* new NobodyRuns({
      message: `No scheduler${whose} is running, so nobody would run ${name}. ${start}${app === null ? "" : `, or ${here}`}.`
    })
  }
  return yield* carryOut(found)
})

export const test = Command.make(
  "test",
  {
    name: ScheduleFlags.name,
    workspace: ScheduleFlags.workspace,
    app: ScheduleFlags.app,
    environment: ScheduleFlags.environment,
    folder,
    json: json("Print one JSON object: the run, with its output")
  },
  Effect.fnUntraced(
    function* ({ app: file, environment, folder, json, name, workspace }) {
      if (Option.isNone(file)) {
        const run = yield* Effect.provide(there(workspace, name), TriggerLookup.layer(folder))
        return yield* told(name, run, json)
      }
      const app = yield* AppFile.load(file.value)
      const node = SchedulerNode.layer({ app, environment, loop: true, folder, told: () => Effect.void })
      const run = yield* Effect.gen(function* () {
        const found = yield* TriggerLookup.find(workspace, name)
        const { wake } = yield* Scheduler
        return yield* Effect.raceFirst(
          carryOut(found),
          Effect.andThen(Effect.forever(Effect.andThen(wake, Effect.sleep(look))), Effect.never)
        )
      }).pipe(Effect.provide(node))
      yield* told(name, run, json)
    },
    (run, { folder }) =>
      run.pipe(
        Effect.scoped,
        Effect.provide(Hint.layer({ folder, workspace: "default" })),
        Effect.provide(Screen.layerLogger.pipe(Layer.provideMerge(Screen.layer({ quiet: true }))))
      )
  )
).pipe(
  Command.withDescription(
    "Run a trigger once now, whatever its time, its conditions and its environment, and print its output. A running " +
      "scheduler does it; with --app this process does, and whatever else of that app is due meanwhile."
  ),
  Command.withShortDescription("Run a trigger now"),
  Command.withExamples([
    { command: "fibercast schedule test heartbeat" },
    { command: "fibercast schedule test heartbeat --app services/examples/src/Cleaning.ts" }
  ])
)
