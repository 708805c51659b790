/**
 * A database with two workspaces: `school`, in Jakarta's zone, of which some failed, and `shop`; and the program on it.
 */
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as LocalNode from "@fibercast/node/LocalNode"
import { Clock, Effect, Layer, Schema } from "effect"
import { background, claimed, ended, jobs, spec } from "../conformance/Given.ts"
import { TestDatabase } from "../support/TestDatabase.ts"
import { tempFolder } from "../support/TempFolder.ts"
import * as Program from "./Program.ts"

export const stores = Layer.provideMerge(LocalNode.layerStores, TestDatabase.layer)

interface Ending {
  readonly state: FinalState
  readonly errorClass?: ErrorClass
  readonly reason?: string
}

const endings: ReadonlyArray<Ending> = [
  { state: "failed", errorClass: "transient", reason: "503: try again" },
  { state: "failed", errorClass: "messagePermanent", reason: "too long" },
  { state: "unknown", errorClass: "unknown", reason: "no answer" },
  { state: "completed" }
]

/** Owned from a minute ago on, so that nothing is later than this process's clock. */
const owned = Effect.fnUntraced(function* (name: string, zone: string) {
  const now = (yield* Clock.currentTimeMillis) - 60_000
  const { id: workspaceId } = yield* (yield* WorkspaceStore).ensure({ name, zone, limits: {} })
  const lease = 60_000
  const { epoch } = yield* (yield* Ledger).takeOver({ workspaceId, owner: "node-a", now, lease, force: true })
  return { workspaceId, epoch, now }
})

/** Of the row of a campaign. */
const payload = (row: number) =>
  JSON.stringify({ row, address: `+6281${row}`, columns: { name: "=1+1", phone: `081${row}` } })

/**
 * `school` has four jobs that ended, one in each way of `endings`, a campaign the first two of whose four deliveries
 * failed with `endings`, the others open, and two urgent jobs that wait. `shop` has one job that waits.
 */
export const given = Effect.gen(function* () {
  const campaigns = yield* CampaignStore
  const ledger = yield* Ledger
  const school = yield* owned("school", "Asia/Jakarta")
  const shop = yield* owned("shop", "UTC")
  const { now, workspaceId } = school
  const { campaign } = yield* campaigns.create({
    workspaceId,
    key: "fees",
    spec: { ...spec, dueAt: now },
    templateHash: "t",
    audienceHash: "a",
    now
  })
  const fees = { lane: "bulk", campaignId: campaign.id, pipeline: "reports" } as const
  const ended4 = yield* ledger.insert({ ...school, deliveries: jobs(4, { dueAt: now, tags: ["import"] }) })
  const ofCampaign = yield* ledger.insert({
    ...school,
    deliveries: [1, 2, 3, 4].flatMap((row) => jobs(1, { ...fees, dueAt: now, payload: payload(row) }))
  })
  const waiting = yield* ledger.insert({ ...school, deliveries: jobs(2, { lane: "urgent", dueAt: now }) })
  yield* ledger.insert({ ...shop, deliveries: jobs(1, { dueAt: now, pipeline: "orders" }) })
  const change = { workspaceId, campaignId: campaign.id, note: null, now }
  yield* campaigns.transition({ ...change, from: ["scheduled"], to: "running" })
  for (const [source, count] of [
    [background, 4],
    [{ lane: "bulk", campaignId: campaign.id }, 2]
  ] as const) {
    const batch = yield* claimed(school, source, count)
    const settlements = batch.deliveries.map((delivery, at) => {
      const { errorClass = null, reason = null, state = "completed" } = endings[at] ?? {}
      return { ...ended(delivery, state), errorClass, reason }
    })
    yield* ledger.settle({ ...school, settlements, finishedClaims: [batch.claimId] })
  }
  const place = { folder: yield* tempFolder, env: { DATABASE_URL: (yield* TestDatabase).url } }
  return {
    school,
    campaign,
    jobs: ended4.map(String),
    ofCampaign: ofCampaign.map(String),
    waiting: waiting.map(String),
    place,
    queue: (...args: ReadonlyArray<string>) => Program.run(place, ["queue", ...args])
  }
})

const Listed = Schema.Struct({ id: Schema.String, state: Schema.String })

/** What `failed --json` printed. */
export const listed = ({ stdout }: Program.Ran) =>
  Effect.forEach(stdout.trimEnd() === "" ? [] : stdout.trimEnd().split("\n"), (line) =>
    Schema.decodeUnknownEffect(Schema.fromJsonString(Listed))(line)
  )
