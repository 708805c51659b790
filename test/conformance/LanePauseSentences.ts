/**
 * What a pause of lanes keeps from being claimed and begun, and what it leaves alone; and what stands in claims meanwhile.
 */
import { assert } from "@effect/vitest"
import { type Lane } from "@fibercast/domain/Lane"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { Ledger, type Source } from "@fibercast/ports/Ledger"
import { type Owned } from "@fibercast/ports/Owned"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect } from "effect"
import {
  background,
  base,
  claimable,
  claimed,
  claimedCampaign,
  ended,
  givenBack,
  heldOf,
  idsOf,
  job,
  jobs,
  later,
  lease,
  ownedWorkspace,
  putOff,
  runningCampaign,
  second,
  start,
  takenByAnother
} from "./Given.ts"
import { sentence } from "./Sentence.ts"

const sourceOf = (lane: Lane): Source => ({ lane, campaignId: null })

const pause = Effect.fnUntraced(function* ({ now, workspaceId }: Owned, lane: Lane) {
  yield* (yield* WorkspaceStore).pauseLanes(workspaceId, { lanes: [lane], note: null, now })
})

const resume = Effect.fnUntraced(function* ({ workspaceId }: Owned, lane: Lane) {
  yield* (yield* WorkspaceStore).resumeLanes(workspaceId, [lane])
})

/** Whether the workspace is due, for those who serve these lanes. */
const isDue = Effect.fnUntraced(function* ({ now, workspaceId }: Owned, lanes?: ReadonlyArray<Lane>) {
  const due = yield* (yield* Ledger).dueWorkspaces({ by: now, now, limit: 10_000, lanes })
  return due.some((found) => found.workspaceId === workspaceId)
})

/** An owned workspace with one due job in each of the two lanes. */
const twoLanes = Effect.gen(function* () {
  const owned = yield* ownedWorkspace()
  const deliveries = [job({ at: "normal" }), job({ at: "bulk" }, { lane: "bulk" })]
  yield* (yield* Ledger).insert({ ...owned, deliveries })
  return owned
})

export const lanePauseSentences = [
  sentence(
    "nothing of a paused lane is claimed, however late it is dispatched; other lanes and other workspaces go on",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* twoLanes
      const other = yield* twoLanes
      yield* pause(owned, "bulk")
      yield* ledger.insert({ ...owned, deliveries: [job({}, { lane: "bulk" })] })
      assert.isNull(yield* ledger.claim({ ...owned, source: sourceOf("bulk"), limit: 10, after: null }))
      assert.lengthOf(yield* claimable(owned), 1)
      assert.lengthOf(yield* claimable(other, sourceOf("bulk")), 1)
    })
  ),
  sentence(
    "what was paused is claimed once it is resumed, with the due times and attempts that it had",
    Effect.gen(function* () {
      const owned = yield* ownedWorkspace()
      yield* (yield* Ledger).insert({ ...owned, deliveries: jobs(3, { lane: "bulk" }) })
      yield* pause(owned, "bulk")
      const at = later(owned, 60 * second)
      assert.lengthOf(yield* claimable(at, sourceOf("bulk")), 0)
      yield* resume(at, "bulk")
      const { deliveries } = yield* claimed(at, sourceOf("bulk"))
      assert.deepStrictEqual(
        deliveries.map(({ attempt, dueAt, rescues }) => ({ attempt, dueAt, rescues })),
        Array.from({ length: 3 }, () => ({ attempt: 0, dueAt: base, rescues: 0 }))
      )
    })
  ),
  sentence(
    "a pause holds whoever owns the workspace next",
    Effect.gen(function* () {
      const owned = yield* twoLanes
      yield* pause(owned, "bulk")
      const next = (yield* takenByAnother(owned)).owned
      assert.lengthOf(yield* claimable(next, sourceOf("bulk")), 0)
      assert.lengthOf(yield* claimable(next), 1)
    })
  ),
  sentence(
    "what a claim of a paused lane holds ends as it ends, and a retry of it waits for the lane",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      yield* ledger.insert({ ...owned, deliveries: jobs(2) })
      const { claimId, deliveries } = yield* claimed(owned)
      yield* pause(owned, "normal")
      const [first, second_] = deliveries
      if (first === undefined || second_ === undefined) return assert.fail("two were claimed")
      const settlements = [ended(first, "completed"), putOff(second_, "retry", base + second)]
      assert.deepStrictEqual(yield* ledger.settle({ ...owned, settlements, finishedClaims: [claimId] }), {
        final: 1,
        later: 1
      })
      const at = later(owned, 5 * second)
      assert.lengthOf(yield* claimable(at), 0)
      yield* resume(at, "normal")
      assert.deepStrictEqual(
        (yield* claimable(at)).map(({ attempt, id }) => ({ attempt, id })),
        [{ attempt: 1, id: second_.id }]
      )
    })
  ),
  sentence(
    "what is due of a paused lane makes no workspace due, and is not what is due next; its other work still is",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const { workspaceId } = owned
      yield* ledger.insert({ ...owned, deliveries: [job({}, { lane: "bulk" })] })
      const source = sourceOf("bulk")
      assert.isTrue(yield* isDue(owned))
      yield* pause(owned, "bulk")
      assert.isFalse(yield* isDue(owned))
      assert.isNull(yield* ledger.nextDue({ workspaceId, source }))
      yield* ledger.insert({ ...owned, deliveries: [job()] })
      assert.isTrue(yield* isDue(owned))
      assert.strictEqual(yield* ledger.nextDue({ workspaceId, source: background }), base)
      yield* resume(owned, "bulk")
      assert.strictEqual(yield* ledger.nextDue({ workspaceId, source }), base)
    })
  ),
  sentence(
    "work is due for those who serve its lane",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      yield* ledger.insert({ ...owned, deliveries: [job({}, { lane: "bulk" })] })
      assert.isTrue(yield* isDue(owned, ["bulk"]))
      assert.isTrue(yield* isDue(owned, ["urgent", "bulk"]))
      assert.isFalse(yield* isDue(owned, ["urgent", "high", "normal"]))
      yield* ledger.insert({ ...owned, deliveries: [job({}, { lane: "urgent" })] })
      assert.isTrue(yield* isDue(owned, ["urgent"]))
      assert.isFalse(yield* isDue(owned, ["high"]))
    })
  ),
  sentence(
    "claims of an owner that went silent make a workspace due whichever lanes are served or paused",
    Effect.gen(function* () {
      const owned = yield* twoLanes
      yield* claimed(owned)
      yield* pause(owned, "normal")
      yield* pause(owned, "bulk")
      const silent = later(owned, lease)
      assert.isTrue(yield* isDue(silent, ["urgent"]))
    })
  ),
  sentence(
    "a heartbeat answers the lanes that are paused",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const beat = ledger.heartbeat({ ...owned, lease })
      assert.deepStrictEqual(yield* beat, [])
      yield* pause(owned, "bulk")
      yield* pause(owned, "urgent")
      assert.deepStrictEqual(yield* beat, ["urgent", "bulk"])
      yield* resume(owned, "urgent")
      assert.deepStrictEqual(yield* beat, ["bulk"])
    })
  ),
  sentence(
    "work of a paused lane is to be given back, and is not marked; resumed, it may be sent",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, ids, owned, running, source } = yield* runningCampaign(2)
      const begin = ledger.begin({ ...owned, held: heldOf(batch), campaign: running, mark: true })
      yield* pause(owned, "normal")
      assert.deepStrictEqual(yield* ledger.begin({ ...owned, held: heldOf(batch), campaign: running, mark: false }), {
        go: ids,
        back: []
      })
      yield* pause(owned, source.lane)
      assert.deepStrictEqual(yield* begin, { go: [], back: ids })
      yield* resume(owned, source.lane)
      assert.deepStrictEqual(yield* begin, { go: ids, back: [] })
      assert.deepStrictEqual(yield* begin, { go: [], back: [] })
    })
  ),
  sentence(
    "what stands in claims is counted by lane, with its owner, until it ends or has left them",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned } = yield* claimedCampaign(3)
      const { workspaceId } = owned
      yield* ledger.insert({ ...owned, deliveries: jobs(2) })
      const more = yield* claimed(owned)
      yield* start(owned, batch, batch.deliveries.slice(0, 2))
      const empty = { urgent: 0, high: 0, normal: 0, bulk: 0 }
      const owner = { owner: "node-a", ownedUntil: base + lease }
      assert.strictEqual(campaign.spec.lane, "bulk")
      assert.deepStrictEqual(yield* ledger.holding(workspaceId), {
        ...owner,
        held: { ...empty, normal: 2, bulk: 3 },
        started: 2
      })
      const [first] = batch.deliveries
      if (first === undefined) return assert.fail("three were claimed")
      const settlements = [ended(first, "completed")]
      const returned = givenBack(more, more.deliveries.slice(0, 1))
      yield* ledger.settle({ ...owned, settlements, givenBack: returned, finishedClaims: [] })
      assert.deepStrictEqual(yield* ledger.holding(workspaceId), {
        ...owner,
        held: { ...empty, normal: 1, bulk: 2 },
        started: 1
      })
      yield* ledger.abandon(owned)
      const nothing = { owner: null, ownedUntil: null, held: empty, started: 0 }
      assert.deepStrictEqual(yield* ledger.holding(workspaceId), nothing)
      assert.deepStrictEqual(yield* ledger.holding(WorkspaceId.make(2_000_000_000)), nothing)
      assert.lengthOf(idsOf(batch.deliveries), 3)
    })
  )
]
