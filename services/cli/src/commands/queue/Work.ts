/**
 * `fibercast queue work`: works what is due in this process, for as long as it is let.
 *
 * | exit code | when |
 * |---|---|
 * | 0 | it ended by its own terms, or an operator drained it |
 * | 1 | it could not start, or not go on |
 * | 2 | the command line cannot be understood |
 * | 12 | it was larger than `--memory`, and drained |
 * | 130 | it was stopped by SIGINT or SIGTERM, and drained; 130 or 143 when a second one ended it at once |
 */
import * as Lane from "@fibercast/domain/Lane"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as Allowance from "@fibercast/engine/Allowance"
import { type News } from "@fibercast/engine/DeliveryListener"
import * as EngineConfig from "@fibercast/engine/EngineConfig"
import * as UndiciClient from "@fibercast/messengers/UndiciClient"
import * as App from "@fibercast/node/App"
import * as AppFile from "@fibercast/node/AppFile"
import * as Database from "@fibercast/node/Database"
import * as HttpPing from "@fibercast/node/HttpPing"
import * as LocalNode from "@fibercast/node/LocalNode"
import * as NodeConfig from "@fibercast/node/NodeConfig"
import { type Drained } from "@fibercast/node/OpenRoles"
import * as SecondInterrupt from "@fibercast/node/SecondInterrupt"
import * as SqlNodeRegistry from "@fibercast/postgres/SqlNodeRegistry"
import { Clock, Config, Duration, Effect, Layer, Option, Stdio, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { GrownTooLarge } from "../../Ending.ts"
import * as Figures from "../../Figures.ts"
import * as QueueFlags from "../../QueueFlags.ts"
import * as QueueListener from "../../QueueListener.ts"
import * as QueueNews from "../../QueueNews.ts"
import * as QueueNode from "../../QueueNode.ts"
import * as QueueReport from "../../QueueReport.ts"
import { Screen } from "../../Screen.ts"
import * as ScreenAlerts from "../../ScreenAlerts.ts"
import { folder, json } from "../../SendFlags.ts"
import * as StandardOutput from "../../StandardOutput.ts"
import * as WorkspaceLookup from "../../WorkspaceLookup.ts"

const megabyte = 1024 * 1024

const flags = {
  app: Flag.String("app").pipe(
    Flag.optional,
    Flag.withMetavar("FILE"),
    Flag.withDescription(
      "A module whose default export is an app: its pipelines, and the code of its triggers, run here"
    )
  ),
  once: Flag.Boolean("once").pipe(Flag.withDefault(false), Flag.withDescription("Begin one delivery, and end")),
  stopWhenEmpty: Flag.Boolean("stop-when-empty").pipe(
    Flag.withDefault(false),
    Flag.withDescription("End when nothing is due that could be done here")
  ),
  maxJobs: QueueFlags.count("max-jobs", 1_000_000_000).pipe(
    Flag.withDescription("Begin so many deliveries, never one more, and end")
  ),
  maxTime: QueueFlags.pause("max-time").pipe(
    Flag.optional,
    Flag.withDescription("Begin nothing more after so long, and end: 1h")
  ),
  memory: QueueFlags.count("memory", 1_000_000).pipe(
    Flag.withMetavar("MB"),
    Flag.withDescription("End when the process holds more memory than this, in MB")
  ),
  lanes: QueueFlags.lanes.pipe(
    Flag.withDescription("Only these lanes: urgent, high, normal, bulk. A workspace is worked by one process at a time")
  ),
  workspace: Flag.String("workspace").pipe(
    Flag.optional,
    Flag.withMetavar("NAME"),
    Flag.withDescription("Only this workspace (default all)")
  ),
  timeout: QueueFlags.pause("timeout").pipe(
    Flag.optional,
    Flag.withDescription("How long a try may take, instead of what pipelines say: 30s")
  ),
  tries: QueueFlags.count("tries", 1_000_000).pipe(
    Flag.withDescription("How often a delivery is tried, instead of what pipelines say")
  ),
  backoff: QueueFlags.backoff.pipe(
    Flag.withDescription("Seconds before each retry, instead of what pipelines say: 10,30,60; the last repeats")
  ),
  rest: QueueFlags.pause("rest").pipe(Flag.optional, Flag.withDescription("Between two starts, at least: 100ms")),
  concurrency: QueueFlags.count("concurrency", 10_000).pipe(
    Flag.withDescription("Under way at once, for each workspace (default FIBERCAST_CONCURRENCY, or 100)")
  ),
  quiet: Flag.Boolean("quiet").pipe(Flag.withDefault(false), Flag.withDescription("Print no line for each delivery")),
  folder,
  json: json("Print one JSON object a line: for each end of a delivery, and a summary at last")
}

type Input = Command.Command.Config.Infer<typeof flags>

/** What runs when no app is given: the broadcasts of the command line. */
const none = App.make({ name: "queue", layer: Layer.empty })

const settingsOf = Effect.fnUntraced(function* (input: Input, workspace: WorkspaceId | null) {
  const { defaults } = EngineConfig
  const usual = yield* Config.Int("FIBERCAST_CONCURRENCY").pipe(Config.withDefault(defaults.concurrency))
  const concurrency = Option.getOrElse(input.concurrency, () => usual)
  const window = Math.max(defaults.window, concurrency)
  const settings: EngineConfig.EngineSettings = {
    ...defaults,
    workspace,
    concurrency,
    window,
    lanes: Option.getOrElse(input.lanes, () => Lane.lanes)
  }
  return settings
})

const millisOf = (period: Option.Option<Duration.Duration>): number | null =>
  Option.getOrNull(Option.map(period, Duration.toMillis))

/** What it will do, and until when. */
const greeting = (input: Input, app: App.App, file: string | null, place: string): ReadonlyArray<string> => {
  const what = file === null ? "the broadcasts of the command line" : `the app ${app.name}`
  const lanes = Option.match(input.lanes, { onNone: () => "", onSome: (some) => ` in ${some.join(", ")}` })
  const whose = Option.match(input.workspace, { onNone: () => "", onSome: (name) => ` of ${name}` })
  const until = [
    ...(input.once ? ["one delivery is done"] : []),
    ...Option.match(input.maxJobs, { onNone: () => [], onSome: (most) => [`${Figures.amount(most)} are done`] }),
    ...(input.stopWhenEmpty ? ["nothing is due"] : []),
    ...Option.match(input.maxTime, {
      onNone: () => [],
      onSome: (time) => [`${Figures.brief(Duration.toMillis(time))} have passed`]
    })
  ]
  return [
    `Working ${what}${lanes}${whose}`,
    `on ${place}${until.length === 0 ? "" : `, until ${until.join(" or ")}`}. Ctrl-C stops it.`,
    ""
  ]
}

const ending = "Ended at once. What was under way is looked after once its lease has ended."

const carryOut = Effect.fnUntraced(function* (input: Input) {
  const screen = yield* Screen
  yield* SecondInterrupt.watching({ signals: ["SIGINT", "SIGTERM"], words: ending })
  const file = Option.getOrNull(input.app)
  const app = file === null ? none : yield* AppFile.load(file)
  const { place } = yield* Database.Database
  const workspace = Option.isNone(input.workspace)
    ? null
    : (yield* Effect.provide(WorkspaceLookup.find(input.workspace.value), LocalNode.layerStores)).id
  const settings = yield* settingsOf(input, workspace)
  const { settings: node } = yield* NodeConfig.read({})

  const stdio = yield* Stdio.Stdio
  const print = (text: string) =>
    StandardOutput.print(Stream.succeed(text)).pipe(Effect.ignore, Effect.provideService(Stdio.Stdio, stdio))
  const write = (news: ReadonlyArray<News>) => {
    if (!input.json) return screen.say(...news.map((one) => QueueNews.line(one, screen.ink)))
    const text = news.map((one) => (one._tag === "Ended" ? `${JSON.stringify(QueueNews.json(one))}\n` : "")).join("")
    return print(text)
  }
  const listener = yield* QueueListener.make((news) => (input.quiet ? Effect.void : write(news)))
  const most = Math.min(
    input.once ? 1 : Infinity,
    Option.getOrElse(input.maxJobs, () => Infinity)
  )
  const rest = millisOf(input.rest) ?? 0
  const allowance = yield* Allowance.make({ deliveries: most, rest })
  const began = yield* Clock.currentTimeMillis
  const maxTime = millisOf(input.maxTime)
  const memory = Option.getOrNull(input.memory)
  const used = Effect.sync(() => process.memoryUsage.rss())
  if (!input.json)
    yield* screen.say(...greeting(input, app, file, place).map((line, at) => (at === 0 ? screen.ink.bold(line) : line)))

  const run = Effect.gen(function* () {
    const working = yield* QueueNode.make({
      app,
      name: node.name,
      release: node.release,
      settings,
      allowance,
      listener,
      overrides: {
        timeout: millisOf(input.timeout) ?? undefined,
        tries: Option.getOrUndefined(input.tries),
        backoff: Option.getOrUndefined(input.backoff)
      },
      terms: {
        whenEmpty: input.stopWhenEmpty,
        until: maxTime === null ? null : began + maxTime,
        memory: memory === null ? null : { most: memory * megabyte, used }
      }
    })
    return { drained: working.drained, ended: yield* working.over }
  })
  /** Said once it has drained, however it ended. */
  const summary = Effect.fnUntraced(function* (ended: QueueReport.Ended, drained: Drained | null) {
    yield* listener.flush
    const millis = (yield* Clock.currentTimeMillis) - began
    const { cut, returned } = drained ?? { cut: 0, returned: 0 }
    const report: QueueReport.Report = { ended, counts: listener.counts, millis, returned, cut }
    if (!input.json)
      return yield* screen.say(...(input.quiet || listener.isSilent() ? [] : [""]), QueueReport.line(report))
    const text = `${JSON.stringify(QueueReport.json(report))}\n`
    yield* print(text)
  })
  const { drained, ended } = yield* run.pipe(
    Effect.onInterrupt(() => screen.say("", "Stopping: what is under way may end, the rest is given back.")),
    Effect.scoped,
    Effect.onInterrupt(() => summary("interrupted", null))
  )
  yield* summary(ended, yield* drained)
  if (ended === "memory") return yield* new GrownTooLarge({ megabytes: memory ?? 0 })
}, Effect.scoped)

/** Closed before the screen is, which it writes on. */
const machine = (input: Input) =>
  Layer.mergeAll(ScreenAlerts.layer, HttpPing.layer, SqlNodeRegistry.layer).pipe(
    Layer.provideMerge(UndiciClient.layer),
    Layer.provideMerge(Database.layerShared({ folder: input.folder })),
    Layer.provideMerge(Screen.layerLogger)
  )

export const work = Command.make("work", flags, (input) =>
  carryOut(input).pipe(Effect.provide(machine(input)), Effect.provide(Screen.layer({ quiet: input.json })))
).pipe(
  Command.withDescription(
    "Work what is due, background jobs and campaigns, in this process: on DATABASE_URL, or on the embedded database of the " +
      "folder, which several may share. It runs the pipelines of an app and does not schedule. A workspace is worked by one process " +
      "at a time, so processes with different lanes cannot share one; senders can. Exit codes: 0 it ended by its own terms or was " +
      "drained by an operator, 1 it could not go on, 12 it was larger than --memory, 130 it was stopped. SIGINT or SIGTERM stops it " +
      "in good order, a second one at once."
  ),
  Command.withShortDescription("Work what is due"),
  Command.withExamples([
    { command: "fibercast queue work --app ./app.ts" },
    { command: "fibercast queue work --app ./app.ts --lanes urgent,high --max-jobs 1000 --max-time 1h --memory 512" },
    { command: "fibercast queue work --app ./app.ts --stop-when-empty --json" }
  ])
)
