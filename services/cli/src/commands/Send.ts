/**
 * `fibercast send`: one campaign from a CSV file, from the command to the report, in one process.
 */
import { type Rate } from "@fibercast/domain/Limits"
import * as WallTime from "@fibercast/domain/WallTime"
import { CampaignRefused } from "@fibercast/engine/CampaignLaunch"
import { defaults, EngineConfig } from "@fibercast/engine/EngineConfig"
import * as UndiciClient from "@fibercast/messengers/UndiciClient"
import * as Alerting from "@fibercast/node/Alerting"
import * as Audiences from "@fibercast/node/Audiences"
import * as Database from "@fibercast/node/Database"
import * as LocalNode from "@fibercast/node/LocalNode"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Config, Console, DateTime, Effect, Layer, Option, Result } from "effect"
import { Command } from "effect/cli"
import * as CampaignReport from "../CampaignReport.ts"
import * as DryRun from "../DryRun.ts"
import { Misused } from "../Ending.ts"
import { Hint } from "../Hint.ts"
import * as Provider from "../Provider.ts"
import { Screen } from "../Screen.ts"
import * as ScreenAlerts from "../ScreenAlerts.ts"
import * as SecondInterrupt from "@fibercast/node/SecondInterrupt"
import { flags } from "../SendFlags.ts"
import * as SendRequest from "../SendRequest.ts"
import * as SendRun from "../SendRun.ts"

const noZone = "--at needs --zone: say which clock shows that time, like --zone Asia/Jakarta."
const noTime = "--zone needs --at: say when it starts there, or leave both out to start now."

/** What is sent through Fonnte without a rate of one's own: WhatsApp bans numbers that send fast. */
const careful: Rate = { permits: 1, per: 1000 }

type Input = Command.Command.Config.Infer<typeof flags>

const requestOf = Effect.fnUntraced(function* (input: Input): Effect.fn.Return<SendRequest.SendRequest, Misused> {
  const at = Option.getOrUndefined(input.at)
  const zone = Option.getOrUndefined(input.zone)
  if ((at === undefined) !== (zone === undefined)) {
    return yield* new Misused({ message: at === undefined ? noTime : noZone })
  }
  if (at !== undefined && zone !== undefined) {
    const instant = WallTime.instant(at, zone)
    if (Result.isFailure(instant)) return yield* new Misused({ message: instant.failure.message })
  }
  return {
    audience: input.audience,
    to: input.to,
    template: input.template,
    provider: input.provider,
    url: Option.getOrUndefined(input.url),
    region: Option.getOrUndefined(input.region),
    rate: Option.getOrElse(input.rate, () => (input.provider === "log" ? undefined : careful)),
    at: at === undefined || zone === undefined ? undefined : { wallTime: at, zone },
    guarantee: input.guarantee,
    deadline: Option.getOrUndefined(input.deadline),
    name: Option.getOrUndefined(input.name),
    key: Option.getOrUndefined(input.key)
  }
})

/** The instant it starts, of a time already checked. One that has passed is refused. */
const startOf = Effect.fnUntraced(function* ({ at }: SendRequest.SendRequest) {
  const now = yield* Clock.currentTimeMillis
  if (at === undefined) return now
  const start = DateTime.toEpochMillis(yield* Effect.orDie(Effect.fromResult(WallTime.instant(at.wallTime, at.zone))))
  if (start >= now) return start
  return yield* new CampaignRefused({
    field: "at",
    reason: `${at.wallTime} in ${at.zone} has passed. Leave --at and --zone out to send now.`
  })
})

/** Deliveries held claimed for each send under way: what a crash can leave in doubt, or to be sent twice. */
const heldPerSend = 4

const engineConfig = (concurrency: Option.Option<number>) =>
  Layer.effect(
    EngineConfig,
    Effect.map(Config.Int("FIBERCAST_CONCURRENCY").pipe(Config.withDefault(defaults.concurrency)), (fallback) => {
      const atOnce = Option.getOrElse(concurrency, () => fallback)
      return { ...defaults, concurrency: atOnce, window: heldPerSend * atOnce }
    })
  )

/** A time that has passed is fine for a campaign that was launched before it had; without a database there is none. */
const refusePast = Effect.fnUntraced(function* (asked: SendRequest.SendRequest, folder: string) {
  const remote = yield* Config.option(Config.Redacted("DATABASE_URL"))
  if (Option.isSome(remote) || (yield* Database.isInFolder(folder))) return
  yield* startOf(asked)
})

/** A provider that is away for the moment only matters to what starts now. */
const checkProvider = Effect.fnUntraced(function* ({ at, provider, url }: SendRequest.SendRequest) {
  const screen = yield* Screen
  yield* Provider.check(provider, url).pipe(
    Effect.catchIf(
      ({ fatal }) => at !== undefined && !fatal,
      ({ message }) => screen.say(`For now, ${message}`)
    )
  )
})

/** What is refused is refused before an engine starts, which would go on with whatever else is under way. */
const refuseSecond = Effect.fnUntraced(function* (input: Input, asked: SendRequest.SendRequest) {
  const known = yield* (yield* WorkspaceStore).find(input.workspace)
  if (known !== null) yield* DryRun.find(asked, known.id, input.again)
})

const run = Effect.fnUntraced(function* (input: Input, asked: SendRequest.SendRequest) {
  const screen = yield* Screen
  const workspace = yield* SendRun.workspace(input.workspace, asked.at?.zone ?? "UTC")
  const key = yield* SendRequest.keyOf(asked)
  const launch = yield* SendRequest.launchOf(asked, { workspaceId: workspace.id, key })
  const started = yield* SendRun.start(launch, { again: input.again })
  yield* SendRun.announce(started)
  const { campaign } = started
  const ended = SendRun.endOf(campaign) ?? (yield* SendRun.follow(campaign, input.giveUpAfter))
  yield* SendRun.report(campaign, input.folder).pipe(
    Effect.flatMap((report) =>
      input.json ? Console.log(JSON.stringify(report)) : screen.say(...CampaignReport.lines(report, screen.ink))
    ),
    // A database that is away is what was given up for; that is told below.
    Effect.catchIf(
      (error) => error._tag === "LedgerUnavailable" && ended._tag === "GaveUp",
      () => Effect.void
    )
  )
  yield* SendRun.judge(ended)
})

const handle = Effect.fnUntraced(function* (input: Input) {
  const asked = yield* requestOf(input)
  const checked = yield* SendRequest.check(asked)
  if (input.dryRun) return yield* DryRun.run(asked, checked, startOf(asked), input)
  yield* SecondInterrupt.watch
  yield* refusePast(asked, input.folder)
  const engine = Effect.gen(function* () {
    yield* SendRequest.countRows(checked)
    yield* checkProvider(asked)
    const node = LocalNode.layer({ pipelines: [Provider.pipeline(asked.provider)] }).pipe(
      Layer.provide(Layer.provide(Alerting.layer, [ScreenAlerts.layer, UndiciClient.layer])),
      Layer.provide(engineConfig(input.concurrency))
    )
    yield* refuseSecond(input, asked).pipe(
      Effect.provide(Layer.merge(LocalNode.layerStores, Audiences.layer())),
      Effect.andThen(Effect.provide(run(input, asked), node)),
      Effect.provide(Database.layer({ folder: input.folder }))
    )
  })
  yield* engine.pipe(Effect.provide(Provider.layer(asked.provider, asked.url)))
}, Effect.scoped)

export const command = Command.make("send", flags, (input) =>
  handle(input).pipe(
    Effect.provide(Hint.layer(input)),
    Effect.provide(Screen.layerLogger.pipe(Layer.provideMerge(Screen.layer({ quiet: input.json }))))
  )
).pipe(
  Command.withDescription(
    "Send one message to everybody in a CSV file, now or at a wall time. Started again, the same command goes on " +
      "with its campaign, also after kill -9, and never sends twice by accident. The ledger is an embedded " +
      "Postgres in --folder, or DATABASE_URL. The token of Fonnte is read from FONNTE_TOKEN."
  ),
  Command.withShortDescription("Send a message to everybody in a CSV file"),
  Command.withExamples([
    {
      command:
        'fibercast send --audience contacts.csv --to phone --region ID --template "Halo {{ name }}" --provider log --dry-run'
    },
    {
      command:
        'FONNTE_TOKEN=… fibercast send --audience contacts.csv --to phone --region ID --template "Halo {{ name }}" --provider fonnte --rate 20/s --at "2026-12-01 09:00" --zone Asia/Jakarta'
    }
  ])
)
