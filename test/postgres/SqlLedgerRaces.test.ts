import { assert, it } from "@effect/vitest"
import { type ClaimedDelivery, type DeliveryId } from "@fibercast/domain/Delivery"
import * as SqlCampaignStore from "@fibercast/postgres/SqlCampaignStore"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { type Batch, Ledger } from "@fibercast/ports/Ledger"
import { type Settlement } from "@fibercast/ports/Settlement"
import { type Owned } from "@fibercast/ports/Owned"
import { Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import {
  background,
  base,
  claimed,
  claimedCampaign,
  ended,
  idsOf,
  job,
  jobs,
  later,
  lease,
  openCampaign,
  ownedWorkspace,
  putOff,
  second,
  start
} from "../conformance/Given.ts"
import { TestDatabase } from "../support/TestDatabase.ts"
import { heldOpen, someoneWaits } from "./internal/Sessions.ts"

const stores = Layer.mergeAll(SqlLedger.layer, SqlCampaignStore.layer, SqlWorkspaceStore.layer).pipe(
  Layer.provideMerge(TestDatabase.layer)
)

it.layer(stores, { timeout: "30 seconds" })("SqlLedger, with several connections", (it) => {
  it.effect("claims and settles at the same time hand no try out twice", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const count = 2000
      yield* ledger.insert({ workspaceId: owned.workspaceId, now: base, deliveries: jobs(count) })
      const tries = new Set<string>()
      const progress = { completed: 0, ticks: 0 }

      const settle = Effect.fnUntraced(function* (batch: Batch, now: number) {
        const settlements = batch.deliveries.map((delivery): Settlement => {
          const name = `${delivery.id}:${delivery.attempt}`
          assert.isFalse(tries.has(name), `${name} was handed out twice`)
          tries.add(name)
          return delivery.attempt === 0 && delivery.id % 5n === 0n
            ? putOff(delivery, "retry", now + 1)
            : ended(delivery, "completed")
        })
        const settled = yield* ledger.settle({ ...owned, now, settlements, finishedClaims: [batch.claimId] })
        assert.strictEqual(settled.final + settled.later, settlements.length)
        progress.completed += settled.final
      })

      const worker = Effect.gen(function* () {
        while (progress.completed < count) {
          progress.ticks += 1
          const now = base + progress.ticks * 10
          const batch = yield* ledger.claim({ ...owned, now, source: background, limit: 37, after: null })
          if (batch !== null) yield* settle(batch, now)
        }
      })
      yield* Effect.all([worker, worker, worker, worker], { concurrency: "unbounded" })

      assert.strictEqual(progress.completed, count)
      assert.strictEqual(tries.size, count + count / 5)
    })
  )

  it.effect("claims amid settles that put off, while first claims stand, hold nothing twice and lose nothing", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const count = 600
      const ids = yield* ledger.insert({ workspaceId: owned.workspaceId, now: base, deliveries: jobs(count) })
      const held = new Set<DeliveryId>()
      const putOffs = new Map(ids.map((id) => [id, Number(id % 4n)]))
      const standing: Array<{ readonly batch: Batch; readonly left: ReadonlyArray<ClaimedDelivery> }> = []
      const progress = { completed: 0, ticks: 0 }

      const settle = Effect.fnUntraced(function* (settlements: ReadonlyArray<Settlement>, finished: Array<bigint>) {
        const now = base + progress.ticks
        const settled = yield* ledger.settle({ ...owned, now, settlements, finishedClaims: finished })
        assert.strictEqual(settled.final + settled.later, settlements.length, "what was held could not be settled")
        progress.completed += settled.final
      })

      const claimer = Effect.gen(function* () {
        while (progress.completed < count) {
          progress.ticks += 1
          const now = base + progress.ticks
          const batch = yield* ledger.claim({ ...owned, now, source: background, limit: 23, after: null })
          if (batch === null) continue
          for (const { id } of batch.deliveries) {
            assert.isFalse(held.has(id), `${id} is held twice`)
            held.add(id)
          }
          const late = batch.deliveries.filter(({ id }) => (putOffs.get(id) ?? 0) > 0)
          const settlements = late.map((delivery) => {
            const left = putOffs.get(delivery.id) ?? 0
            putOffs.set(delivery.id, left - 1)
            return putOff(delivery, left === 2 ? "retry" : "snooze", now + 1)
          })
          for (const { id } of late) held.delete(id)
          yield* settle(settlements, [])
          standing.push({ batch, left: batch.deliveries.filter((delivery) => !late.includes(delivery)) })
          // Said again, as after an answer that was lost: by now the next try may be under way.
          const again = yield* ledger.settle({ ...owned, now, settlements, finishedClaims: [] })
          assert.deepStrictEqual(again, { final: 0, later: 0 })
        }
      })
      const finisher = Effect.gen(function* () {
        while (progress.completed < count) {
          const isStarving = progress.ticks % 7 === 0
          const done = standing.length > 5 || isStarving ? standing.shift() : undefined
          if (done === undefined) {
            yield* ledger.nextDue({ workspaceId: owned.workspaceId, source: background })
            continue
          }
          for (const { id } of done.left) held.delete(id)
          yield* settle(
            done.left.map((delivery) => ended(delivery, "completed")),
            [done.batch.claimId]
          )
        }
      })
      yield* Effect.all([claimer, claimer, finisher], { concurrency: "unbounded" })

      assert.strictEqual(progress.completed, count)
      assert.deepStrictEqual([...new Set(putOffs.values())], [0])
      assert.strictEqual(held.size, 0)
    })
  )

  it.effect("a settle that puts off waits for a started mark on its claim, and only what stays keeps its mark", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, ids, owned, source } = yield* claimedCampaign(3)
      const settlements = batch.deliveries.slice(0, 2).map((delivery) => putOff(delivery, "retry", base + second))

      const marking = yield* heldOpen(start(owned, batch, batch.deliveries.slice(1)))
      const settling = yield* Effect.forkChild(ledger.settle({ ...owned, settlements, finishedClaims: [] }))
      yield* someoneWaits
      yield* marking.release

      assert.deepStrictEqual(yield* Fiber.join(settling), { final: 0, later: 2 })
      const due = later(owned, second)
      assert.deepStrictEqual(idsOf((yield* claimed(due, source)).deliveries), ids.slice(0, 2))
      const taken = yield* ledger.takeOver({ ...due, owner: "node-b", lease, force: true })
      assert.deepInclude(taken, { rescued: 2, unknown: 1 })
    })
  )

  it.effect("a started mark that waits for a settle is not written on what that puts off", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, owned } = yield* claimedCampaign(3)
      const settlements = batch.deliveries.slice(0, 2).map((delivery) => putOff(delivery, "snooze", base + second))

      const settling = yield* heldOpen(ledger.settle({ ...owned, settlements, finishedClaims: [] }))
      const marking = yield* Effect.forkChild(start(owned, batch, batch.deliveries))
      yield* someoneWaits
      yield* settling.release
      yield* Fiber.join(marking)

      const taken = yield* ledger.takeOver({ ...owned, owner: "node-b", lease, force: true })
      assert.deepInclude(taken, { rescued: 0, unknown: 1 })
    })
  )

  it.effect("of two settles that put off of the same claim, each takes out its own", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, ids, owned, source } = yield* claimedCampaign(5)
      const putsOff = (from: number, to: number) =>
        ledger.settle({
          ...owned,
          settlements: batch.deliveries.slice(from, to).map((delivery) => putOff(delivery, "snooze", base + second)),
          finishedClaims: []
        })

      const first = yield* heldOpen(putsOff(0, 2))
      const other = yield* Effect.forkChild(putsOff(2, 4))
      yield* someoneWaits
      yield* first.release

      assert.deepStrictEqual(yield* Fiber.join(other), { final: 0, later: 2 })
      assert.deepStrictEqual(idsOf((yield* claimed(later(owned, second), source)).deliveries), ids.slice(0, 4))
    })
  )

  it.effect("a settle that waits for itself, said again, puts nothing off twice", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, ids, owned, source } = yield* claimedCampaign(2)
      const settlements = batch.deliveries.map((delivery, index) =>
        putOff(delivery, index === 0 ? "retry" : "snooze", base + second)
      )
      const settle = ledger.settle({ ...owned, settlements, finishedClaims: [] })

      const first = yield* heldOpen(settle)
      const again = yield* Effect.forkChild(settle)
      yield* someoneWaits
      yield* first.release

      assert.deepStrictEqual(yield* Fiber.join(again), { final: 0, later: 0 })
      const { deliveries } = yield* claimed(later(owned, second), source)
      assert.deepStrictEqual(
        deliveries.map(({ attempt, id }) => ({ attempt, id })),
        ids.map((id, index) => ({ attempt: 1 - index, id }))
      )
    })
  )

  it.effect("a take-over waits for a settle that puts off, and rescues what stayed in the claim", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, owned } = yield* claimedCampaign(3)
      yield* start(owned, batch, batch.deliveries.slice(0, 1))
      const settlements = batch.deliveries.slice(0, 1).map((delivery) => putOff(delivery, "snooze", base + second))

      const settling = yield* heldOpen(ledger.settle({ ...owned, settlements, finishedClaims: [] }))
      const takeOver = yield* Effect.forkChild(ledger.takeOver({ ...owned, owner: "node-b", lease, force: true }))
      yield* someoneWaits
      yield* settling.release

      assert.deepInclude(yield* Fiber.join(takeOver), { rescued: 2, unknown: 0 })
    })
  )

  it.effect("a take-over waits for a running claim, and rescues what it claimed", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      yield* ledger.insert({ workspaceId: owned.workspaceId, now: base, deliveries: jobs(3) })

      const claim = yield* heldOpen(claimed(owned))
      const takeOver = yield* Effect.forkChild(
        ledger.takeOver({ workspaceId: owned.workspaceId, owner: "node-b", now: base, lease, force: true })
      )
      yield* someoneWaits
      yield* claim.release
      const taken = yield* Fiber.join(takeOver)

      assert.strictEqual(claim.value.deliveries.length, 3)
      assert.strictEqual(taken.rescued, 3)
    })
  )

  it.effect("a settle that comes while another takes over changes nothing", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      yield* ledger.insert({ workspaceId: owned.workspaceId, now: base, deliveries: jobs(2) })
      const batch = yield* claimed(owned)

      const takeOver = yield* heldOpen(
        ledger.takeOver({ workspaceId: owned.workspaceId, owner: "node-b", now: base, lease, force: true })
      )
      const settlements = batch.deliveries.map((delivery) => ended(delivery, "completed"))
      const settle = yield* Effect.forkChild(
        Effect.flip(ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] }))
      )
      yield* someoneWaits
      yield* takeOver.release
      const error = yield* Fiber.join(settle)

      assert.strictEqual(error._tag, "EpochLost")
      const heir: Owned = { ...owned, epoch: takeOver.value.epoch }
      assert.strictEqual((yield* claimed(heir)).deliveries.length, 2)
    })
  )

  it.effect("a cancel waits for a running claim, and leaves what it claimed", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { campaign, owned, source } = yield* openCampaign(5)

      const claim = yield* heldOpen(claimed(owned, source, 3))
      const cancel = yield* Effect.forkChild(
        ledger.cancel({ ...owned, campaignId: campaign.id, limit: 1000, reason: "stopped" })
      )
      yield* someoneWaits
      yield* claim.release

      assert.strictEqual(yield* Fiber.join(cancel), 2)
    })
  )

  it.effect("an insert in a transaction that is rolled back leaves neither work nor a name behind", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const insert = ledger.insert({
        workspaceId: owned.workspaceId,
        now: base,
        deliveries: [job({}, { pipeline: "never-seen-before" })]
      })

      yield* Effect.exit(sql.withTransaction(Effect.andThen(insert, Effect.fail("changed my mind"))))
      assert.isNull(yield* ledger.nextDue({ workspaceId: owned.workspaceId, source: background }))

      yield* insert
      const { deliveries } = yield* claimed(owned)
      assert.deepStrictEqual(
        deliveries.map(({ pipeline }) => pipeline),
        ["never-seen-before"]
      )
    })
  )

  it.effect("payloads come back letter for letter, and no text of a provider is refused", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { campaign, owned, source } = yield* openCampaign(0)
      const payload = String.raw`{ "b": 1.50, "a": "\u0000\ud800", "a": 12345678901234567890 }`
      const deliveries = [{ ...job(), lane: source.lane, campaignId: campaign.id, payload }]
      yield* ledger.insert({ workspaceId: owned.workspaceId, now: base, deliveries })
      const { claimId, deliveries: held } = yield* claimed(owned, source)
      const settlements = held.map((one): Settlement => ({ ...ended(one, "failed"), reason: "bad\u0000byte" }))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [claimId] })
      const [done] = yield* ledger.done({ campaignId: campaign.id, states: ["failed"], after: null, limit: 10 })

      assert.strictEqual(held[0]?.payload, payload)
      assert.strictEqual(done?.payload, payload)
      assert.strictEqual(done?.reason, "bad\uFFFDbyte")
    })
  )

  it.effect("a started mark is written only on what its claim holds", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      yield* ledger.insert({ workspaceId: owned.workspaceId, now: base, deliveries: jobs(2) })
      const first = yield* claimed(owned, background, 1)
      const other = yield* claimed(owned, background, 1)
      const ids = [...first.deliveries, ...other.deliveries].map(({ id }) => id)

      yield* ledger.start({ ...owned, claimId: first.claimId, ids })
      const taken = yield* ledger.takeOver({ ...owned, owner: "node-b", lease, force: true })

      assert.deepInclude(taken, { rescued: 1, unknown: 1 })
    })
  )

  it.effect("an insert of any size is one transaction, in the order given", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const deliveries = jobs(12_000)
      const ids = yield* ledger.insert({ workspaceId: owned.workspaceId, now: base, deliveries })
      const batch = yield* ledger.claim({ ...owned, source: background, limit: 5000, after: null })

      assert.strictEqual(ids.length, 12_000)
      assert.deepStrictEqual(
        batch?.deliveries.map(({ id, payload }) => ({ id, payload })),
        ids.slice(0, 5000).map((id, index) => ({ id, payload: deliveries[index]?.payload }))
      )

      const broken = [...jobs(6000), job({}, { payload: "no json" })]
      const error = yield* Effect.flip(ledger.insert({ workspaceId: owned.workspaceId, now: base, deliveries: broken }))
      assert.strictEqual(error._tag, "LedgerUnavailable")
      const rest = yield* ledger.claim({ ...owned, source: background, limit: 5000, after: null })
      const last = yield* ledger.claim({ ...owned, source: background, limit: 5000, after: null })
      assert.strictEqual((rest?.deliveries.length ?? 0) + (last?.deliveries.length ?? 0), 7000)
    })
  )

  it.effect("finished work lies in the table of its day, also what was finished before there was one", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const ledger = yield* Ledger
      const { campaign, owned, source } = yield* openCampaign(2)
      const day = 40 * 365 * 86_400 * second
      const early: Owned = later(owned, day)
      const tables = sql<{ readonly table: string }>`
        SELECT DISTINCT tableoid::regclass::text AS table FROM deliveries_done
        WHERE campaign_id = ${campaign.id} AND settled_at >= ${day} ORDER BY 1`.unprepared

      yield* sql`INSERT INTO deliveries_done (id, due_at, settled_at, workspace_id, campaign_id, pipeline_id, state, attempt)
        VALUES (-1, 0, ${early.now}, ${owned.workspaceId}, ${campaign.id}, 1, 1, 1)`
      assert.deepStrictEqual(yield* tables, [{ table: "deliveries_done_default" }])

      const batch = yield* claimed(early, source)
      const settlements = batch.deliveries.map((delivery) => ended(delivery, "completed"))
      yield* ledger.settle({ ...early, settlements, finishedClaims: [batch.claimId] })
      assert.deepStrictEqual(yield* tables, [{ table: "deliveries_done_20631104" }])
    })
  )
})
