/**
 * What replacing does to the first, and when it cannot.
 */
import { assert } from "@effect/vitest"
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type Unique } from "@fibercast/domain/Unique"
import { type Dispatched, idOf } from "@fibercast/ports/Dispatch"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Owned } from "@fibercast/ports/Owned"
import { Effect } from "effect"
import { background, base, claimed, ended, later, ownedWorkspace, putOff, second } from "./Given.ts"
import { asked, dispatchedOne, insertedOne, payloadsAt, unique } from "./GivenDispatches.ts"
import { sentence } from "./Sentence.ts"

const replacing = (changes: Partial<Unique> = {}) => unique("k", { onConflict: "replace", ...changes })

const replacedOf = (id: DeliveryId): Dispatched => ({ _tag: "Deduplicated", id, replaced: true })

/** A job that holds the key, due `due` after `base`, and how another replaces it at an instant, to be due at another. */
const replaceable = Effect.fnUntraced(function* (due = 0, changes: Partial<Unique> = {}) {
  const owned = yield* ownedWorkspace()
  const one = (payload: unknown, dueAt: number) =>
    asked(payload, { unique: replacing(changes), delivery: { dueAt: base + dueAt } })
  const at = (now: number, payload: unknown, dueAt: number) =>
    dispatchedOne({ ...owned, now: base + now }, one(payload, dueAt))
  const id = yield* insertedOne(owned, one("first", due))
  return { owned, id, at, replaced: replacedOf(id) }
})

/** How long after `base` the head of the background is due. */
const nextDue = Effect.fnUntraced(function* ({ workspaceId }: Owned) {
  const due = yield* (yield* Ledger).nextDue({ workspaceId, source: background })
  return due === null ? null : due - base
})

export const replaceSentences = [
  sentence(
    "what replaces gives the first its payload, due time and deadline, and is recorded no second time",
    Effect.gen(function* () {
      const owned = yield* ownedWorkspace()
      const first = asked("first", { unique: replacing(), delivery: { dueAt: base + second } })
      const id = yield* insertedOne(owned, first)
      const delivery = { dueAt: base + 9 * second, deadline: base + 99 * second, lane: "urgent" } as const
      const other = yield* dispatchedOne(owned, asked("other", { unique: replacing(), delivery }))
      assert.deepStrictEqual(other, replacedOf(id))
      assert.deepStrictEqual(yield* payloadsAt(owned, 9 * second - 1), [])
      const [found, ...others] = (yield* claimed(later(owned, 9 * second))).deliveries
      assert.deepStrictEqual(others, [])
      const { deadline, dueAt } = delivery
      assert.deepInclude(found, { id, dueAt, deadline, lane: "normal", attempt: 0 })
      assert.strictEqual(found?.payload, JSON.stringify("other"))
    })
  ),
  sentence(
    "what is not due yet may be replaced by what is due earlier, a millisecond from then at the earliest",
    Effect.gen(function* () {
      const { at, owned, replaced } = yield* replaceable(60 * second)
      assert.deepStrictEqual(yield* at(second, "sooner", 30 * second), replaced)
      assert.strictEqual(yield* nextDue(owned), 30 * second)
      assert.deepStrictEqual(yield* at(second, "at once", 0), replaced)
      assert.strictEqual(yield* nextDue(owned), second + 1)
      assert.deepStrictEqual(yield* payloadsAt(owned, second), [])
      assert.deepStrictEqual(yield* payloadsAt(owned, second + 1), ["at once"])
    })
  ),
  sentence(
    "what is replaced is never due when it was due before: whoever held it with the old payload cannot end it",
    Effect.gen(function* () {
      const { at, owned } = yield* replaceable()
      let due = yield* nextDue(owned)
      for (const [now, wanted] of [
        [0, 0],
        [0, 0],
        [0, 5],
        [0, 5],
        [2, 5],
        [9, 9],
        [9, 3]
      ] as const) {
        yield* at(now, now, wanted)
        const next = yield* nextDue(owned)
        assert.notStrictEqual(next, due)
        assert.isAtMost(next ?? Infinity, Math.max(now, wanted) + 2)
        due = next
      }
    })
  ),
  sentence(
    "however often it is replaced, it is due at most that long after it was first recorded",
    Effect.gen(function* () {
      const { at, owned, replaced } = yield* replaceable(10 * second, { taken: "started", atMost: 25 * second })
      for (let now = 5; now < 25; now += 5) {
        assert.deepStrictEqual(yield* at(now * second, now, (now + 10) * second), replaced)
        assert.strictEqual(yield* nextDue(owned), Math.min(now + 10, 25) * second + Number(now === 20))
      }
      assert.deepStrictEqual(yield* payloadsAt(owned, 25 * second + 1), [20])
    })
  ),
  sentence(
    "what was dispatched to wait longer than it may be put off waits no longer",
    Effect.gen(function* () {
      const { owned } = yield* replaceable(60 * second, { atMost: 5 * second })
      assert.deepStrictEqual(yield* payloadsAt(owned, 5 * second), ["first"])
    })
  ),
  sentence(
    "what is due and waits for its turn stays due while it is replaced",
    Effect.gen(function* () {
      const { at, owned, replaced } = yield* replaceable(0, { atMost: 0 })
      for (const now of [100, 200, 300]) assert.deepStrictEqual(yield* at(now, now, now), replaced)
      assert.strictEqual(yield* nextDue(owned), 3)
      assert.deepStrictEqual(yield* payloadsAt(owned, 300), [300])
    })
  ),
  sentence(
    "what is claimed is not replaced: the other is recorded, and has the key from then on",
    Effect.gen(function* () {
      for (const taken of ["ended", "started", 60 * second] as const) {
        const { at, id, owned } = yield* replaceable(0, { taken })
        const batch = yield* claimed(owned)
        const other = yield* at(0, "other", 0)
        assert.strictEqual(other._tag, "Inserted")
        assert.isAbove(Number(idOf(other)), Number(id))
        const third = yield* at(0, "third", 0)
        assert.deepStrictEqual([third._tag, idOf(third)], ["Deduplicated", idOf(other)])
        const settlements = batch.deliveries.map((delivery) => ended(delivery, "completed"))
        const settled = yield* (yield* Ledger).settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
        assert.strictEqual(settled.final, 1)
        assert.deepStrictEqual(yield* payloadsAt(owned, 1), ["third"])
      }
    })
  ),
  sentence(
    "what waits to be tried again is replaced while its key is taken until it ends, and keeps its tries",
    Effect.gen(function* () {
      const { at, owned, replaced } = yield* replaceable()
      const batch = yield* claimed(owned)
      const settlements = batch.deliveries.map((delivery) => putOff(delivery, "retry", base + 60 * second))
      yield* (yield* Ledger).settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      assert.deepStrictEqual(yield* at(second, "other", 2 * second), replaced)
      const [found] = (yield* claimed(later(owned, 2 * second))).deliveries
      assert.deepInclude(found, { attempt: 1, payload: JSON.stringify("other") })
    })
  ),
  sentence(
    "what is over is not replaced, also while its key is taken for a time",
    Effect.gen(function* () {
      const { at, owned } = yield* replaceable(0, { taken: 60 * second })
      const batch = yield* claimed(owned)
      const settlements = batch.deliveries.map((delivery) => ended(delivery, "completed"))
      yield* (yield* Ledger).settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
      assert.strictEqual((yield* at(second, "other", second))._tag, "Inserted")
      assert.deepStrictEqual(yield* payloadsAt(owned, second), ["other"])
    })
  )
]
