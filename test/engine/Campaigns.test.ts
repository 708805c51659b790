import { Campaigns } from "@fibercast/engine/Campaigns"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import * as Expect from "@fibercast/testkit/Expect"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { asked, engine, launch, now, people, sendTimes, sentTo } from "./internal/Broadcasts.ts"

const newYear = Date.UTC(2026, 0, 1, 9)

describe("Campaigns", () => {
  it.effect("a campaign planned for a wall time starts at exactly that instant in its zone", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launch(workspaceId, { at: { wallTime: "2026-01-01 17:00", zone: "Asia/Jakarta" } })
      const due = Date.UTC(2026, 0, 1, 10)
      assert.strictEqual(campaign.spec.dueAt, due)
      yield* TestClock.setTime(due - 1)
      assert.deepStrictEqual(yield* sendTimes, [])
      assert.strictEqual((yield* now(campaign)).status, "scheduled")
      yield* TestClock.setTime(due)
      assert.deepStrictEqual(
        yield* sendTimes,
        Array.from({ length: 10 }, () => due)
      )
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* now(campaign)).status, "completed")
      yield* Expect.nothingOpen
    }).pipe(Effect.provide(engine({ startAt: newYear })))
  )

  it.effect("a time that has passed is refused, and nothing is written", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const at = { wallTime: "2026-01-01 15:59", zone: "Asia/Jakarta" }
      const refused = yield* Effect.flip(launch(workspaceId, { at }))
      assert.deepInclude(refused, { _tag: "CampaignRefused", field: "at" })
      const { created } = yield* (yield* Campaigns).launch(asked(workspaceId))
      assert.isTrue(created)
    }).pipe(Effect.provide(engine({ startAt: newYear })))
  )

  it.effect("a campaign without a name, or with a rate that lets nothing out, is refused by that field", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const refusal = (options: Parameters<typeof asked>[1]) =>
        Effect.map(Effect.flip(launch(workspaceId, options)), (error) =>
          error._tag === "CampaignRefused" ? error.field : error._tag
        )
      assert.strictEqual(yield* refusal({ name: " " }), "name")
      assert.strictEqual(yield* refusal({ key: "" }), "key")
      assert.strictEqual(yield* refusal({ rate: { permits: 0, per: 1000 } }), "rate")
      assert.strictEqual(yield* refusal({ rate: { permits: 1, per: 0.5 } }), "rate")
      assert.deepStrictEqual(yield* (yield* CampaignStore).list({ workspaceId, limit: 10 }), [])
    }).pipe(Effect.provide(engine()))
  )

  it.effect("a campaign without a time goes out at once", () =>
    Effect.gen(function* () {
      yield* launch(yield* TestEngine.workspace())
      assert.deepStrictEqual(
        yield* sendTimes,
        Array.from({ length: 10 }, () => newYear)
      )
    }).pipe(Effect.provide(engine({ startAt: newYear })))
  )

  it.effect("launching the same key twice launches once, also after it has completed", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launch(workspaceId, { key: "january" })
      const campaigns = yield* Campaigns
      const during = yield* campaigns.launch(asked(workspaceId, { key: "january" }))
      yield* TestClock.adjust("1 minute")
      const after = yield* campaigns.launch(asked(workspaceId, { key: "january" }))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(
        [during, after].map(({ created }) => created),
        [false, false]
      )
      assert.deepStrictEqual(
        [during, after].map((launched) => launched.campaign.id),
        [campaign.id, campaign.id]
      )
      assert.strictEqual((yield* sentTo).length, 10)
    }).pipe(Effect.provide(engine()))
  )

  it.effect("a key that stands for something else is a conflict that says what differs", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      yield* launch(workspaceId, { key: "january" })
      const other = asked(workspaceId, {
        key: "january",
        template: "Bye {{ name }}",
        audience: { _tag: "Inline", rows: people(11) }
      })
      const conflict = yield* Effect.flip((yield* Campaigns).launch(other))
      assert.strictEqual(conflict._tag, "CampaignConflict")
      assert.include(conflict.message, "template")
      assert.include(conflict.message, "audience")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* sentTo).length, 10)
    }).pipe(Effect.provide(engine()))
  )

  it.effect("two workspaces may use the same key for campaigns of their own", () =>
    Effect.gen(function* () {
      const one = yield* launch(yield* TestEngine.workspace("one"), { key: "january" })
      const other = yield* launch(yield* TestEngine.workspace("other"), { key: "january" })
      yield* TestClock.adjust("1 minute")
      assert.notStrictEqual(one.id, other.id)
      assert.deepStrictEqual([(yield* now(one)).status, (yield* now(other)).status], ["completed", "completed"])
      assert.strictEqual((yield* sentTo).length, 20)
    }).pipe(Effect.provide(engine()))
  )

  it.effect(
    "what the template or the address needs and the audience has not is refused before anything is written",
    () =>
      Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace()
        const campaigns = yield* Campaigns
        const fieldOf = (options: Parameters<typeof asked>[1]) =>
          Effect.map(Effect.flip(campaigns.launch(asked(workspaceId, options))), (error) =>
            error._tag === "CampaignRefused" ? error.field : error._tag
          )
        assert.strictEqual(yield* fieldOf({ template: "Hello {{ nmae }}" }), "template")
        assert.strictEqual(yield* fieldOf({ template: "Hello {{ name" }), "template")
        assert.strictEqual(yield* fieldOf({ addressColumn: "mobile" }), "addressColumn")
        assert.strictEqual(yield* fieldOf({ identityColumn: "nis" }), "identityColumn")
        assert.strictEqual(yield* fieldOf({ at: { wallTime: "2026-02-30 09:00", zone: "UTC" } }), "at")
        assert.strictEqual(yield* fieldOf({ at: { wallTime: "2026-02-28 09:00", zone: "Jakarta" } }), "zone")
        assert.strictEqual(yield* fieldOf({ audience: { _tag: "Named", name: "nobody" } }), "AudienceUnreadable")
        yield* TestClock.adjust("1 minute")
        yield* Expect.dispatched("broadcast.fake", 0)
      }).pipe(Effect.provide(engine()))
  )

  it.effect("progress says how far a campaign is, how fast it goes and when it will be done", () =>
    Effect.gen(function* () {
      const rate = { permits: 1, per: 1000 }
      const { id, workspaceId } = yield* launch(yield* TestEngine.workspace(), { rate })
      yield* TestClock.adjust("5 seconds")
      const progress = yield* (yield* Campaigns).progress(workspaceId, id)
      assert.strictEqual(progress.settled, 5)
      assert.strictEqual(progress.share, 0.5)
      assert.strictEqual(progress.perSecond, 1)
      assert.strictEqual(progress.eta, 5000)
    }).pipe(Effect.provide(engine()))
  )
})
