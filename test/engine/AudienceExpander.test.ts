import { finalStates } from "@fibercast/domain/DeliveryState"
import { Campaigns } from "@fibercast/engine/Campaigns"
import { AudienceUnreadable } from "@fibercast/ports/AudienceSource"
import { Ledger } from "@fibercast/ports/Ledger"
import * as Expect from "@fibercast/testkit/Expect"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Announce, engine, launch, now, people, phone, sentTo, world } from "./internal/Broadcasts.ts"

const named = { _tag: "Named", name: "students" } as const

describe("AudienceExpander", () => {
  it.effect("rows that cannot be written to are skipped with their reason, and the counts add up", () => {
    const rows = [
      { phone: phone(1), name: "Ayu" },
      { phone: "0812-1000-0002", name: "Budi" },
      { phone: "not a number", name: "Citra" },
      { phone: phone(1), name: "Ayu again" },
      { phone: phone(3), name: " " },
      { phone: "", name: "Dewi" }
    ]
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launch(workspaceId, { audience: { _tag: "Inline", rows }, region: "ID" })
      yield* TestClock.adjust("1 minute")
      const { counts, status } = yield* now(campaign)
      assert.strictEqual(status, "completed")
      assert.deepInclude(counts, { planned: 6, completed: 2, skipped: 4, open: 0 })
      yield* Expect.balanced(workspaceId, campaign.id)
      assert.sameMembers([...(yield* sentTo)], [phone(1), phone(2)])

      const records = { campaignId: campaign.id, states: ["skipped"] as const, after: null, limit: 10 }
      const skipped = yield* (yield* Ledger).done(records)
      const reasons = skipped.map(({ payload, reason }) => `${payload} ${reason}`).join("\n")
      assert.match(reasons, /"row":3,.*not a number/)
      assert.match(reasons, /"row":4,.*same number as row 1/)
      assert.match(reasons, /"row":5,.*no value for \{\{ name \}\}/)
      assert.match(reasons, /"row":6,/)
    }).pipe(Effect.provide(engine()))
  })

  it.effect("with a column that tells recipients apart, each of them is sent to, also at one address", () => {
    const rows = [
      { nis: "1", phone: phone(1), name: "Ayu" },
      { nis: "2", phone: phone(1), name: "Budi" },
      { nis: "2", phone: phone(2), name: "Budi" },
      { nis: " ", phone: phone(3), name: "Citra" }
    ]
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launch(workspaceId, { audience: { _tag: "Inline", rows }, identityColumn: "nis" })
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* sentTo, [phone(1), phone(1)])
      const records = { campaignId: campaign.id, states: ["skipped"] as const, after: null, limit: 10 }
      const skipped = yield* (yield* Ledger).done(records)
      assert.deepStrictEqual(
        skipped.map(({ reason }) => reason),
        ["same recipient as row 2", "no value in column nis"]
      )
    }).pipe(Effect.provide(engine()))
  })

  it.effect("an unreadable record is skipped like a bad number, and reading goes on behind it", () => {
    const good = TestEngine.audience(people(3))
    const bad = { _tag: "Bad", row: 4, input: '"Ayu', reason: "the quote is never closed" } as const
    const students = { ...good, rows: (after: number) => Stream.concat(good.rows(after), Stream.make(bad)) }
    return Effect.gen(function* () {
      const campaign = yield* launch(yield* TestEngine.workspace(), { audience: named })
      yield* TestClock.adjust("1 minute")
      assert.deepInclude((yield* now(campaign)).counts, { planned: 4, completed: 3, skipped: 1 })
    }).pipe(Effect.provide(engine({ audiences: { students } })))
  })

  it.effect("an audience of nobody completes at once", () => {
    const students = { ...TestEngine.audience(people(1)), rows: () => Stream.empty }
    return Effect.gen(function* () {
      const campaign = yield* launch(yield* TestEngine.workspace(), { audience: named })
      yield* TestClock.adjust("2 seconds")
      const { counts, status } = yield* now(campaign)
      assert.strictEqual(status, "completed")
      assert.strictEqual(counts.planned, 0)
    }).pipe(Effect.provide(engine({ audiences: { students } })))
  })

  it.effect("a node killed while reading loses nobody and doubles nobody: the next one reads on", () => {
    const all = TestEngine.audience(people(2500))
    let reads = 0
    const students = {
      ...all,
      rows: (after: number) => {
        reads += 1
        const rows = all.rows(after)
        return reads === 1 ? Stream.concat(Stream.take(rows, 1500), Stream.fromEffectDrain(Effect.never)) : rows
      }
    }
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const first = yield* TestNode.make({ pipelines: [Announce], alone: false })
      const campaign = yield* first.use(launch(workspaceId, { audience: named }))
      yield* TestClock.adjust("5 seconds")
      const halfway = yield* now(campaign)
      assert.deepInclude(halfway, { expandedRows: 1000, expanded: false })
      yield* first.kill

      yield* TestNode.make({ pipelines: [Announce], alone: false })
      yield* TestClock.adjust("1 minute")
      const done = yield* now(campaign)
      assert.deepInclude(done, { status: "completed", expandedRows: 2500 })
      assert.deepInclude(done.counts, { planned: 2500, completed: 2500 })
      assert.strictEqual(new Set(yield* sentTo).size, 2500)
      assert.strictEqual((yield* sentTo).length, 2500)
    }).pipe(Effect.provide(world(undefined, { students })))
  })

  it.effect("an audience that changed after the launch holds the campaign and says so", () => {
    let opened = 0
    const students = {
      ...TestEngine.audience(people(3)),
      get hash() {
        return `content ${opened++}`
      }
    }
    return Effect.gen(function* () {
      const campaign = yield* launch(yield* TestEngine.workspace(), { audience: named })
      yield* TestClock.adjust("1 minute")
      const held = yield* now(campaign)
      assert.strictEqual(held.status, "paused")
      assert.match(held.note ?? "", /changed after the launch/)
      assert.deepStrictEqual(yield* sentTo, [])
      yield* Expect.alerted("CampaignHeld")
    }).pipe(Effect.provide(engine({ audiences: { students } })))
  })

  it.effect("an audience that breaks in the middle holds the campaign with the reason, and a resume reads on", () => {
    const all = TestEngine.audience(people(2500))
    let isBroken = true
    const broken = new AudienceUnreadable({ source: "students", reason: "the disk is gone" })
    const students = {
      ...all,
      rows: (after: number) =>
        isBroken ? Stream.concat(Stream.take(all.rows(after), 1200), Stream.fail(broken)) : all.rows(after)
    }
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launch(workspaceId, { audience: named })
      yield* TestClock.adjust("1 minute")
      const held = yield* now(campaign)
      assert.deepInclude(held, { status: "paused", note: "students: the disk is gone", expanded: false })
      yield* Expect.alerted("CampaignHeld")
      isBroken = false
      yield* (yield* Campaigns).resume(workspaceId, campaign.id)
      yield* TestClock.adjust("1 minute")
      const done = yield* now(campaign)
      assert.strictEqual(done.status, "completed")
      assert.strictEqual(done.counts.completed, 2500)
      assert.strictEqual((yield* sentTo).length, 2500)
      assert.strictEqual(
        finalStates.reduce((sum, state) => sum + done.counts[state], 0),
        2500
      )
    }).pipe(Effect.provide(engine({ audiences: { students } })))
  })
})
