import { assert, it } from "@effect/vitest"
import { none } from "@fibercast/domain/Counts"
import { type DeliveryId } from "@fibercast/domain/Delivery"
import * as SqlCampaignStore from "@fibercast/postgres/SqlCampaignStore"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { type Batch, Ledger } from "@fibercast/ports/Ledger"
import { type Settle } from "@fibercast/ports/Settlement"
import { Array, Effect, Fiber, Layer } from "effect"
import {
  background,
  base,
  claimed,
  countsOf,
  ended,
  givenBack,
  heldOf,
  jobs,
  lease,
  ownedWorkspace,
  putOff,
  runningCampaign,
  second
} from "../conformance/Given.ts"
import { TestDatabase } from "../support/TestDatabase.ts"
import { heldOpen, someoneWaits } from "./internal/Sessions.ts"

const stores = Layer.mergeAll(SqlLedger.layer, SqlCampaignStore.layer, SqlWorkspaceStore.layer).pipe(
  Layer.provideMerge(TestDatabase.layer)
)

/** Two deliveries of a running campaign in one claim, and calls to begin and to pause them. */
const given = Effect.gen(function* () {
  const ledger = yield* Ledger
  const campaigns = yield* CampaignStore
  const found = yield* runningCampaign(2)
  const { batch, campaign, owned, running } = found
  const begin = (mark: boolean) => ledger.begin({ ...owned, held: heldOf(batch), campaign: running, mark })
  const change = { workspaceId: owned.workspaceId, campaignId: campaign.id, note: null, now: base }
  const pause = campaigns.transition({ ...change, from: ["running"], to: "paused" })
  const takeOver = ledger.takeOver({ ...owned, owner: "node-b", lease, force: true })
  const settle = (changes: Partial<Settle>) =>
    ledger.settle({ ...owned, settlements: [], finishedClaims: [], ...changes })
  return { ...found, ledger, begin, pause, takeOver, settle }
})

/** The second, made while the first is not yet over. */
const following = Effect.fnUntraced(function* <A, E, R, B, F, S>(
  first: Effect.Effect<A, E, R>,
  next: Effect.Effect<B, F, S>
) {
  const running = yield* heldOpen(first)
  const waiting = yield* Effect.forkChild(next)
  yield* someoneWaits
  yield* running.release
  return [running.value, yield* Fiber.join(waiting)] as const
})

const neither = { go: [], back: [] }

it.layer(stores, { timeout: "30 seconds" })("SqlLedger's begin, with several connections", (it) => {
  it.effect("of two that begin the same at once, with the mark, one gets it", () =>
    Effect.gen(function* () {
      const { begin, ids } = yield* given
      assert.deepStrictEqual(yield* following(begin(true), begin(true)), [{ go: ids, back: [] }, neither])
    })
  )

  it.effect("who begins without the mark waits for who begins with it, and does not get it", () =>
    Effect.gen(function* () {
      const { begin, ids } = yield* given
      assert.deepStrictEqual(yield* following(begin(true), begin(false)), [{ go: ids, back: [] }, neither])
    })
  )

  it.effect("any number that begin parts of several claims at once get each delivery once", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const count = 600
      yield* ledger.insert({ ...owned, deliveries: jobs(count) })
      const batches: Array<Batch> = []
      for (let claim = 0; claim < 6; claim += 1) batches.push(yield* claimed(owned, background, count / 6))
      const held = batches.flatMap(heldOf)
      const gone: Array<DeliveryId> = []
      /** Chunks of 40 that overlap, from different places on, some backwards. */
      const worker = (turn: number) => {
        const from = turn * 73
        const mine = [...held.slice(from), ...held.slice(0, from)]
        const chunks = Array.chunksOf(turn % 2 === 0 ? mine : mine.toReversed(), 40)
        return Effect.forEach(chunks, (chunk) =>
          Effect.map(ledger.begin({ ...owned, held: chunk, campaign: null, mark: true }), ({ back, go }) => {
            assert.deepStrictEqual(back, [])
            gone.push(...go)
          })
        )
      }
      yield* Effect.all([0, 1, 2, 3].map(worker), { concurrency: "unbounded" })
      assert.strictEqual(gone.length, count)
      assert.strictEqual(new Set(gone).size, count)
      const taken = yield* ledger.takeOver({ ...owned, owner: "node-b", lease, force: true })
      assert.deepInclude(taken, { rescued: 0, unknown: count })
    })
  )

  for (const mark of [true, false]) {
    const withMark = mark ? "with the mark" : "without the mark"

    it.effect(`a pause waits for who begins ${withMark}`, () =>
      Effect.gen(function* () {
        const { begin, ids, pause } = yield* given
        const [begun, paused] = yield* following(begin(mark), pause)
        assert.deepStrictEqual(begun, { go: ids, back: [] })
        assert.strictEqual(paused.status, "paused")
      })
    )

    it.effect(`who begins ${withMark} waits for a pause, and is to give all of it back`, () =>
      Effect.gen(function* () {
        const { begin, ids, pause, takeOver } = yield* given
        const [, begun] = yield* following(pause, begin(mark))
        assert.deepStrictEqual(begun, { go: [], back: ids })
        assert.deepInclude(yield* takeOver, { rescued: 2, unknown: 0 })
      })
    )

    it.effect(`who begins ${withMark} waits for a recall, and is to give back what it asked for`, () =>
      Effect.gen(function* () {
        const { begin, ids, ledger, owned } = yield* given
        const recall = ledger.recall({ ...owned, ids: ids.slice(0, 1), reason: "a mistake", force: false })
        const [recalled, begun] = yield* following(recall, begin(mark))
        assert.deepStrictEqual(recalled, { cancelled: [], asked: ids.slice(0, 1) })
        assert.deepStrictEqual(begun, { go: ids.slice(1), back: ids.slice(0, 1) })
      })
    )

    it.effect(`who begins ${withMark} waits for a recall by force, and does not get what it ended`, () =>
      Effect.gen(function* () {
        const { begin, ids, ledger, owned } = yield* given
        const recall = ledger.recall({ ...owned, ids: ids.slice(0, 1), reason: "a mistake", force: true })
        const [, begun] = yield* following(recall, begin(mark))
        assert.deepStrictEqual(begun, { go: ids.slice(1), back: [] })
      })
    )

    it.effect(`who begins ${withMark} while another takes over gets nothing`, () =>
      Effect.gen(function* () {
        const { begin, takeOver } = yield* given
        const [taken, error] = yield* following(takeOver, Effect.flip(begin(mark)))
        assert.strictEqual(error._tag, "EpochLost")
        assert.deepInclude(taken, { rescued: 2, unknown: 0 })
      })
    )

    it.effect(`who begins ${withMark} waits for what leaves the claim, and does not get it`, () =>
      Effect.gen(function* () {
        const { batch, begin, ids, settle } = yield* given
        const returned = givenBack(batch, batch.deliveries.slice(0, 1))
        assert.deepStrictEqual((yield* following(settle({ givenBack: returned }), begin(mark)))[1], {
          go: ids.slice(1),
          back: []
        })
      })
    )

    it.effect(`who begins ${withMark} waits for what is put off, and does not get it`, () =>
      Effect.gen(function* () {
        const { batch, begin, ids, settle } = yield* given
        const settlements = batch.deliveries.slice(0, 1).map((delivery) => putOff(delivery, "retry", base + second))
        assert.deepStrictEqual((yield* following(settle({ settlements }), begin(mark)))[1], {
          go: ids.slice(1),
          back: []
        })
      })
    )

    it.effect(`who begins ${withMark} waits for the end of the claim, and gets nothing`, () =>
      Effect.gen(function* () {
        const { batch, begin, settle } = yield* given
        assert.deepStrictEqual((yield* following(settle({ finishedClaims: [batch.claimId] }), begin(mark)))[1], neither)
      })
    )
  }

  it.effect("a take-over waits for who begins with the mark, and finds what may have been sent", () =>
    Effect.gen(function* () {
      const { begin, ids, takeOver } = yield* given
      const [begun, taken] = yield* following(begin(true), takeOver)
      assert.deepStrictEqual(begun, { go: ids, back: [] })
      assert.deepInclude(taken, { rescued: 0, unknown: 2 })
    })
  )

  it.effect("what is given back while it is begun is unmarked, whichever comes first", () =>
    Effect.gen(function* () {
      const { batch, begin, ids, owned, running, settle, source, ledger } = yield* given
      const returned = givenBack(batch, batch.deliveries)
      yield* following(begin(true), settle({ givenBack: returned }))
      const again = yield* claimed(owned, source)
      const begun = yield* ledger.begin({ ...owned, held: heldOf(again), campaign: running, mark: true })
      assert.deepStrictEqual(begun, { go: ids, back: [] })
    })
  )

  it.effect(
    "many begin and settle parts of the same claims at once, in any order: each try goes once, nothing is lost",
    () =>
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const count = 400
        const { batch, campaign, owned, running } = yield* runningCampaign(count)
        const tries = new Set<string>()
        let ticks = 0
        /** Each delivery in turn: completed, retried once, given back once, begun by two. */
        const send = Effect.fnUntraced(function* (claim: Batch, part: ReadonlyArray<number>, now: number) {
          const held = part.flatMap((index) => heldOf(claim)[index] ?? [])
          const { back, go } = yield* ledger.begin({ ...owned, now, held, campaign: running, mark: true })
          assert.deepStrictEqual(back, [])
          const mine = claim.deliveries.filter(({ id }) => go.includes(id))
          const settlements = mine.flatMap((delivery) => {
            const name = `${delivery.id}:${delivery.attempt}`
            if (delivery.id % 5n === 0n && !tries.has(`returned ${name}`)) return []
            assert.isFalse(tries.has(name), `${name} went twice`)
            tries.add(name)
            const isRetry = delivery.attempt === 0 && delivery.id % 3n === 0n
            return [isRetry ? putOff(delivery, "retry", now + 1) : ended(delivery, "completed")]
          })
          const settled = new Set(settlements.map(({ id }) => id))
          const returned = mine.filter(({ id }) => !settled.has(id))
          for (const { attempt, id } of returned) tries.add(`returned ${id}:${attempt}`)
          const { final, later } = yield* ledger.settle({
            ...owned,
            now,
            settlements,
            givenBack: givenBack(claim, returned),
            finishedClaims: []
          })
          assert.strictEqual(final + later, settlements.length)
        })
        let claim: Batch | null = batch
        while (claim !== null) {
          const held: Batch = claim
          const all = held.deliveries.map((_, index) => index)
          const parts = [...Array.chunksOf(all, 16), ...Array.chunksOf(all.toReversed(), 24)]
          ticks += 10
          yield* Effect.forEach(parts, (part) => send(held, part, base + ticks), { concurrency: 4 })
          yield* ledger.settle({ ...owned, settlements: [], finishedClaims: [held.claimId] })
          const source = { lane: campaign.spec.lane, campaignId: campaign.id }
          claim = yield* ledger.claim({ ...owned, now: base + ticks + 5, source, limit: 1000, after: null })
        }
        const counts = yield* countsOf(owned.workspaceId, campaign.id)
        assert.deepStrictEqual(counts, { ...none, planned: count, completed: count })
      })
  )
})
