/**
 * What an owner that is gone has left in doubt, until somebody is told of it.
 */
import { assert } from "@effect/vitest"
import { Ledger, strangeWait } from "@fibercast/ports/Ledger"
import { type Owned } from "@fibercast/ports/Owned"
import { Effect } from "effect"
import {
  background,
  claimed,
  claimedCampaign,
  ended,
  idsOf,
  job,
  later,
  lease,
  ownedWorkspace,
  putOff,
  second,
  start,
  takenByAnother
} from "./Given.ts"
import { sentence } from "./Sentence.ts"

/** By id. */
const doubts = Effect.fnUntraced(function* (owned: Owned, limit = 100, pipelines: ReadonlyArray<string> = ["reports"]) {
  const found = yield* (yield* Ledger).takeDoubts({ ...owned, limit, pipelines })
  return found.toSorted((a, b) => (a.delivery.id < b.delivery.id ? -1 : 1))
})

/** A job of its pipeline, begun by an owner that is gone since. */
const begunJob = Effect.fnUntraced(function* (pipeline: string) {
  const ledger = yield* Ledger
  const owned = yield* ownedWorkspace()
  yield* ledger.insert({ ...owned, deliveries: [job({}, { pipeline })] })
  const batch = yield* claimed(owned, background)
  yield* start(owned, batch, batch.deliveries)
  return { owned, batch }
})

export const doubtSentences = [
  sentence(
    "what a take-over leaves in doubt is answered as it was claimed, each once",
    Effect.gen(function* () {
      const { batch, owned } = yield* claimedCampaign(5)
      yield* start(owned, batch, batch.deliveries.slice(1))
      const { owned: next } = yield* takenByAnother(later(owned, second))
      const first = yield* doubts(next, 3)
      const rest = yield* doubts(next, 3)
      assert.deepStrictEqual([first.length, rest.length], [3, 1])
      assert.deepStrictEqual(yield* doubts(next), [])
      const { owned: third } = yield* takenByAnother(later(next, second))
      assert.deepStrictEqual(yield* doubts(third), [])
      const reason = "its sender was lost after it may have been sent"
      assert.deepStrictEqual(
        [...first, ...rest]
          .toSorted((a, b) => (a.delivery.id < b.delivery.id ? -1 : 1))
          .map(({ delivery, reason }) => ({
            delivery: { ...delivery, payload: JSON.stringify(JSON.parse(delivery.payload)) },
            reason
          })),
        batch.deliveries.slice(1).map((delivery) => ({
          delivery: { ...delivery, payload: JSON.stringify(JSON.parse(delivery.payload)) },
          reason
        }))
      )
    })
  ),
  sentence(
    "a doubt says which try it was, and how many nodes had died over the delivery before",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, owned, source } = yield* claimedCampaign(1)
      const [delivery] = batch.deliveries
      if (delivery === undefined) return assert.fail("nothing was claimed")
      const dueAt = owned.now + second
      const settlements = [putOff(delivery, "retry", dueAt)]
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      yield* claimed(later(owned, second), source)
      const { owned: next } = yield* takenByAnother(later(owned, second))
      const again = yield* claimed(next, source)
      yield* start(next, again, again.deliveries)
      const { owned: third } = yield* takenByAnother(later(next, second))
      const [doubt] = yield* doubts(third)
      assert.deepInclude(doubt?.delivery, { attempt: 1, rescues: 1, dueAt, deadline: null, lane: "bulk" })
    })
  ),
  sentence(
    "what an owner that gave up had begun is in doubt for the next; what is settled is not",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, ids, owned } = yield* claimedCampaign(3)
      yield* start(owned, batch, batch.deliveries.slice(1))
      const settlements = batch.deliveries.slice(2).map((delivery) => ended(delivery, "unknown"))
      yield* ledger.settle({ ...owned, settlements, finishedClaims: [] })
      yield* ledger.abandon(later(owned, second))
      const { owned: next } = yield* takenByAnother(later(owned, 2 * second))
      assert.deepStrictEqual(
        (yield* doubts(next)).map(({ delivery }) => delivery.id),
        ids.slice(1, 2)
      )
    })
  ),
  sentence(
    "doubts of one workspace are not those of another",
    Effect.gen(function* () {
      const { batch, ids, owned } = yield* claimedCampaign(1)
      yield* start(owned, batch, batch.deliveries)
      const { owned: next } = yield* takenByAnother(later(owned, second))
      const other = yield* ownedWorkspace()
      assert.deepStrictEqual(yield* doubts(other), [])
      assert.deepStrictEqual(idsOf((yield* doubts(next)).map(({ delivery }) => delivery)), ids)
    })
  ),
  sentence(
    "an old epoch cannot take doubts",
    Effect.gen(function* () {
      const { batch, owned } = yield* claimedCampaign(1)
      yield* start(owned, batch, batch.deliveries)
      const { owned: next } = yield* takenByAnother(later(owned, second))
      const lost = yield* Effect.flip(doubts(owned))
      assert.strictEqual(lost._tag, "EpochLost")
      assert.strictEqual((yield* doubts(next)).length, 1)
    })
  ),
  sentence(
    "a doubt is left to those who know its pipeline, and after a while to anybody",
    Effect.gen(function* () {
      const { batch, owned } = yield* begunJob("crm.sync")
      const { owned: next } = yield* takenByAnother(later(owned, second))
      assert.deepStrictEqual(yield* doubts(later(next, strangeWait - 1), 100, ["jobs"]), [])
      assert.deepStrictEqual(yield* doubts(later(next, strangeWait - 1), 100, []), [])
      const found = yield* doubts(later(next, strangeWait), 100, ["jobs"])
      assert.deepStrictEqual(idsOf(found.map(({ delivery }) => delivery)), idsOf(batch.deliveries))
    })
  ),
  sentence(
    "a workspace with doubts to be told is due for who knows their pipeline, and after a while for all, until they are taken",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { owned } = yield* begunJob("crm.sync")
      const { workspaceId } = owned
      const at = owned.now + lease
      const { owned: next } = yield* takenByAnother({ ...owned, now: at })
      const isDue = (by: number, pipelines?: ReadonlyArray<string>) =>
        Effect.map(ledger.dueWorkspaces({ by, now: at, limit: 10_000, pipelines }), (due) =>
          due.some((found) => found.workspaceId === workspaceId)
        )
      assert.isTrue(yield* isDue(at))
      assert.isTrue(yield* isDue(at, ["jobs", "crm.sync"]))
      assert.isFalse(yield* isDue(at + strangeWait - 1, ["jobs"]))
      assert.isTrue(yield* isDue(at + strangeWait, ["jobs"]))
      assert.strictEqual((yield* doubts(next, 100, ["crm.sync"])).length, 1)
      assert.isFalse(yield* isDue(at + strangeWait))
    })
  )
]
