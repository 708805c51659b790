import { assert, describe, it } from "@effect/vitest"
import * as Continuation from "@fibercast/cli/Continuation"
import { Hint } from "@fibercast/cli/Hint"
import { type Launch } from "@fibercast/engine/CampaignLaunch"
import { AudienceSource } from "@fibercast/ports/AudienceSource"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import * as MemoryStore from "@fibercast/ports/MemoryStore"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as Interposed from "@fibercast/testkit/Interposed"
import { ConfigProvider, Effect, Layer } from "effect"

const layer = Layer.mergeAll(
  MemoryStore.layer,
  AudienceSource.layerMemory(),
  Hint.layer({ folder: "/x", workspace: "default" })
).pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env: {} }))))

const launchOf = (workspaceId: Launch["workspaceId"]) => ({
  workspaceId,
  key: "contacts.csv:1",
  name: "contacts",
  pipeline: "broadcast.log",
  template: "Hi {{ name }}",
  audience: { _tag: "Inline" as const, rows: [{ name: "Ani", phone: "+6286010001000" }] },
  addressColumn: "phone",
  guarantee: "at-least-once" as const,
  rate: { permits: 20, per: 1000 }
})

/** A campaign that the command launched before, under the given key. */
const launched = Effect.fnUntraced(function* (key: string) {
  const { id } = yield* (yield* WorkspaceStore).ensure({ name: "default", zone: "UTC", limits: {} })
  const launch = launchOf(id)
  const { hash } = yield* (yield* AudienceSource).open(launch.audience)
  const { name, pipeline, template, audience, addressColumn, guarantee, rate } = launch
  const when = { wallTime: null, zone: null, dueAt: 0, deadline: null, region: null, lane: "bulk" as const }
  const spec = { name, pipeline, template, audience, addressColumn, guarantee, rate, ...when }
  const { campaign } = yield* (yield* CampaignStore).create({
    workspaceId: id,
    key,
    spec,
    templateHash: "t",
    audienceHash: hash,
    now: 0
  })
  return { launch, campaign }
})

const cancel = Effect.fnUntraced(function* ({
  id: campaignId,
  workspaceId
}: {
  id: number
  workspaceId: Launch["workspaceId"]
}) {
  const store = yield* CampaignStore
  const [known] = (yield* store.list({ workspaceId, limit: 100 })).filter(({ id }) => id === campaignId)
  if (known === undefined) return yield* Effect.die("no such campaign")
  yield* store.transition({
    workspaceId,
    campaignId: known.id,
    from: ["scheduled"],
    to: "cancelled",
    note: null,
    now: 1
  })
})

const once = { again: false }
const again = { again: true }

describe("starting a command again", () => {
  it.effect("launches a campaign when there was none", () =>
    Effect.gen(function* () {
      const { id } = yield* (yield* WorkspaceStore).ensure({ name: "default", zone: "UTC", limits: {} })
      assert.deepStrictEqual(yield* Continuation.find(launchOf(id), once), { key: "contacts.csv:1" })
    }).pipe(Effect.provide(layer))
  )

  for (const reading of ["list", "active"]) {
    it.effect(`goes on with the campaign that another process launches before this one reads what is ${reading}`, () =>
      Effect.gen(function* () {
        const { id } = yield* (yield* WorkspaceStore).ensure({ name: "default", zone: "UTC", limits: {} })
        const launch = launchOf(id)
        const store = yield* CampaignStore
        const needs = yield* Effect.context<AudienceSource | CampaignStore | WorkspaceStore>()
        const other = Effect.asVoid(Effect.orDie(Effect.provideContext(launched(launch.key), needs)))
        const before = (operation: string) => (operation === reading ? other : Effect.void)
        const racing = Interposed.make(store, { before })
        const found = yield* Effect.provideService(Continuation.find(launch, once), CampaignStore, racing)
        assert.deepStrictEqual("campaign" in found ? found.campaign.key : found, launch.key)
      }).pipe(Effect.provide(layer))
    )
  }

  it.effect("goes on with its own campaign, whether that is over or not", () =>
    Effect.gen(function* () {
      const { campaign, launch } = yield* launched("contacts.csv:1")
      assert.deepStrictEqual(yield* Continuation.find(launch, once), { campaign })
      assert.deepStrictEqual(yield* Continuation.find(launch, again), { campaign })
      yield* cancel(campaign)
      const found = yield* Continuation.find(launch, once)
      assert.strictEqual("campaign" in found && found.campaign.id, campaign.id)
    }).pipe(Effect.provide(layer))
  )

  it.effect("makes the next of the family with --again, once the last is over, and goes on with that one", () =>
    Effect.gen(function* () {
      const first = yield* launched("contacts.csv:1")
      yield* cancel(first.campaign)
      assert.deepStrictEqual(yield* Continuation.find(first.launch, again), { key: "contacts.csv:1#2" })
      const second = yield* launched("contacts.csv:1#2")
      yield* launched("contacts.csv:10")
      assert.deepStrictEqual(yield* Continuation.find(first.launch, again), { campaign: second.campaign })
      assert.deepStrictEqual(yield* Continuation.find(first.launch, once), { campaign: second.campaign })
      yield* cancel(second.campaign)
      assert.deepStrictEqual(yield* Continuation.find(first.launch, again), { key: "contacts.csv:1#3" })
    }).pipe(Effect.provide(layer))
  )

  it.effect("refuses to go on with other options or another audience, and names them", () =>
    Effect.gen(function* () {
      const { launch } = yield* launched("contacts.csv:1")
      const audience = { _tag: "Inline" as const, rows: [{ name: "Ani", phone: "+6286010001001" }] }
      const changed = yield* Effect.flip(Continuation.find({ ...launch, audience, region: "ID" }, once))
      assert.strictEqual(changed._tag, "Changed")
      assert.match(
        changed.message,
        /with another audience, region, and is scheduled, 0 sent\. .*campaign cancel 1 --folder \/x` and add --again/u
      )
      const slower = yield* Effect.flip(Continuation.find({ ...launch, rate: { permits: 1, per: 1000 } }, once))
      assert.match(slower.message, /with another rate/u)
      const later = { ...launch, at: { wallTime: "2126-12-01 09:00", zone: "Asia/Jakarta" } }
      assert.match((yield* Effect.flip(Continuation.find(later, once))).message, /with another time/u)
      assert.match((yield* Effect.flip(Continuation.find(later, again))).message, /with another time/u)
    }).pipe(Effect.provide(layer))
  )

  it.effect("refuses another message to a file that one is still being sent to, unless asked for with --again", () =>
    Effect.gen(function* () {
      const { campaign, launch } = yield* launched("contacts.csv:1")
      const mended = { ...launch, key: "contacts.csv:2", template: "Hello {{ name }}" }
      const refused = yield* Effect.flip(Continuation.find(mended, once))
      assert.strictEqual(
        refused.message,
        "Campaign 1 for this file is scheduled, 0 sent. Go on with its own command, end it with " +
          "`fibercast campaign cancel 1 --folder /x`, or add --again to send this one besides. Nothing was sent."
      )
      assert.deepStrictEqual(yield* Continuation.find(mended, again), { key: "contacts.csv:2" })
      const others = { _tag: "Inline" as const, rows: [{ name: "Ani", phone: "+6286010001001" }] }
      const elsewhere = { ...mended, audience: others }
      assert.deepStrictEqual(yield* Continuation.find(elsewhere, once), { key: "contacts.csv:2" })
      yield* cancel(campaign)
      assert.deepStrictEqual(yield* Continuation.find(mended, once), { key: "contacts.csv:2" })
    }).pipe(Effect.provide(layer))
  )
})
