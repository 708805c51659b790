/**
 * Whatever happens to a workspace, in whatever order, a Ledger answers as its model does: same
 * claims, same answers, same counts, same final records, and the conservation law after each step.
 */
import { assert } from "@effect/vitest"
import { isBalanced } from "@fibercast/domain/Counts"
import { type ClaimedDelivery } from "@fibercast/domain/Delivery"
import { finalStates, isFinal } from "@fibercast/domain/DeliveryState"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { type BeginClaims } from "@fibercast/ports/HandOver"
import { type Batch, Ledger } from "@fibercast/ports/Ledger"
import { type GivenBack, type Settlement } from "@fibercast/ports/Settlement"
import { type Owned } from "@fibercast/ports/Owned"
import { Arbitrary, Effect, Schema } from "effect"
import {
  background,
  countsOf,
  ended,
  freshCampaign,
  givenBack,
  heldOf,
  idsOf,
  jobs,
  later,
  lease,
  ownedWorkspace,
  putOff,
  second,
  sourceOf,
  start
} from "./Given.ts"
import { LedgerModel } from "./LedgerModel.ts"
import { forAll } from "./Property.ts"
import { sentence } from "./Sentence.ts"

const upTo = (most: number, least = 0) => Schema.Int.check(Schema.isBetween({ minimum: least, maximum: most }))
/** Being put off comes more often than each way to end. */
const Fate = Schema.Union([
  Schema.Literals(finalStates),
  Schema.Literals(["retry", "left"]),
  Schema.Literals(["snooze", "left"]),
  Schema.Literal("given back")
])

/** 0 is the newest. */
const WhichBatch = upTo(4)

const Insert = Schema.TaggedStruct("Insert", { source: upTo(2), count: upTo(4, 1), delay: upTo(2) })
const Claim = Schema.TaggedStruct("Claim", { source: upTo(2), limit: upTo(5, 1) })
const Start = Schema.TaggedStruct("Start", { batch: WhichBatch, count: upTo(3) })
const Begin = Schema.TaggedStruct("Begin", { batch: WhichBatch, from: upTo(2), count: upTo(3), mark: Schema.Boolean })
const Settle = Schema.TaggedStruct("Settle", {
  batch: WhichBatch,
  fates: Schema.Tuple([Fate, Fate, Fate]),
  claim: Schema.Literals(["stays", "is finished", "stays", "has completed"])
})
const Cancel = Schema.TaggedStruct("Cancel", { source: upTo(1) })
/** 0 is the newest delivery. */
const Recall = Schema.TaggedStruct("Recall", {
  which: Schema.Tuple([upTo(8), upTo(8), upTo(8)]),
  force: Schema.Boolean
})
const Recalled = Schema.TaggedStruct("Recalled", {})
const TakeOver = Schema.TaggedStruct("TakeOver", { isAbandoned: Schema.Boolean })
const Pass = Schema.TaggedStruct("Pass", { seconds: upTo(3, 1) })

/** What makes histories long comes more often than what cuts them short. */
const Step = Schema.Union([
  Insert,
  Claim,
  Settle,
  Start,
  Insert,
  Claim,
  Settle,
  Pass,
  Claim,
  Settle,
  Cancel,
  TakeOver,
  Recall,
  Recalled,
  Begin,
  Begin
])
type Step = typeof Step.Type

const walk = Effect.fnUntraced(function* (steps: ReadonlyArray<Step>) {
  const ledger = yield* Ledger
  const model = new LedgerModel()
  const batches: Array<Batch> = []
  let owned: Owned = yield* ownedWorkspace()
  const one = yield* freshCampaign(owned.workspaceId, "one")
  const campaigns = yield* CampaignStore
  const change = { workspaceId: owned.workspaceId, campaignId: one.id, note: null, now: owned.now }
  const running = yield* campaigns.transition({ ...change, from: ["scheduled"], to: "running" })
  const two = yield* freshCampaign(owned.workspaceId, "two", { lane: "urgent" })
  const sources = [sourceOf(one), sourceOf(two), background]
  const sourceAt = (index: number) => sources[index] ?? background
  /** The first source from this one on that has work, so that few claims are in vain. */
  const sourceFrom = (index: number) => {
    const turns = [index, index + 1, index + 2].map((turn) => turn % sources.length)
    return turns.find((turn) => model.claimable(sourceAt(turn), owned.now, 1).length > 0) ?? index
  }
  const batchAt = (index: number) => batches.at(-1 - index) ?? batches[0]

  const claim = Effect.fnUntraced(function* (index: number, limit: number) {
    const source = sourceAt(index)
    const expected = model.claimable(source, owned.now, limit)
    const batch = yield* ledger.claim({ ...owned, source, limit, after: null })
    const found = batch?.deliveries.map(({ attempt, dueAt, id, rescues }) => ({ attempt, dueAt, id, rescues })) ?? []
    assert.deepStrictEqual(
      found,
      expected.map(({ attempt, dueAt, id, rescues }) => ({ attempt, dueAt, id, rescues }))
    )
    if (batch === null) return null
    model.claim(expected, batch.claimId)
    batches.push(batch)
    return batch
  })

  const settle = Effect.fnUntraced(function* (
    settlements: ReadonlyArray<Settlement>,
    finishedClaims: ReadonlyArray<bigint>,
    givenBack: ReadonlyArray<GivenBack> = [],
    completedClaims: ReadonlyArray<bigint> = []
  ) {
    const settled = yield* ledger.settle({ ...owned, settlements, finishedClaims, givenBack, completedClaims })
    assert.deepStrictEqual(settled, model.settle(settlements, finishedClaims, givenBack, completedClaims))
  })

  /** Asks about every claim that ever was, under one campaign. */
  const whole = Effect.fnUntraced(function* (campaign: BeginClaims["campaign"], isRunning: boolean) {
    const claims = batches.map(({ claimId }) => claimId)
    const answered = yield* ledger.beginClaims({ ...owned, claims, campaign })
    const answers = claims.map((claimId) => {
      const expected = model.isWhole(claimId, campaign?.id ?? null, isRunning)
      return { claimId, found: answered.includes(claimId), expected: expected ?? answered.includes(claimId) }
    })
    assert.deepStrictEqual(
      answers.filter(({ found }) => found),
      answers.filter(({ expected }) => expected)
    )
  })

  /** Whether a sender may say how it ended: it holds it, or is too late with it. */
  const isTellable = (batch: Batch, { dueAt, id }: ClaimedDelivery) => {
    const row = model.rows.find((row) => row.id === id)
    if (row === undefined || isFinal(row.state) || row.dueAt !== dueAt) return true
    return row.state === "claimed" && row.claimId === batch.claimId
  }

  const take = Effect.fnUntraced(function* (step: Step) {
    switch (step._tag) {
      case "Insert": {
        const due = { ...sourceAt(step.source), dueAt: owned.now + step.delay * second }
        const deliveries = jobs(step.count, due)
        model.insert(yield* ledger.insert({ ...owned, deliveries }), deliveries, owned.now)
        return
      }
      case "Claim":
        yield* claim(sourceFrom(step.source), step.limit)
        return
      case "Start": {
        const batch = batchAt(step.batch)
        if (batch === undefined) return
        const started = batch.deliveries.slice(0, step.count)
        yield* start(owned, batch, started)
        model.start(idsOf(started), batch.claimId)
        return
      }
      case "Begin": {
        const batch = batchAt(step.batch)
        if (batch === undefined) return
        const held = heldOf(batch)
        const named = held.slice(step.from, step.from + step.count)
        const campaignId = batch.deliveries[0]?.campaignId ?? null
        const campaign = campaignId === null ? null : { id: campaignId, epoch: running.epoch }
        const isRunning = campaignId !== two.id
        yield* whole(campaign, isRunning)
        const begun = yield* ledger.begin({ ...owned, held: named, campaign, mark: step.mark })
        assert.deepStrictEqual(begun, model.begin(named, isRunning, step.mark))
        assert.deepStrictEqual(yield* ledger.standing({ ...owned, held }), model.standing(held))
        return
      }
      case "Settle": {
        const batch = batchAt(step.batch)
        if (batch === undefined) return
        const fateOf = (index: number) => step.fates[index % step.fates.length] ?? "left"
        const released = batch.deliveries.filter((_, index) => fateOf(index) === "given back")
        const settlements = batch.deliveries.flatMap((delivery, index) => {
          const fate = fateOf(index)
          if (fate === "left" || fate === "given back" || !isTellable(batch, delivery)) return []
          const isLater = fate === "retry" || fate === "snooze"
          return [isLater ? putOff(delivery, fate, owned.now + 2 * second) : ended(delivery, fate)]
        })
        const claims = (told: typeof step.claim) => (step.claim === told ? [batch.claimId] : [])
        yield* settle(settlements, claims("is finished"), givenBack(batch, released), claims("has completed"))
        return
      }
      case "Cancel": {
        const campaignId = step.source === 0 ? one.id : two.id
        const cancelled = yield* ledger.cancel({ ...owned, campaignId, limit: 1000, reason: "stopped" })
        assert.strictEqual(cancelled, model.cancel(campaignId))
        return
      }
      case "Recall": {
        const ids = step.which.flatMap((index) => model.rows.at(-1 - index)?.id ?? [])
        const { force } = step
        const answer = yield* ledger.recall({ ...owned, ids, reason: "a mistake", force })
        assert.deepStrictEqual(answer, model.recall(ids, force))
        return
      }
      case "Recalled": {
        const stops = yield* ledger.recalled(owned)
        assert.deepStrictEqual(idsOf(stops), model.recalled())
        return
      }
      case "TakeOver": {
        if (step.isAbandoned) {
          yield* ledger.abandon(owned)
          model.takeOver()
        }
        const taken = yield* ledger.takeOver({ ...owned, owner: "node-b", lease, force: true })
        const stale = yield* Effect.flip(ledger.claim({ ...owned, source: background, limit: 1, after: null }))
        assert.strictEqual(stale._tag, "EpochLost")
        const { epoch, ...answer } = taken
        assert.deepStrictEqual(answer, model.takeOver())
        owned = { ...owned, epoch }
        return
      }
      case "Pass":
        owned = later(owned, step.seconds * second)
    }
  })

  const check = Effect.fnUntraced(function* () {
    for (const { id } of [one, two]) {
      const counts = yield* countsOf(owned.workspaceId, id)
      assert.deepStrictEqual(counts, model.counts(id))
      assert.isTrue(isBalanced(counts))
    }
  })

  for (const step of steps) {
    yield* take(step)
    yield* check()
  }

  // Whatever state it was left in, everything open can still be brought to an end.
  owned = later(owned, 60 * second)
  yield* take({ _tag: "TakeOver", isAbandoned: false })
  yield* take({ _tag: "Recalled" })
  for (const index of sources.keys()) {
    const batch = yield* claim(index, 1000)
    if (batch === null) continue
    yield* settle(
      batch.deliveries.map((delivery) => ended(delivery, "completed")),
      [batch.claimId]
    )
  }
  for (const { id } of [one, two]) {
    assert.strictEqual((yield* countsOf(owned.workspaceId, id)).open, 0)
    const done = yield* ledger.done({ campaignId: id, states: finalStates, after: null, limit: 1000 })
    assert.deepStrictEqual(
      done.map(({ id, state }) => ({ id, state })),
      model.done(id)
    )
  }
})

/** `runs` random histories of one workspace. */
export const anyHistory = (runs: number) =>
  sentence(
    "whatever happens in whatever order, each delivery has one state and the counts add up",
    forAll(Arbitrary.array(Arbitrary.schema(Step), { minLength: 1, maxLength: 40 }), runs, walk)
  )
