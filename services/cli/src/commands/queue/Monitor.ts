/**
 * `fibercast queue monitor`: the queues as they go, against targets; for people, for cron and for probes.
 */
import * as QueueHealth from "@fibercast/engine/QueueHealth"
import { Console, Duration, Effect, Option } from "effect"
import { Command, Flag, TerminalCapabilities } from "effect/cli"
import { Verdict } from "../../Ending.ts"
import { Hint } from "../../Hint.ts"
import * as Ink from "../../Ink.ts"
import * as Lookup from "../../Lookup.ts"
import * as NamedSamples from "../../NamedSamples.ts"
import * as QueueBoard from "../../QueueBoard.ts"
import * as SchedulerSettings from "../../SchedulerSettings.ts"
import { Screen } from "../../Screen.ts"
import { folder, json, period } from "../../SendFlags.ts"
import * as TerminalWidth from "../../TerminalWidth.ts"
import * as WorkspaceLookup from "../../WorkspaceLookup.ts"

/** Between two samples; where one takes long, four times as long as it took. Milliseconds. */
const interval = 2000

/** With `--once`: how many samples are taken before the one that counts. */
const steps = 10

const target = (name: string, usual: number, what: string) =>
  Flag.Int(name).pipe(
    Flag.filter(
      (most) => most >= 0,
      () => "Expected 0 or more"
    ),
    Flag.withDefault(usual),
    Flag.withMetavar("N"),
    Flag.withDescription(`${what} (default ${usual})`)
  )

interface Input {
  readonly workspace: Option.Option<string>
  readonly pipelines: boolean
  readonly once: boolean
  readonly over: Duration.Duration
  readonly maxSize: number
  readonly maxAge: Duration.Duration
  readonly maxFailed: number
  readonly maxGrowth: number
  readonly json: boolean
}

const watch = Effect.fnUntraced(function* (input: Input) {
  const { command } = yield* Hint
  const targets: QueueHealth.Targets = {
    size: input.maxSize,
    age: Duration.toMillis(input.maxAge),
    failed: input.maxFailed,
    growth: input.maxGrowth
  }
  const workspaceId = Option.isNone(input.workspace) ? null : (yield* WorkspaceLookup.find(input.workspace.value)).id
  const sample = yield* NamedSamples.make({ workspaceId, targets, byPipeline: input.pipelines })
  if (input.once) {
    const step = Duration.toMillis(input.over) / steps
    for (let taken = 0; taken < steps; taken++) yield* Effect.andThen(sample, Effect.sleep(step))
    const measured = yield* sample
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    const view = { targets, wide: yield* TerminalWidth.ofStdout, command }
    yield* Console.log(
      input.json
        ? JSON.stringify(QueueBoard.json(measured, command))
        : QueueBoard.lines(measured, view, canColor ? Ink.coloured : Ink.plain).join("\n")
    )
    if (measured.verdict !== "OK") return yield* new Verdict({ code: measured.verdict === "WARN" ? 1 : 2 })
    return
  }
  const screen = yield* Screen
  for (;;) {
    const measured = yield* sample
    if (input.json) yield* Console.log(JSON.stringify(QueueBoard.json(measured, command)))
    else {
      const wide = screen.live ? yield* screen.columns : null
      const shown = QueueBoard.lines(measured, { targets, wide, command }, screen.ink)
      yield* screen.live ? screen.draw(shown) : screen.say(...shown, "")
    }
    yield* Effect.sleep(Math.max(interval, measured.spent * 4))
  }
})

export const monitor = Command.make(
  "monitor",
  {
    workspace: Flag.String("workspace").pipe(
      Flag.optional,
      Flag.withMetavar("NAME"),
      Flag.withDescription("Only this workspace (default: all)")
    ),
    pipelines: Flag.Boolean("pipelines").pipe(
      Flag.withDefault(false),
      Flag.withDescription("A line for each pipeline")
    ),
    maxSize: target("max-size", QueueHealth.defaults.size, "Open work of a lane, at most"),
    maxAge: period("max-age").pipe(
      Flag.withDefault(Duration.millis(QueueHealth.defaults.age)),
      Flag.withDescription("How long the oldest may have been due (default 5min)")
    ),
    maxFailed: target("max-failed", QueueHealth.defaults.failed, "Failed or in doubt while it looked, at most"),
    maxGrowth: target("max-growth", QueueHealth.defaults.growth, "Growth a minute, at most"),
    once: Flag.Boolean("once").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Measure once, print it, and end with the verdict as exit code: 0 OK, 1 WARN, 2 CRITICAL")
    ),
    over: period("over").pipe(
      Flag.withDefault(Duration.seconds(10)),
      Flag.withDescription("With --once: how long to measure (default 10s)")
    ),
    folder,
    json: json("Print one JSON object for each sample, or with --once for the one; instants in UTC")
  },
  (input) =>
    watch(input).pipe(
      Effect.provide(SchedulerSettings.layer),
      Effect.provide(Lookup.layerWithNodes(input.folder)),
      Effect.provide(Hint.layer({ folder: input.folder, workspace: "default" })),
      Effect.provide(Screen.layer({ quiet: input.json || input.once }))
    )
).pipe(
  Command.withDescription(
    "How deep each lane of each workspace is, how long its oldest waits, what comes in, goes out and fails, and how it " +
      "grows, measured over the last minute, against targets. WARN: one is missed. CRITICAL: the size is ten times, the " +
      "age six times, what failed twenty times the target, it grows by ten a minute more than it may, or something that " +
      "`fibercast doctor` calls critical stands in the way. A queue that is nearly empty may breathe. What is temporary " +
      "and completes leaves no record: it is counted by what nodes say of it every two seconds."
  ),
  Command.withShortDescription("The queues as they go, against targets"),
  Command.withExamples([
    { command: "fibercast queue monitor" },
    { command: "fibercast queue monitor --once --over 10s --max-size 500 --max-age 10min" }
  ])
)
