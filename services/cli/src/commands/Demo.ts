/**
 * `fibercast demo`: a campaign to 5,000 recipients on an embedded Postgres and a simulated provider that misbehaves, from
 * the schedule to a report that holds the ledger against what the provider knows. Nothing leaves this machine.
 */
import { type CsvRow } from "@fibercast/content/CsvAudience"
import * as PhoneNumber from "@fibercast/content/PhoneNumber"
import { type Campaign, isOver } from "@fibercast/domain/Campaign"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { Fonnte } from "@fibercast/messengers/Fonnte"
import { Campaigns } from "@fibercast/engine/Campaigns"
import * as UndiciClient from "@fibercast/messengers/UndiciClient"
import * as Database from "@fibercast/node/Database"
import * as LocalNode from "@fibercast/node/LocalNode"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { FonnteSimulator } from "@fibercast/simulator/Fonnte"
import { Clock, Console, Duration, Effect, Fiber, Layer, Path, Redacted, Result, Schema, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { fileURLToPath } from "node:url"
import * as CsvFile from "../CsvFile.ts"
import * as DemoReport from "../DemoReport.ts"
import * as DemoScript from "../DemoScript.ts"
import { Hint } from "../Hint.ts"
import * as NotSent from "../NotSent.ts"
import * as ProgressView from "../ProgressView.ts"
import * as Provider from "../Provider.ts"
import * as ProviderTruth from "../ProviderTruth.ts"
import { Screen } from "../Screen.ts"
import * as ScreenAlerts from "../ScreenAlerts.ts"
import * as SecondInterrupt from "@fibercast/node/SecondInterrupt"
import { json } from "../SendFlags.ts"
import * as SendRun from "../SendRun.ts"
import * as Watch from "../Watch.ts"

/** Ledger and provider disagree, or the campaign did not end. */
export class DemoFailed extends Schema.TaggedError<DemoFailed>()("DemoFailed", {}) {
  override get message(): string {
    return "The demo failed: see the marks in its report."
  }
}

const contacts = fileURLToPath(new URL("../../demo/contacts.csv", import.meta.url))
const column = "phone"
const region = "ID"
const zone = "Asia/Jakarta"
const template =
  "Halo {{ name }}, tagihan sekolah {{ child }} (kelas {{ class }}) bulan ini Rp {{ due }}. Terima kasih!"
/** Milliseconds ahead for which the campaign is scheduled; whole seconds are added to the next one. */
const ahead = 3000

const messenger = Layer.unwrap(
  Effect.map(FonnteSimulator, ({ token, url }) =>
    Layer.effect(Provider.ChosenMessenger, Fonnte).pipe(
      Layer.provide(Fonnte.layer({ token: Redacted.make(token), url, timeout: "10 seconds" })),
      Layer.provide(UndiciClient.layer)
    )
  )
)

/** What an earlier demo left unfinished is cancelled: this one's provider knows nothing of it. */
const cancelEarlier = Effect.gen(function* () {
  const store = yield* CampaignStore
  const workspace = yield* (yield* WorkspaceStore).ensure({ name: "demo", zone, limits: {} })
  const now = yield* Clock.currentTimeMillis
  for (const { id, status } of yield* store.active(workspace.id)) {
    if (isOver(status)) continue
    const from = ["scheduled", "running", "paused"] as const
    const note = "another demo began"
    yield* store.transition({ workspaceId: workspace.id, campaignId: id, from, to: "cancelled", note, now })
  }
  return workspace.id
}).pipe(Effect.provide(LocalNode.layerStores))

const launch = Effect.fnUntraced(function* (workspaceId: Campaign["workspaceId"]) {
  const now = yield* Clock.currentTimeMillis
  const dueAt = (Math.floor(now / 1000) + 1) * 1000 + ahead
  const wallTime = ProgressView.wallTime(dueAt, zone).slice(0, 19)
  const { campaign } = yield* (yield* Campaigns).launch({
    workspaceId,
    name: "School fees",
    key: `demo ${now}`,
    pipeline: Provider.pipelineName("fonnte"),
    template,
    audience: { _tag: "Csv", path: contacts },
    addressColumn: column,
    region,
    guarantee: "at-most-once",
    rate: { permits: 200, per: 1000 },
    at: { wallTime, zone }
  })
  return campaign
})

const digits = (address: string): string => address.replace(/^\+/u, "")

const numberOf = (row: CsvRow): string | undefined => {
  if (row._tag === "Bad") return undefined
  const number = PhoneNumber.parse(row.columns[column] ?? "", region)
  return Result.isSuccess(number) ? digits(number.success.e164) : undefined
}

/** Recipient by recipient: who is in the file, what the ledger says of them, what the provider accepted. */
const truth = Effect.fnUntraced(function* (campaign: Campaign) {
  const csv = yield* CsvFile.open(contacts)
  const notSent = new Map<string, FinalState>()
  const skipped = new Set<number>()
  yield* Stream.runForEach(NotSent.rows(campaign.id), ({ input, row, state }) =>
    Effect.sync(() => (state === "skipped" ? skipped.add(row) : notSent.set(digits(input), state)))
  )
  const recipients = new Set<string>()
  yield* Stream.runForEach(csv.rows, (row) =>
    Effect.sync(() => {
      const number = skipped.has(row.row) ? undefined : numberOf(row)
      if (number !== undefined) recipients.add(number)
    })
  )
  const accepted = yield* (yield* FonnteSimulator).accepted
  return ProviderTruth.compare({ recipients, notSent, accepted })
})

const run = Effect.fnUntraced(function* (workspaceId: Campaign["workspaceId"], folder: string, asJson: boolean) {
  const screen = yield* Screen
  const path = yield* Path.Path
  const hint = yield* Hint
  const simulator = yield* FonnteSimulator
  yield* simulator.script(DemoScript.faults)
  const campaign = yield* launch(workspaceId)
  const scheduledFor = ProgressView.wallTime(campaign.spec.dueAt, zone)
  yield* screen.say(
    `5,000 recipients, at most 200 a second and once each, from ${scheduledFor} on.`,
    `The provider is a simulator on this machine (${simulator.url}) that goes wrong now and then.`
  )
  const script = yield* Effect.forkChild(DemoScript.play(campaign))
  const watched = { workspaceId, campaignId: campaign.id, giveUpAfter: Duration.minutes(1) }
  const ended = yield* Watch.run(watched).pipe(Effect.onInterrupt(() => screen.say("The demo was interrupted.")))
  yield* SendRun.judge(ended)
  const played = yield* Fiber.join(script)
  const figures = {
    ...(yield* SendRun.report(campaign, folder)),
    ...played,
    provider: yield* truth(campaign),
    late: (ended.campaign.startedAt ?? 0) - campaign.spec.dueAt,
    scheduledFor
  }
  const report: DemoReport.DemoReport = { ...figures, ok: DemoReport.isOk(figures) }
  if (asJson) yield* Console.log(JSON.stringify(report))
  else {
    yield* screen.say(
      "",
      ...DemoReport.lines(report, screen.ink),
      "",
      screen.ink.bold("Try next"),
      "",
      ...DemoReport.next(hint.program, hint.command, campaign.id, path.relative("", contacts)).map(
        (command) => `  ${command}`
      )
    )
  }
  if (!report.ok) return yield* new DemoFailed()
})

const handle = Effect.fnUntraced(function* ({
  folder,
  json: asJson
}: {
  readonly folder: string
  readonly json: boolean
}) {
  yield* SecondInterrupt.watch
  const screen = yield* Screen
  yield* screen.say(`Starting Postgres in ${folder} …`)
  yield* Effect.gen(function* () {
    const workspaceId = yield* cancelEarlier
    const node = LocalNode.layer({ pipelines: [Provider.pipeline("fonnte")] }).pipe(
      Layer.provide(ScreenAlerts.layer),
      Layer.provide(messenger),
      Layer.provideMerge(FonnteSimulator.layer())
    )
    yield* run(workspaceId, folder, asJson).pipe(Effect.provide(node))
  }).pipe(Effect.provide(Database.layerEmbedded(folder)))
}, Effect.scoped)

const flags = {
  folder: Flag.String("folder").pipe(
    Flag.withDefault(".fibercast/demo"),
    Flag.withMetavar("FOLDER"),
    Flag.withDescription("Where the embedded database and the reports are")
  ),
  json: json("Print the report as one JSON object, the last line of stdout")
}

export const command = Command.make("demo", flags, (input) =>
  handle(input).pipe(
    Effect.provide(Hint.layer({ folder: input.folder, workspace: "demo" })),
    Effect.provide(Screen.layerLogger.pipe(Layer.provideMerge(Screen.layer({ quiet: input.json }))))
  )
).pipe(
  Command.withDescription(
    "Send a scheduled campaign to 5,000 recipients through a simulated provider that answers late, wrongly or not at " +
      "all, with an outage and a pause on the way, and hold the ledger against what the provider really accepted. " +
      "It takes less than a minute, needs nothing, and nothing leaves this machine."
  ),
  Command.withShortDescription("Watch a campaign survive a misbehaving provider, in under a minute")
)
