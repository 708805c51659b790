/**
 * What a dispatch is answered, and what unique keys and idempotency keys do.
 */
import { assert } from "@effect/vitest"
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { type Dispatched, idempotencyPeriod, idOf } from "@fibercast/ports/Dispatch"
import { Ledger } from "@fibercast/ports/Ledger"
import { Effect } from "effect"
import {
  background,
  base,
  claimed,
  ended,
  givenBack,
  later,
  ownedWorkspace,
  putOff,
  second,
  takenByAnother
} from "./Given.ts"
import {
  asked,
  dispatched,
  dispatchedOne,
  idsOfAll,
  insertedOne,
  payloadsAt,
  tagsOf,
  unique
} from "./GivenDispatches.ts"
import { sentence } from "./Sentence.ts"

/** A job that holds the key, in an owned workspace, and how to ask for another of that key. */
const holding = Effect.fnUntraced(function* (changes: Parameters<typeof unique>[1] = {}) {
  const owned = yield* ownedWorkspace()
  const id = yield* insertedOne(owned, asked("first", { unique: unique("k", changes) }))
  const another = (now = base, more: Parameters<typeof unique>[1] = {}) =>
    dispatchedOne({ ...owned, now }, asked("other", { unique: unique("k", { ...changes, ...more }) }))
  return { owned, id, another }
})

const settled = Effect.fnUntraced(function* (
  owned: Parameters<typeof claimed>[0],
  how: "completed" | "failed" | "retry" | "snooze" | "given back"
) {
  const ledger = yield* Ledger
  const batch = yield* claimed(owned)
  const settlements = batch.deliveries.flatMap((delivery) => {
    if (how === "given back") return []
    return how === "retry" || how === "snooze" ? [putOff(delivery, how, owned.now + second)] : [ended(delivery, how)]
  })
  const back = how === "given back" ? givenBack(batch, batch.deliveries) : []
  yield* ledger.settle({ ...owned, settlements, givenBack: back, finishedClaims: [batch.claimId] })
})

const stoodFor = (answer: Dispatched, id: DeliveryId | null): void => {
  assert.isNotNull(id)
  assert.strictEqual(answer._tag === "Deduplicated" && !answer.replaced ? answer.id : null, id)
}

export const dispatchKeySentences = [
  sentence(
    "what is dispatched is answered one each, in order, and claimed as it was asked for",
    Effect.gen(function* () {
      const owned = yield* ownedWorkspace()
      const delivery = { lane: "urgent", deadline: base + 9000, pipeline: "reports" } as const
      const answers = yield* dispatched(owned, [
        asked("a", { delivery }),
        asked("b", {
          delivery: { ...delivery, dueAt: base + second },
          unique: unique("b"),
          idempotencyKey: "rb",
          backlog: 9
        }),
        asked("c", { delivery: { ...delivery, dueAt: base - second } })
      ])
      assert.deepStrictEqual(tagsOf(answers), ["Inserted", "Inserted", "Inserted"])
      const { deliveries } = yield* claimed(later(owned, second), { ...background, lane: "urgent" })
      const byId = deliveries.toSorted((a, b) => (a.id < b.id ? -1 : 1))
      assert.deepStrictEqual(
        byId.map(({ id }) => id),
        idsOfAll(answers)
      )
      for (const found of byId) assert.deepInclude(found, { ...delivery, attempt: 0, campaignId: null })
      assert.deepStrictEqual(
        byId.map(({ dueAt, payload }) => [dueAt, JSON.parse(payload)]),
        [
          [base, "a"],
          [base + second, "b"],
          [base, "c"]
        ]
      )
    })
  ),
  sentence(
    "nothing that is dispatched is answered with nothing",
    Effect.gen(function* () {
      const owned = yield* ownedWorkspace()
      assert.deepStrictEqual(yield* dispatched(owned, []), [])
    })
  ),
  sentence(
    "a workspace that does not exist is said so, and nothing is recorded",
    Effect.gen(function* () {
      const nowhere = { workspaceId: WorkspaceId.make(2_000_000_000), now: base }
      for (const one of [asked(1), asked(2, { unique: unique("k"), idempotencyKey: "r", backlog: 1 })]) {
        const error = yield* Effect.flip(dispatched(nowhere, [one]))
        assert.strictEqual(error._tag, "LedgerUnavailable")
        assert.include(error.message, "2000000000")
      }
    })
  ),
  sentence(
    "a key of an open delivery is kept by it until that has ended, also while it is claimed or put off",
    Effect.gen(function* () {
      const { another, id, owned } = yield* holding()
      stoodFor(yield* another(), id)
      yield* settled(owned, "retry")
      stoodFor(yield* another(base + second), id)
      const held = later(owned, second)
      const batch = yield* claimed(held)
      stoodFor(yield* another(base + second), id)
      const settlements = batch.deliveries.map((delivery) => ended(delivery, "failed"))
      yield* (yield* Ledger).settle({ ...held, settlements, finishedClaims: [batch.claimId] })
      const fresh = yield* another(base + second)
      assert.strictEqual(fresh._tag, "Inserted")
      stoodFor(yield* another(base + second), idOf(fresh))
    })
  ),
  sentence(
    "a key until started is free once its delivery is claimed, and when its try has ended",
    Effect.gen(function* () {
      const { another, id, owned } = yield* holding({ taken: "started" })
      stoodFor(yield* another(), id)
      const batch = yield* claimed(owned)
      const fresh = yield* another()
      assert.strictEqual(fresh._tag, "Inserted")
      const [delivery] = batch.deliveries
      if (delivery === undefined) return
      stoodFor(yield* another(), idOf(fresh))
      yield* settled(owned, "retry")
      assert.strictEqual((yield* another())._tag, "Inserted")
    })
  ),
  sentence(
    "what was given back or put off uncharged has not begun, and what was rescued has",
    Effect.gen(function* () {
      const { another, id, owned } = yield* holding({ taken: "started" })
      yield* settled(owned, "given back")
      stoodFor(yield* another(), id)
      yield* settled(owned, "snooze")
      stoodFor(yield* another(), id)
      yield* claimed(later(owned, second))
      yield* takenByAnother(owned)
      assert.strictEqual((yield* another())._tag, "Inserted")
    })
  ),
  sentence(
    "a key for a time is taken that long, to the millisecond, whatever becomes of its delivery",
    Effect.gen(function* () {
      const { another, id, owned } = yield* holding({ taken: 10 * second })
      yield* settled(owned, "completed")
      stoodFor(yield* another(base + 10 * second - 1, { taken: "ended" }), id)
      const fresh = yield* another(base + 10 * second)
      assert.strictEqual(fresh._tag, "Inserted")
      stoodFor(yield* another(base + 20 * second - 1), idOf(fresh))
    })
  ),
  sentence(
    "keys are of one workspace and one pipeline, and told apart letter by letter",
    Effect.gen(function* () {
      const { owned } = yield* holding()
      const other = yield* ownedWorkspace()
      const again = asked("other", { unique: unique("k") })
      assert.strictEqual((yield* dispatchedOne(other, again))._tag, "Inserted")
      const elsewhere = asked("other", { unique: unique("k"), delivery: { pipeline: "others" } })
      assert.strictEqual((yield* dispatchedOne(owned, elsewhere))._tag, "Inserted")
      for (const key of ["K", "k ", "ｋ", "k'; drop table keys; --", "k".repeat(200)]) {
        assert.strictEqual((yield* dispatchedOne(owned, asked("other", { unique: unique(key) })))._tag, "Inserted", key)
      }
    })
  ),
  sentence(
    "a taken key can be refused, by name of its delivery, and then nothing is recorded",
    Effect.gen(function* () {
      const { another, id, owned } = yield* holding()
      const refused = yield* another(base, { onConflict: "reject" })
      assert.deepStrictEqual(refused, { _tag: "Refused", reason: { _tag: "KeyTaken", by: id } })
      assert.deepStrictEqual(yield* payloadsAt(owned), ["first"])
    })
  ),
  sentence(
    "of one call, a dispatch sees those before it",
    Effect.gen(function* () {
      const owned = yield* ownedWorkspace()
      const answers = yield* dispatched(owned, [
        asked("a", { unique: unique("k") }),
        asked("b"),
        asked("c", { unique: unique("k") }),
        asked("d", { unique: unique("k", { onConflict: "replace" }) }),
        asked("e", { unique: unique("k", { onConflict: "reject" }) }),
        asked("f", { idempotencyKey: "r" }),
        asked("g", { idempotencyKey: "r", unique: unique("l") }),
        asked("h", { unique: unique("l") })
      ])
      const ids = idsOfAll(answers)
      assert.deepStrictEqual(tagsOf(answers), [
        "Inserted",
        "Inserted",
        "Deduplicated",
        "Deduplicated",
        "Refused",
        "Inserted",
        "Deduplicated",
        "Inserted"
      ])
      assert.deepStrictEqual([ids[2], ids[3], ids[6]], [ids[0], ids[0], ids[5]])
      assert.sameDeepMembers([...(yield* payloadsAt(owned))], ["d", "b", "f", "h"])
    })
  ),
  sentence(
    "the same request is answered as it was, for its period, whatever became of the first",
    Effect.gen(function* () {
      const owned = yield* ownedWorkspace()
      const request = (payload: unknown, now: number, pipeline = "jobs") =>
        dispatchedOne({ ...owned, now }, asked(payload, { idempotencyKey: "r", delivery: { pipeline } }))
      const first = yield* request("first", base)
      const id = idOf(first)
      yield* settled(owned, "completed")
      stoodFor(yield* request("second", base + second), id)
      stoodFor(yield* request("third", base + idempotencyPeriod - 1, "others"), id)
      const again = yield* request("fourth", base + idempotencyPeriod)
      assert.strictEqual(again._tag, "Inserted")
      const other = yield* ownedWorkspace()
      assert.strictEqual((yield* dispatchedOne(other, asked("other", { idempotencyKey: "r" })))._tag, "Inserted")
    })
  ),
  sentence(
    "a request is looked at before its unique key, and remembers what stood for it",
    Effect.gen(function* () {
      const { another, id, owned } = yield* holding()
      const request = (now: number) =>
        dispatchedOne(
          { ...owned, now },
          asked("asked", { idempotencyKey: "r", unique: unique("k", { onConflict: "replace" }) })
        )
      assert.deepStrictEqual(yield* request(base), { _tag: "Deduplicated", id, replaced: true })
      stoodFor(yield* request(base), id)
      yield* settled(later(owned, second), "completed")
      stoodFor(yield* request(base + second), id)
      assert.strictEqual((yield* another(base + second))._tag, "Inserted")
    })
  ),
  sentence(
    "a request that was refused was not made: nothing of it is remembered, and it may be made again",
    Effect.gen(function* () {
      const { id, owned } = yield* holding()
      const request = dispatchedOne(
        later(owned, second),
        asked("asked", { idempotencyKey: "r", unique: unique("k", { onConflict: "reject" }) })
      )
      assert.strictEqual((yield* request)._tag, "Refused")
      yield* settled(later(owned, second), "completed")
      const made = yield* request
      assert.strictEqual(made._tag, "Inserted")
      assert.isAbove(Number(idOf(made)), Number(id))
      stoodFor(yield* request, idOf(made))
    })
  )
]
