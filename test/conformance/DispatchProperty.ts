/**
 * Whatever is dispatched, claimed and settled, in whatever order, a Ledger answers each dispatch as its model does, and
 * hands out what the model has.
 */
import { assert } from "@effect/vitest"
import { type ClaimedDelivery } from "@fibercast/domain/Delivery"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Owned } from "@fibercast/ports/Owned"
import { Arbitrary, Effect, Schema } from "effect"
import { DispatchModel } from "./DispatchModel.ts"
import { background, ended, givenBack, later, ownedWorkspace, putOff } from "./Given.ts"
import { asked, dispatched, unique } from "./GivenDispatches.ts"
import { forAll } from "./Property.ts"
import { sentence } from "./Sentence.ts"

const upTo = (most: number, least = 0) => Schema.Int.check(Schema.isBetween({ minimum: least, maximum: most }))

const Dispatching = Schema.TaggedStruct("Dispatch", {
  key: Schema.NullOr(upTo(1)),
  taken: Schema.Union([Schema.Literals(["ended", "started", "started"]), upTo(4, 1)]),
  onConflict: Schema.Literals(["keep", "replace", "replace", "reject"]),
  atMost: Schema.NullOr(upTo(5)),
  delay: upTo(3),
  request: Schema.NullOr(upTo(3)),
  cap: Schema.NullOr(upTo(4, 2))
})
const Claim = Schema.TaggedStruct("Claim", { limit: upTo(2, 1) })
const Settle = Schema.TaggedStruct("Settle", {
  fates: Schema.Tuple([
    Schema.Literals(["completed", "failed", "retry", "snooze", "given back"]),
    Schema.Literals(["completed", "retry", "given back"])
  ]),
  wait: upTo(3, 1)
})
const Pass = Schema.TaggedStruct("Pass", { millis: upTo(3, 1) })
const Step = Schema.Union([Dispatching, Dispatching, Dispatching, Claim, Claim, Settle, Settle, Pass])
type Step = typeof Step.Type

const walk = Effect.fnUntraced(function* (steps: ReadonlyArray<Step>) {
  const ledger = yield* Ledger
  const model = new DispatchModel()
  let owned: Owned = yield* ownedWorkspace()
  const batches: Array<{ readonly claimId: bigint; readonly deliveries: ReadonlyArray<ClaimedDelivery> }> = []
  const jobOf = ({ id }: ClaimedDelivery) => model.jobs.find((job) => job.id === id) ?? assert.fail(`${id} is unknown`)

  const claim = Effect.fnUntraced(function* (limit: number) {
    const batch = yield* ledger.claim({ ...owned, source: background, limit, after: null })
    const expected = model.due(owned.now).slice(0, limit)
    assert.deepStrictEqual(
      (batch?.deliveries ?? []).map(({ dueAt, id, payload }) => ({ dueAt, id, payload })),
      expected.map(({ dueAt, id, payload }) => ({ dueAt, id, payload }))
    )
    for (const job of expected) job.state = "claimed"
    if (batch !== null) batches.push(batch)
  })

  const take = Effect.fnUntraced(function* (step: Step, at: number) {
    switch (step._tag) {
      case "Dispatch": {
        const { atMost, cap, delay, key, onConflict, request, taken } = step
        const dispatch = asked(at, {
          delivery: { dueAt: owned.now + delay },
          unique: key === null ? null : unique(`${key}`, { taken, onConflict, atMost }),
          idempotencyKey: request === null ? null : `${request}`,
          backlog: cap
        })
        const [answer] = yield* dispatched(owned, [dispatch])
        if (answer === undefined) return assert.fail("no answer")
        assert.deepStrictEqual(answer, model.expect(dispatch, owned.now, answer))
        return
      }
      case "Claim":
        return yield* claim(step.limit)
      case "Settle": {
        const batch = batches.shift()
        if (batch === undefined) return
        const fates = batch.deliveries.map((delivery, index) => ({ delivery, fate: step.fates[index] ?? "completed" }))
        const back = fates.filter(({ fate }) => fate === "given back").map(({ delivery }) => delivery)
        const settlements = fates.flatMap(({ delivery, fate }) => {
          if (fate === "given back") return []
          const dueAt = Math.max(owned.now, delivery.dueAt) + step.wait
          return [fate === "retry" || fate === "snooze" ? putOff(delivery, fate, dueAt) : ended(delivery, fate)]
        })
        const given = givenBack({ ...batch, claimedAt: 0 }, back)
        const settled = yield* ledger.settle({
          ...owned,
          settlements,
          givenBack: given,
          finishedClaims: [batch.claimId]
        })
        assert.strictEqual(settled.final + settled.later, settlements.length)
        for (const { delivery, fate } of fates) {
          const job = jobOf(delivery)
          job.state = fate === "completed" || fate === "failed" ? "over" : "waiting"
          if (fate === "retry") job.hasBegun = true
          if (fate === "retry" || fate === "snooze") job.dueAt = Math.max(owned.now, delivery.dueAt) + step.wait
        }
        return
      }
      case "Pass":
        owned = later(owned, step.millis)
    }
  })

  for (const [at, step] of steps.entries()) yield* take(step, at)
  owned = later(owned, 1000)
  yield* claim(1000)
})

/** `runs` random histories of one pipeline in a workspace. */
export const anyDispatches = (runs: number) =>
  sentence(
    "whatever is dispatched, claimed and settled in whatever order, each dispatch is answered by what stands for it",
    forAll(Arbitrary.array(Arbitrary.schema(Step), { minLength: 1, maxLength: 40 }), runs, walk)
  )
