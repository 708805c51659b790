/**
 * Who may write for a workspace, for how long, and what an old owner can no longer do.
 */
import { assert } from "@effect/vitest"
import { none } from "@fibercast/domain/Counts"
import { Ledger } from "@fibercast/ports/Ledger"
import { EpochLost, WorkspaceHeld } from "@fibercast/ports/Owned"
import { Effect } from "effect"
import {
  base,
  claimable,
  claimed,
  claimedCampaign,
  countsOf,
  ended,
  freshWorkspace,
  idsOf,
  later,
  lease,
  openCampaign,
  ownedWorkspace,
  second,
  start,
  takenByAnother
} from "./Given.ts"
import { sentence } from "./Sentence.ts"

export const ownershipSentences = [
  sentence(
    "every take-over raises the epoch by one",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { id: workspaceId } = yield* freshWorkspace
      const take = ledger.takeOver({ workspaceId, owner: "node-a", now: base, lease, force: true })
      const first = yield* take
      const second = yield* take
      assert.strictEqual(second.epoch, first.epoch + 1)
      assert.deepStrictEqual({ ...first, epoch: 0 }, { epoch: 0, rescued: 0, unknown: 0 })
    })
  ),
  sentence(
    "a workspace with a live owner is not taken over, and the answer names owner and end of lease",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const { workspaceId } = owned
      const take = { workspaceId, owner: "node-b", now: base + lease - 1, lease, force: false }
      const held = yield* Effect.flip(ledger.takeOver(take))
      assert.deepStrictEqual(held, new WorkspaceHeld({ workspaceId, owner: "node-a", until: base + lease }))
      yield* ledger.heartbeat({ ...owned, lease })
    })
  ),
  sentence(
    "a workspace is taken over from the instant its owner's lease ends",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { epoch, workspaceId } = yield* ownedWorkspace()
      const taken = yield* ledger.takeOver({ workspaceId, owner: "node-b", now: base + lease, lease, force: false })
      assert.strictEqual(taken.epoch, epoch + 1)
    })
  ),
  sentence(
    "force takes a workspace over from a live owner",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { epoch, workspaceId } = yield* ownedWorkspace()
      const taken = yield* ledger.takeOver({ workspaceId, owner: "node-b", now: base + 1, lease, force: true })
      assert.strictEqual(taken.epoch, epoch + 1)
    })
  ),
  sentence(
    "the same owner may take over again, and what it held before is rescued",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { owned, source } = yield* claimedCampaign(2)
      const { workspaceId } = owned
      const taken = yield* ledger.takeOver({ workspaceId, owner: "node-a", now: base + 1, lease, force: false })
      assert.deepStrictEqual(taken, { epoch: taken.epoch, rescued: 2, unknown: 0 })
      assert.strictEqual((yield* claimable({ ...owned, epoch: taken.epoch }, source)).length, 2)
      assert.instanceOf(yield* Effect.flip(ledger.heartbeat({ ...owned, lease })), EpochLost)
    })
  ),
  sentence(
    "a heartbeat keeps the ownership for another lease",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      yield* ledger.heartbeat({ ...later(owned, 20 * second), lease })
      const take = { workspaceId: owned.workspaceId, owner: "node-b", lease, force: false }
      const held = yield* Effect.flip(ledger.takeOver({ ...take, now: base + lease + second }))
      assert.deepInclude(held, { _tag: "WorkspaceHeld", until: base + 20 * second + lease })
      yield* ledger.takeOver({ ...take, now: base + 20 * second + lease })
    })
  ),
  sentence(
    "an old epoch cannot claim",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { ids, owned, source } = yield* openCampaign(2)
      const { owned: next } = yield* takenByAnother(owned)
      const lost = yield* Effect.flip(ledger.claim({ ...owned, source, limit: 10, after: null }))
      assert.deepStrictEqual(lost, new EpochLost({ workspaceId: owned.workspaceId, epoch: owned.epoch }))
      assert.deepStrictEqual(idsOf(yield* claimable(next, source)), ids)
    })
  ),
  sentence(
    "an old epoch cannot settle, nor finish a claim",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned, source } = yield* claimedCampaign(2)
      const { owned: next } = yield* takenByAnother(owned)
      const again = yield* claimed(next, source)
      const settlements = batch.deliveries.map((delivery) => ended(delivery, "completed"))
      const finishedClaims = [batch.claimId, again.claimId]
      const lost = yield* Effect.flip(ledger.settle({ ...owned, settlements, finishedClaims }))
      assert.instanceOf(lost, EpochLost)
      assert.deepStrictEqual(yield* countsOf(owned.workspaceId, campaign.id), { ...none, planned: 2, open: 2 })
      assert.deepStrictEqual(yield* claimable(next, source), [])
    })
  ),
  sentence(
    "an old epoch cannot keep the ownership",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const { owned: next } = yield* takenByAnother(owned)
      const lost = yield* Effect.flip(ledger.heartbeat({ ...owned, lease: 3600 * second }))
      assert.instanceOf(lost, EpochLost)
      const take = { workspaceId: owned.workspaceId, owner: "node-c", now: base + lease, lease, force: false }
      assert.strictEqual((yield* ledger.takeOver(take)).epoch, next.epoch + 1)
    })
  ),
  sentence(
    "an old epoch cannot write the started mark",
    Effect.gen(function* () {
      const { batch, owned, source } = yield* claimedCampaign(2)
      const { owned: next } = yield* takenByAnother(owned)
      yield* claimed(next, source)
      assert.instanceOf(yield* Effect.flip(start(owned, batch, batch.deliveries)), EpochLost)
      const { taken } = yield* takenByAnother(next)
      assert.deepStrictEqual(taken, { epoch: taken.epoch, rescued: 2, unknown: 0 })
    })
  ),
  sentence(
    "an old epoch cannot cancel",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { campaign, owned } = yield* openCampaign(2)
      yield* takenByAnother(owned)
      const cancel = ledger.cancel({ ...owned, campaignId: campaign.id, limit: 10, reason: "stopped" })
      assert.instanceOf(yield* Effect.flip(cancel), EpochLost)
      assert.deepStrictEqual(yield* countsOf(owned.workspaceId, campaign.id), { ...none, planned: 2, open: 2 })
    })
  ),
  sentence(
    "an abandoned workspace is free at once, and its work is given back",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { ids, owned, source } = yield* claimedCampaign(2)
      yield* ledger.abandon(owned)
      const take = { workspaceId: owned.workspaceId, owner: "node-b", now: base + 1, lease, force: false }
      const { epoch, rescued } = yield* ledger.takeOver(take)
      assert.strictEqual(rescued, 0)
      const again = yield* claimable({ ...owned, epoch, now: base + 1 }, source)
      assert.deepStrictEqual(idsOf(again), ids)
      assert.deepStrictEqual(
        again.map(({ attempt, rescues }) => ({ attempt, rescues })),
        [
          { attempt: 0, rescues: 1 },
          { attempt: 0, rescues: 1 }
        ]
      )
    })
  ),
  sentence(
    "who abandoned a workspace writes nothing for it any more",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, campaign, owned, source } = yield* claimedCampaign(2)
      yield* ledger.abandon(owned)
      assert.instanceOf(yield* Effect.flip(claimed(owned, source)), EpochLost)
      const settlements = batch.deliveries.map((delivery) => ended(delivery, "completed"))
      assert.instanceOf(yield* Effect.flip(ledger.settle({ ...owned, settlements, finishedClaims: [] })), EpochLost)
      assert.instanceOf(yield* Effect.flip(ledger.heartbeat({ ...owned, lease })), EpochLost)
      assert.deepStrictEqual(yield* countsOf(owned.workspaceId, campaign.id), { ...none, planned: 2, open: 2 })
    })
  ),
  sentence(
    "an old epoch cannot abandon",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { owned, source } = yield* claimedCampaign(2)
      const { owned: next } = yield* takenByAnother(owned)
      yield* claimed(next, source)
      yield* ledger.abandon(owned)
      const take = { workspaceId: owned.workspaceId, owner: "node-c", now: base + 1, lease, force: false }
      assert.instanceOf(yield* Effect.flip(ledger.takeOver(take)), WorkspaceHeld)
      assert.deepStrictEqual(yield* claimable(next, source), [])
    })
  )
]
