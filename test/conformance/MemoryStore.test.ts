import { assert, describe, it } from "@effect/vitest"
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { Ledger } from "@fibercast/ports/Ledger"
import * as MemoryStore from "@fibercast/ports/MemoryStore"
import { Effect } from "effect"
import {
  background,
  base,
  countsOf,
  ended,
  freshCampaign,
  idsOf,
  jobs,
  later,
  ownedWorkspace,
  putOff
} from "./Given.ts"

/** Spread so that due order is far from insertion order, with many ties. */
const spread = (index: number): number => base + ((index * 7919) % 997)

describe("MemoryStore", () => {
  it.effect("drains a backlog of 100,000 in due order, retries last, and its counts add up", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const campaign = yield* freshCampaign(owned.workspaceId)
      const source = { lane: "bulk", campaignId: campaign.id } as const
      const backlog = jobs(100_000, source).map((delivery, index) => ({ ...delivery, dueAt: spread(index) }))
      yield* ledger.insert({ ...owned, deliveries: backlog })

      const now = base + 5000
      const seen = new Set<DeliveryId>()
      let place = { dueAt: 0, id: 0n }
      let rounds = 0
      for (;;) {
        const batch = yield* ledger.claim({ ...later(owned, 5000), source, limit: 1000, after: null })
        if (batch === null) break
        rounds += 1
        for (const { dueAt, id } of batch.deliveries) {
          const isLater = dueAt > place.dueAt || (dueAt === place.dueAt && id > place.id)
          if (!isLater || seen.has(id)) assert.fail(`${id} due ${dueAt} came after ${place.id} due ${place.dueAt}`)
          seen.add(id)
          place = { dueAt, id }
        }
        const settlements = batch.deliveries.map((delivery, index) =>
          index < 10 ? putOff(delivery, "retry", now + 1000 + rounds) : ended(delivery, "completed")
        )
        yield* ledger.settle({ ...owned, now, settlements, finishedClaims: [batch.claimId] })
      }
      assert.strictEqual(seen.size, 100_000)
      const { completed, open, planned } = yield* countsOf(owned.workspaceId, campaign.id)
      assert.deepStrictEqual({ completed, open, planned }, { completed: 99_000, open: 1000, planned: 100_000 })
      const retries = yield* ledger.claim({ ...later(owned, 60_000), source, limit: 5000, after: null })
      assert.strictEqual(retries?.deliveries.length, 1000)
      assert.strictEqual(yield* ledger.cancel({ ...owned, campaignId: campaign.id, limit: 10, reason: "stopped" }), 0)
    }).pipe(Effect.provide(MemoryStore.layer))
  )

  it.effect("gives the same identifiers in every run", () => {
    const run = Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const campaign = yield* freshCampaign(owned.workspaceId)
      const ids = yield* ledger.insert({ ...owned, deliveries: jobs(3) })
      const batch = yield* ledger.claim({ ...owned, source: background, limit: 2, after: null })
      return [owned.workspaceId, campaign.id, ids, batch?.claimId, idsOf(batch?.deliveries ?? [])]
    })
    return Effect.gen(function* () {
      const first = yield* Effect.provide(run, MemoryStore.layer, { local: true })
      assert.deepStrictEqual(yield* Effect.provide(run, MemoryStore.layer, { local: true }), first)
    })
  })
})
