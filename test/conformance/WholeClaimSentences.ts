/**
 * What a claim is whole no more by, so that it is not begun as one, and what leaves it whole.
 */
import { assert } from "@effect/vitest"
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type Lane } from "@fibercast/domain/Lane"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Owned } from "@fibercast/ports/Owned"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect } from "effect"
import {
  base,
  claimed,
  claimedMore,
  claimsOf,
  ended,
  givenBack,
  heldOf,
  idsOf,
  job,
  later,
  ownedWorkspace,
  putOff,
  runningCampaign,
  second,
  start,
  takenByAnother,
  wholeOf
} from "./Given.ts"
import { sentence } from "./Sentence.ts"

/** An owned workspace, two claims of two jobs each, and a settle of nothing yet. */
const twoClaims = Effect.gen(function* () {
  const owned = yield* ownedWorkspace()
  const settle = { ...owned, settlements: [], finishedClaims: [] }
  return { owned, settle, one: yield* claimedMore(owned, 2), other: yield* claimedMore(owned, 2) }
})

const recall = Effect.fnUntraced(function* (
  { now, workspaceId }: Owned,
  deliveries: ReadonlyArray<{ readonly id: DeliveryId }>,
  force = false
) {
  const ids = idsOf(deliveries)
  yield* (yield* Ledger).recall({ workspaceId, now, ids, reason: "a mistake", force })
})

export const wholeClaimSentences = [
  ...(["retry", "snooze"] as const).map((state) =>
    sentence(
      `a claim that something left by ${state} is not answered, not even once that is claimed again; the others are`,
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const { one, other, owned, settle } = yield* twoClaims
        const settlements = one.deliveries.slice(0, 1).map((delivery) => putOff(delivery, state, base + second))
        yield* ledger.settle({ ...settle, settlements })
        assert.deepStrictEqual(yield* wholeOf(owned, [one, other]), claimsOf([other]))
        const due = later(owned, second)
        const again = yield* claimed(due)
        assert.deepStrictEqual(yield* wholeOf(due, [one, other, again]), claimsOf([other, again]))
      })
    )
  ),
  sentence(
    "a claim that gave something back is not answered; what claims that again is, and so are the others",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { one, other, owned, settle } = yield* twoClaims
      yield* ledger.settle({ ...settle, givenBack: givenBack(one, one.deliveries.slice(0, 1)) })
      assert.deepStrictEqual(yield* wholeOf(owned, [one, other]), claimsOf([other]))
      const again = yield* claimed(owned)
      assert.deepStrictEqual(yield* wholeOf(owned, [one, other, again]), claimsOf([other, again]))
    })
  ),
  sentence(
    "a claim that something was rescued of is not answered; what claims that again is, and so are the others",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { one, other, owned } = yield* twoClaims
      yield* ledger.rescue({ ...owned, held: heldOf(one).slice(0, 1) })
      assert.deepStrictEqual(yield* wholeOf(owned, [one, other]), claimsOf([other]))
      const again = yield* claimed(owned)
      assert.deepStrictEqual(yield* wholeOf(owned, [one, other, again]), claimsOf([other, again]))
    })
  ),
  ...(["completed", "failed"] as const).map((state) =>
    sentence(
      `a claim is answered still of which something, or all, has ${state}, as long as it stands`,
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const { one, other, owned, settle } = yield* twoClaims
        const claims = [one, other]
        for (const delivery of one.deliveries) {
          yield* ledger.settle({ ...settle, settlements: [ended(delivery, state)] })
          assert.deepStrictEqual(yield* wholeOf(owned, claims), claimsOf(claims))
        }
        yield* ledger.settle({ ...settle, finishedClaims: [one.claimId] })
        assert.deepStrictEqual(yield* wholeOf(owned, claims), claimsOf([other]))
      })
    )
  ),
  sentence(
    "a claim that was finished, has completed, or was given back as a whole is not answered",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { one, other, owned, settle } = yield* twoClaims
      const third = yield* claimedMore(owned, 2)
      yield* ledger.settle({ ...settle, finishedClaims: [one.claimId] })
      assert.deepStrictEqual(yield* wholeOf(owned, [one, other, third]), claimsOf([other, third]))
      yield* ledger.settle({ ...settle, completedClaims: [other.claimId] })
      assert.deepStrictEqual(yield* wholeOf(owned, [one, other, third]), claimsOf([third]))
      yield* ledger.giveBack({ ...owned, except: [] })
      assert.deepStrictEqual(yield* wholeOf(owned, [one, other, third]), [])
      const again = yield* claimed(owned)
      assert.deepStrictEqual(yield* wholeOf(owned, [one, other, third, again]), claimsOf([again]))
    })
  ),
  sentence(
    "a claim of an owner that is gone is not answered to the next",
    Effect.gen(function* () {
      const { one, other, owned } = yield* twoClaims
      const { owned: next } = yield* takenByAnother(owned)
      const again = yield* claimed(next)
      assert.deepStrictEqual(yield* wholeOf(next, [one, other, again]), claimsOf([again]))
    })
  ),
  sentence(
    "once its owner is asked to stop something, no claim is answered that was made before, whatever it holds",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { one, other, owned, settle } = yield* twoClaims
      const asked = one.deliveries.slice(0, 1)
      yield* recall(owned, asked)
      assert.deepStrictEqual(yield* wholeOf(owned, [one, other]), [])
      yield* ledger.settle({ ...settle, settlements: asked.map((delivery) => ended(delivery, "cancelled")) })
      yield* ledger.recalled(owned)
      assert.deepStrictEqual(yield* wholeOf(owned, [one, other]), [])
    })
  ),
  sentence(
    "once something is recalled by force, no claim is answered that was made before, whatever it holds",
    Effect.gen(function* () {
      const { one, other, owned } = yield* twoClaims
      yield* recall(owned, one.deliveries.slice(0, 1), true)
      assert.deepStrictEqual(yield* wholeOf(owned, [one, other]), [])
    })
  ),
  sentence(
    "once something is recalled that no claim holds, no claim is answered that was made before",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { one, other, owned } = yield* twoClaims
      const [waiting] = yield* ledger.insert({ ...owned, deliveries: [job({}, { dueAt: base + second })] })
      assert.isDefined(waiting)
      yield* recall(owned, waiting === undefined ? [] : [{ id: waiting }])
      assert.deepStrictEqual(yield* wholeOf(owned, [one, other]), [])
    })
  ),
  sentence(
    "a claim that is made after a recall is answered, before its owner looks at it and after",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { one, other, owned } = yield* twoClaims
      yield* recall(owned, one.deliveries.slice(0, 1))
      const made = yield* claimedMore(owned, 2)
      assert.deepStrictEqual(yield* wholeOf(owned, [one, other, made]), claimsOf([made]))
      yield* ledger.recalled(owned)
      assert.deepStrictEqual(yield* wholeOf(owned, [one, other, made]), claimsOf([made]))
    })
  ),
  sentence(
    "claims are answered whatever is recalled in another workspace, and after a recall of nothing",
    Effect.gen(function* () {
      const { one, other, owned } = yield* twoClaims
      const elsewhere = yield* twoClaims
      yield* recall(elsewhere.owned, elsewhere.one.deliveries)
      yield* recall(owned, [])
      assert.deepStrictEqual(yield* wholeOf(owned, [one, other]), claimsOf([one, other]))
    })
  ),
  sentence(
    "claims of a paused lane are not answered, those of other lanes are; resumed, all are",
    Effect.gen(function* () {
      const workspaces = yield* WorkspaceStore
      const { owned, one } = yield* twoClaims
      const bulk = yield* claimedMore(owned, 2, { lane: "bulk", campaignId: null })
      const pause = (...lanes: readonly [Lane, ...Array<Lane>]) =>
        workspaces.pauseLanes(owned.workspaceId, { lanes, note: null, now: base })
      yield* pause("bulk", "urgent")
      assert.deepStrictEqual(yield* wholeOf(owned, [one, bulk]), claimsOf([one]))
      yield* pause("normal")
      assert.deepStrictEqual(yield* wholeOf(owned, [one, bulk]), [])
      yield* workspaces.resumeLanes(owned.workspaceId, ["bulk", "normal"])
      assert.deepStrictEqual(yield* wholeOf(owned, [one, bulk]), claimsOf([one, bulk]))
    })
  ),
  sentence(
    "a claim of which something is marked as started is not answered, though that has ended; the others are",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { one, other, owned, settle } = yield* twoClaims
      const started = one.deliveries.slice(1)
      yield* start(owned, one, started)
      assert.deepStrictEqual(yield* wholeOf(owned, [one, other]), claimsOf([other]))
      yield* ledger.settle({ ...settle, settlements: started.map((delivery) => ended(delivery, "completed")) })
      assert.deepStrictEqual(yield* wholeOf(owned, [one, other]), claimsOf([other]))
    })
  ),
  ...[true, false].map((mark) =>
    sentence(
      mark
        ? "a claim of which something was begun with the mark is not answered"
        : "a claim that was begun without the mark is answered again",
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const { batch, ids, owned, running } = yield* runningCampaign(3)
        const held = heldOf(batch).slice(0, 1)
        const begun = yield* ledger.begin({ ...owned, held, campaign: running, mark })
        assert.deepStrictEqual(begun.go, ids.slice(0, 1))
        assert.deepStrictEqual(yield* wholeOf(owned, [batch], running), mark ? [] : claimsOf([batch]))
      })
    )
  )
]
