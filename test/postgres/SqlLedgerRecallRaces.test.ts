import { assert, it } from "@effect/vitest"
import { none } from "@fibercast/domain/Counts"
import { type DeliveryId } from "@fibercast/domain/Delivery"
import * as SqlCampaignStore from "@fibercast/postgres/SqlCampaignStore"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Owned } from "@fibercast/ports/Owned"
import { Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { claimed, claimedCampaign, countsOf, ended, idsOf, lease, openCampaign, putOff } from "../conformance/Given.ts"
import { TestDatabase } from "../support/TestDatabase.ts"
import { heldOpen, someoneWaits } from "./internal/Sessions.ts"

const stores = Layer.mergeAll(SqlLedger.layer, SqlCampaignStore.layer, SqlWorkspaceStore.layer).pipe(
  Layer.provideMerge(TestDatabase.layer)
)

const recall = Effect.fnUntraced(function* (
  { now, workspaceId }: Owned,
  ids: ReadonlyArray<DeliveryId>,
  force = false
) {
  return yield* (yield* Ledger).recall({ workspaceId, now, ids, reason: "a mistake", force })
})

it.layer(stores, { timeout: "30 seconds" })("SqlLedger's recalls, with several connections", (it) => {
  it.effect("a recall waits for a running claim, and asks its owner for what it claimed", () =>
    Effect.gen(function* () {
      const { ids, owned, source } = yield* openCampaign(5)

      const claim = yield* heldOpen(claimed(owned, source, 3))
      const recalling = yield* Effect.forkChild(recall(owned, ids))
      yield* someoneWaits
      yield* claim.release

      assert.deepStrictEqual(yield* Fiber.join(recalling), { cancelled: ids.slice(3), asked: ids.slice(0, 3) })
    })
  )

  it.effect("a claim that waits for a recall claims nothing that it cancelled", () =>
    Effect.gen(function* () {
      const { campaign, ids, owned, source } = yield* openCampaign(5)

      const recalling = yield* heldOpen(recall(owned, ids.slice(0, 3)))
      const claiming = yield* Effect.forkChild(claimed(owned, source))
      yield* someoneWaits
      yield* recalling.release
      const batch = yield* Fiber.join(claiming)

      assert.deepStrictEqual(recalling.value, { cancelled: ids.slice(0, 3), asked: [] })
      assert.deepStrictEqual(idsOf(batch.deliveries), ids.slice(3))
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 5, open: 2, cancelled: 3 })
    })
  )

  it.effect("a claim that waits for a recall which is rolled back claims all of it", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { campaign, ids, owned, source } = yield* openCampaign(5)

      yield* Effect.exit(sql.withTransaction(Effect.andThen(recall(owned, ids), Effect.fail("changed my mind"))))

      assert.deepStrictEqual(idsOf((yield* claimed(owned, source)).deliveries), ids)
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 5, open: 5 })
    })
  )

  it.effect("a settle that waits for a recall by force changes nothing of it, and finishes its claim", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const sql = yield* SqlClient.SqlClient
      const { batch, campaign, ids, owned } = yield* claimedCampaign(3)

      const recalling = yield* heldOpen(recall(owned, ids.slice(0, 2), true))
      const [first, ...others] = batch.deliveries
      const settlements = [
        ...(first === undefined ? [] : [putOff(first, "retry", owned.now + 1)]),
        ...others.map((delivery) => ended(delivery, "completed"))
      ]
      const settling = yield* Effect.forkChild(
        ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      )
      yield* someoneWaits
      yield* recalling.release

      assert.deepStrictEqual(yield* Fiber.join(settling), { final: 1, later: 0 })
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 3, completed: 1, cancelled: 2 })
      const standing = yield* sql`SELECT 1 FROM claims WHERE workspace_id = ${owned.workspaceId}`
      assert.deepStrictEqual(standing, [])
    })
  )

  it.effect("a recall by force that waits for a settle leaves what it settled", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, ids, owned } = yield* claimedCampaign(2)

      const settlements = batch.deliveries.map((delivery) => ended(delivery, "completed"))
      const settling = yield* heldOpen(ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] }))
      const recalling = yield* Effect.forkChild(recall(owned, ids, true))
      yield* someoneWaits
      yield* settling.release

      assert.deepStrictEqual(yield* Fiber.join(recalling), { cancelled: [], asked: [] })
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 2, completed: 2 })
    })
  )

  it.effect("a recall that waits for a take-over cancels what it gave back", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { ids, owned } = yield* claimedCampaign(2)

      const takeOver = yield* heldOpen(ledger.takeOver({ ...owned, owner: "node-b", lease, force: true }))
      const recalling = yield* Effect.forkChild(recall(owned, ids))
      yield* someoneWaits
      yield* takeOver.release

      assert.deepStrictEqual(yield* Fiber.join(recalling), { cancelled: ids, asked: [] })
    })
  )

  it.effect("recalls of any size are one transaction", () =>
    Effect.gen(function* () {
      const { campaign, ids, owned } = yield* openCampaign(12_000)
      const { cancelled } = yield* recall(owned, ids.toReversed())
      assert.deepStrictEqual(cancelled, ids)
      const counts = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 12_000, cancelled: 12_000 })
    })
  )

  for (const force of [false, true]) {
    it.effect(
      `recalls ${force ? "by force " : ""}amid claims and settles: one final state each, and nothing is claimed after it was cancelled`,
      () =>
        Effect.gen(function* () {
          const ledger = yield* Ledger
          const count = 600
          const { campaign, ids, owned, source } = yield* openCampaign(count)
          const cancelled = new Set<DeliveryId>()
          const asked = new Set<DeliveryId>()
          let ticks = 0
          let settled = 0
          const now = () => owned.now + ++ticks * 10

          const worker = Effect.gen(function* () {
            while (settled + cancelled.size < count) {
              const at = now()
              const gone = new Set(cancelled)
              const batch = yield* ledger.claim({ ...owned, now: at, source, limit: 7, after: null })
              if (batch === null) {
                yield* ledger.recalled({ ...owned, now: now() })
                const { open } = yield* countsOf(owned.workspaceId, campaign.id)
                if (open === 0) return
                continue
              }
              for (const { attempt, id } of batch.deliveries) {
                assert.isFalse(gone.has(id), `${id} was claimed after it was cancelled`)
                assert.isFalse(attempt > 0 && asked.has(id), `${id} was tried again after it was asked for`)
              }
              const settlements = batch.deliveries.map((delivery) =>
                delivery.attempt === 0 && delivery.id % 3n === 0n
                  ? putOff(delivery, "retry", at + 1)
                  : ended(delivery, "completed")
              )
              const { final, later } = yield* ledger.settle({
                ...owned,
                now: at,
                settlements,
                finishedClaims: [batch.claimId]
              })
              if (!force) assert.strictEqual(final + later, settlements.length, "what was claimed was cancelled")
              settled += final
            }
          })
          const taker = Effect.forEach(
            Array.from({ length: 40 }, (_, index) => ids.slice((39 - index) * 15, (39 - index) * 15 + 9)),
            (some) =>
              Effect.gen(function* () {
                const recalled = yield* recall({ ...owned, now: now() }, some, force)
                for (const id of recalled.cancelled) cancelled.add(id)
                for (const id of recalled.asked) asked.add(id)
              })
          )
          yield* Effect.all([worker, worker, worker, taker], { concurrency: "unbounded" })
          yield* worker
          yield* ledger.recalled({ ...owned, now: now() })

          const counts = yield* countsOf(owned.workspaceId, campaign.id)
          assert.deepInclude(counts, { planned: count, open: 0, completed: settled })
          assert.isAtLeast(counts.cancelled, cancelled.size)
          assert.isAbove(cancelled.size, 0)
          const done = yield* ledger.done({
            campaignId: campaign.id,
            states: ["completed", "cancelled"],
            after: null,
            limit: 5000
          })
          assert.deepStrictEqual(idsOf(done), ids)
          for (const { id, state } of done) if (cancelled.has(id)) assert.strictEqual(state, "cancelled")
        })
    )
  }
})
