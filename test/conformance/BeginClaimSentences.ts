/**
 * Which claims may be begun as a whole, under which campaign and by whom. What a claim is whole no more by is said by
 * `WholeClaimSentences`.
 */
import { assert } from "@effect/vitest"
import { type CampaignStatus } from "@fibercast/domain/Campaign"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { Effect } from "effect"
import {
  base,
  claimedCampaign,
  claimedMore,
  claimsOf,
  freshCampaign,
  heldOf,
  later,
  ownedWorkspace,
  runningCampaign,
  second,
  sourceOf,
  takenByAnother,
  wholeOf
} from "./Given.ts"
import { sentence } from "./Sentence.ts"

type Known = Effect.Success<ReturnType<typeof claimedCampaign>>["campaign"]

/** The campaign, with its new status. */
const moved = Effect.fnUntraced(function* ({ id: campaignId, workspaceId }: Known, to: CampaignStatus) {
  const campaigns = yield* CampaignStore
  const from = ["scheduled", "running", "paused"] as const
  return yield* campaigns.transition({ workspaceId, campaignId, from, to, note: null, now: base })
})

/** Two claims of a running campaign. */
const twoClaims = Effect.gen(function* () {
  const given = yield* runningCampaign(2)
  return { ...given, more: yield* claimedMore(given.owned, 3, given.source) }
})

export const beginClaimSentences = [
  sentence(
    "claims that stand whole are answered, several in one call, and none that was not asked about",
    Effect.gen(function* () {
      const { batch, more, owned, running, source } = yield* twoClaims
      const third = yield* claimedMore(owned, 1, source)
      assert.deepStrictEqual(yield* wholeOf(owned, [third, batch], running), claimsOf([batch, third]))
      assert.deepStrictEqual(yield* wholeOf(owned, [more], running), claimsOf([more]))
      assert.deepStrictEqual(yield* wholeOf(owned, [batch, more, third], running), claimsOf([batch, more, third]))
    })
  ),
  sentence(
    "claims of background jobs, of whatever lane, are answered under the name of none, whatever becomes of campaigns",
    Effect.gen(function* () {
      const { campaign, owned } = yield* runningCampaign(1)
      const claims = [
        yield* claimedMore(owned, 2),
        yield* claimedMore(owned, 2, { lane: "bulk", campaignId: null }),
        yield* claimedMore(owned, 1)
      ]
      assert.deepStrictEqual(yield* wholeOf(owned, claims), claimsOf(claims))
      yield* moved(campaign, "paused")
      assert.deepStrictEqual(yield* wholeOf(owned, claims), claimsOf(claims))
    })
  ),
  sentence(
    "claims of a campaign that is not running yet are not answered; once it runs they are",
    Effect.gen(function* () {
      const { batch, campaign, owned } = yield* claimedCampaign(2)
      assert.deepStrictEqual(yield* wholeOf(owned, [batch], campaign), [])
      const running = yield* moved(campaign, "running")
      assert.deepStrictEqual(yield* wholeOf(owned, [batch], running), claimsOf([batch]))
    })
  ),
  sentence(
    "claims of a paused campaign are not answered; resumed, they are under its new epoch only",
    Effect.gen(function* () {
      const { batch, campaign, owned, running } = yield* runningCampaign(2)
      const paused = yield* moved(campaign, "paused")
      for (const known of [running, paused]) assert.deepStrictEqual(yield* wholeOf(owned, [batch], known), [])
      const resumed = yield* moved(campaign, "running")
      assert.deepStrictEqual(yield* wholeOf(owned, [batch], running), [])
      assert.deepStrictEqual(yield* wholeOf(owned, [batch], { ...resumed, epoch: resumed.epoch + 1 }), [])
      assert.deepStrictEqual(yield* wholeOf(owned, [batch], resumed), claimsOf([batch]))
    })
  ),
  sentence(
    "claims of a campaign that was cancelled are not answered",
    Effect.gen(function* () {
      const { batch, campaign, owned, running } = yield* runningCampaign(2)
      const cancelled = yield* moved(campaign, "cancelled")
      for (const known of [running, cancelled]) assert.deepStrictEqual(yield* wholeOf(owned, [batch], known), [])
    })
  ),
  sentence(
    "claims go under their own campaign, not under another that is running",
    Effect.gen(function* () {
      const { batch, owned, running } = yield* runningCampaign(2)
      const fresh = yield* freshCampaign(owned.workspaceId, "another")
      const work = yield* claimedMore(owned, 1, sourceOf(fresh))
      const another = yield* moved(fresh, "running")
      assert.deepStrictEqual(yield* wholeOf(owned, [batch, work], running), claimsOf([batch]))
      assert.deepStrictEqual(yield* wholeOf(owned, [batch, work], another), claimsOf([work]))
    })
  ),
  sentence(
    "claims of background jobs do not go under a campaign's name, nor a campaign's under the name of none",
    Effect.gen(function* () {
      const { batch, owned, running } = yield* runningCampaign(2)
      const work = yield* claimedMore(owned, 2)
      assert.deepStrictEqual(yield* wholeOf(owned, [batch, work], running), claimsOf([batch]))
      assert.deepStrictEqual(yield* wholeOf(owned, [batch, work]), claimsOf([work]))
    })
  ),
  sentence(
    "an old epoch is told of no claims, not even that there are none, nor is who gave the workspace up",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, owned, running, source } = yield* runningCampaign(2)
      const { owned: next } = yield* takenByAnother(owned)
      const again = yield* claimedMore(next, 1, source)
      for (const asked of [[batch, again], []]) {
        const error = yield* Effect.flip(wholeOf(owned, asked, running))
        assert.strictEqual(error._tag, "EpochLost")
      }
      assert.deepStrictEqual(yield* wholeOf(next, [batch, again], running), claimsOf([again]))
      yield* ledger.abandon(next)
      assert.strictEqual((yield* Effect.flip(wholeOf(next, [again], running)))._tag, "EpochLost")
    })
  ),
  sentence(
    "the owner of one workspace is not told of another's claims",
    Effect.gen(function* () {
      const mine = yield* ownedWorkspace()
      const { batch, owned: theirs, running } = yield* runningCampaign(1)
      const jobsOfMine = yield* claimedMore(mine, 2)
      const jobsOfTheirs = yield* claimedMore(theirs, 2)
      assert.deepStrictEqual(yield* wholeOf(mine, [jobsOfTheirs, jobsOfMine]), claimsOf([jobsOfMine]))
      assert.deepStrictEqual(yield* wholeOf(mine, [batch], running), [])
    })
  ),
  sentence(
    "of no claims, and of a claim that nobody made, nothing is answered",
    Effect.gen(function* () {
      const { batch, owned, running } = yield* runningCampaign(1)
      const unknown = { ...batch, claimId: 9_000_000_000_000_000n }
      assert.deepStrictEqual(yield* wholeOf(owned, [], running), [])
      assert.deepStrictEqual(yield* wholeOf(owned, []), [])
      assert.deepStrictEqual(yield* wholeOf(owned, [unknown, batch], running), claimsOf([batch]))
      assert.deepStrictEqual(yield* wholeOf(owned, [unknown]), [])
    })
  ),
  sentence(
    "nothing is written: what is answered may be asked about again, and begun, and is not in doubt",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { batch, ids, more, owned, running } = yield* twoClaims
      const claims = [batch, more]
      assert.deepStrictEqual(yield* wholeOf(owned, claims, running), claimsOf(claims))
      assert.deepStrictEqual(yield* wholeOf(owned, claims, running), claimsOf(claims))
      const held = heldOf(batch)
      assert.deepStrictEqual(
        yield* ledger.standing({ ...owned, held }),
        ids.map((id) => ({ id, started: false }))
      )
      const begun = yield* ledger.begin({ ...owned, held, campaign: running, mark: false })
      assert.deepStrictEqual(begun, { go: ids, back: [] })
      const { taken } = yield* takenByAnother(later(owned, second))
      assert.deepStrictEqual(taken, { epoch: taken.epoch, rescued: 5, unknown: 0 })
    })
  )
]
