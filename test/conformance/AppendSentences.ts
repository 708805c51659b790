/**
 * How an audience becomes deliveries, page by page, each recipient once.
 */
import { assert } from "@effect/vitest"
import { CampaignId } from "@fibercast/domain/Campaign"
import { isBalanced, none } from "@fibercast/domain/Counts"
import { CampaignNotFound, CampaignStore, type Page } from "@fibercast/ports/CampaignStore"
import { type DoneDelivery, Ledger } from "@fibercast/ports/Ledger"
import { Arbitrary, Effect, Schema } from "effect"
import { base, claimable, freshCampaign, later, ownedWorkspace, parsed, second, sourceOf, spec } from "./Given.ts"
import { forAll } from "./Property.ts"
import { sentence } from "./Sentence.ts"

const recipient = (row: number, address = `+62${row}`) => ({ row, address, payload: JSON.stringify({ row, address }) })

/** One of several at one address. */
const child = (row: number, identity: string) => ({ ...recipient(row, "+628"), identity })

/** Rows `from + 1` to `to`, all of them good. */
const page = (campaignId: CampaignId, from: number, to: number, changes: Partial<Page> = {}): Page => ({
  campaignId,
  from,
  to,
  last: false,
  recipients: Array.from({ length: to - from }, (_, index) => recipient(from + index + 1)),
  skipped: [],
  now: base,
  ...changes
})

const given = Effect.gen(function* () {
  const owned = yield* ownedWorkspace()
  const campaign = yield* freshCampaign(owned.workspaceId)
  const campaigns = yield* CampaignStore
  return { owned, campaign, campaignId: campaign.id, now: campaigns.get(owned.workspaceId, campaign.id) }
})

const asRead = ({ payload, reason, settledAt }: DoneDelivery) => ({ record: parsed(payload), reason, settledAt })

/** What was skipped, as an operator reads it. */
const skippedOf = Effect.fnUntraced(function* (campaignId: CampaignId) {
  const ledger = yield* Ledger
  const records = yield* ledger.done({ campaignId, states: ["skipped"], after: null, limit: 1000 })
  return records.map(asRead)
})

export const appendSentences = [
  sentence(
    "a page becomes open deliveries of the campaign's lane and pipeline, in row order",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const owned = yield* ownedWorkspace()
      const deadline = base + 3600 * second
      const campaign = yield* freshCampaign(owned.workspaceId, "due", { dueAt: base + 60 * second, deadline })
      const appended = yield* campaigns.append(page(campaign.id, 0, 3))
      assert.deepStrictEqual(appended, { inserted: 3, duplicates: 0, skipped: 0 })
      assert.deepStrictEqual(yield* claimable(later(owned, 59 * second), sourceOf(campaign)), [])
      const found = yield* claimable(later(owned, 60 * second), sourceOf(campaign))
      assert.deepStrictEqual<unknown>(
        found.map((delivery) => ({ ...delivery, id: 0n, payload: parsed(delivery.payload) })),
        [1, 2, 3].map((row) => ({
          id: 0n,
          pipeline: spec.pipeline,
          lane: spec.lane,
          campaignId: campaign.id,
          attempt: 0,
          rescues: 0,
          batchId: null,
          dueAt: base + 60 * second,
          deadline,
          payload: { row, address: `+62${row}` }
        }))
      )
    })
  ),
  sentence(
    "a page moves counts and cursor together",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { campaign, campaignId, now } = yield* given
      yield* campaigns.append(page(campaignId, 0, 3))
      const counts = { ...none, planned: 3, open: 3 }
      assert.deepStrictEqual(yield* now, { ...campaign, expandedRows: 3, counts })
    })
  ),
  sentence(
    "reading goes on where the last page ended, and ends with the last page",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { campaign, campaignId, now, owned } = yield* given
      yield* campaigns.append(page(campaignId, 0, 2))
      yield* campaigns.append(page(campaignId, 2, 3))
      yield* campaigns.append(page(campaignId, 3, 5, { last: true }))
      const counts = { ...none, planned: 5, open: 5 }
      assert.deepStrictEqual(yield* now, { ...campaign, expandedRows: 5, expanded: true, counts })
      const found = yield* claimable(owned, sourceOf(campaign))
      assert.deepStrictEqual(
        found.map(({ payload }) => parsed(payload)),
        [1, 2, 3, 4, 5].map((row) => ({ row, address: `+62${row}` }))
      )
    })
  ),
  sentence(
    "a page that was appended before changes nothing",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { campaign, campaignId, now, owned } = yield* given
      const bad = { row: 4, input: "08", reason: "too short" }
      yield* campaigns.append(page(campaignId, 0, 2))
      const second = page(campaignId, 2, 4, { recipients: [recipient(3)], skipped: [bad] })
      yield* campaigns.append(second)
      const before = yield* now
      const again = [yield* campaigns.append(second), yield* campaigns.append(page(campaignId, 0, 2))]
      const nothing = { inserted: 0, duplicates: 0, skipped: 0 }
      assert.deepStrictEqual(again, [nothing, nothing])
      assert.deepStrictEqual(yield* now, before)
      assert.strictEqual((yield* claimable(owned, sourceOf(campaign))).length, 3)
      assert.strictEqual((yield* skippedOf(campaignId)).length, 1)
    })
  ),
  sentence(
    "the last page may be empty, and changes nothing when repeated",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { campaignId, now } = yield* given
      yield* campaigns.append(page(campaignId, 0, 2))
      const end = campaigns.append(page(campaignId, 2, 2, { last: true }))
      yield* end
      const before = yield* now
      assert.deepInclude(before, { expandedRows: 2, expanded: true })
      yield* end
      assert.deepStrictEqual(yield* now, before)
    })
  ),
  sentence(
    "a page that does not continue the reading changes nothing",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { campaignId, now } = yield* given
      yield* campaigns.append(page(campaignId, 0, 2))
      const before = yield* now
      yield* campaigns.append(page(campaignId, 3, 5, { last: true }))
      assert.deepStrictEqual(yield* now, before)
    })
  ),
  sentence(
    "a page of a campaign that is cancelled changes nothing: nobody is added to what is over",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { campaign, campaignId, now } = yield* given
      yield* campaigns.append(page(campaignId, 0, 2))
      const { workspaceId } = campaign
      const from = ["scheduled"] as const
      yield* campaigns.transition({ workspaceId, campaignId, from, to: "cancelled", note: null, now: base })
      const before = yield* now
      const skipped = [{ row: 4, input: "x", reason: "no number" }]
      const appended = yield* campaigns.append(page(campaignId, 2, 4, { recipients: [recipient(3)], skipped }))
      assert.deepStrictEqual(appended, { inserted: 0, duplicates: 0, skipped: 0 })
      assert.deepStrictEqual(yield* now, before)
    })
  ),
  sentence(
    "an address that repeats within a page is skipped, and its record names the first row",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { campaign, campaignId, now, owned } = yield* given
      const recipients = [recipient(1, "+628"), recipient(2, "+629"), recipient(3, "+628"), recipient(4, "+628")]
      const appended = yield* campaigns.append(page(campaignId, 0, 4, { recipients }))
      assert.deepStrictEqual(appended, { inserted: 2, duplicates: 2, skipped: 0 })
      assert.deepStrictEqual((yield* now).counts, { ...none, planned: 4, open: 2, skipped: 2 })
      assert.deepStrictEqual(
        yield* skippedOf(campaignId),
        [3, 4].map((row) => ({ record: { row, input: "+628" }, reason: "same number as row 1", settledAt: base }))
      )
      const found = yield* claimable(owned, sourceOf(campaign))
      assert.deepStrictEqual(
        found.map(({ payload }) => parsed(payload)),
        [
          { row: 1, address: "+628" },
          { row: 2, address: "+629" }
        ]
      )
    })
  ),
  sentence(
    "an address that repeats on a later page is skipped, also once its delivery has ended",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const ledger = yield* Ledger
      const { campaignId, now, owned } = yield* given
      yield* campaigns.append(page(campaignId, 0, 2))
      yield* ledger.cancel({ ...owned, campaignId, limit: 10, reason: "stopped" })
      const recipients = [recipient(3, "+622"), recipient(4, "+624")]
      const appended = yield* campaigns.append(page(campaignId, 2, 4, { recipients }))
      assert.deepStrictEqual(appended, { inserted: 1, duplicates: 1, skipped: 0 })
      assert.deepStrictEqual((yield* now).counts, { ...none, planned: 4, open: 1, skipped: 1, cancelled: 2 })
      assert.deepStrictEqual(yield* skippedOf(campaignId), [
        { record: { row: 3, input: "+622" }, reason: "same number as row 2", settledAt: base }
      ])
    })
  ),
  sentence(
    "recipients with identities of their own are told apart by those, whatever their address",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { campaign, campaignId, owned } = yield* given
      const first = yield* campaigns.append(page(campaignId, 0, 2, { recipients: [child(1, "ayu"), child(2, "budi")] }))
      const recipients = [child(3, "ayu"), child(4, "citra")]
      const second = yield* campaigns.append(page(campaignId, 2, 4, { recipients }))
      assert.deepStrictEqual(first, { inserted: 2, duplicates: 0, skipped: 0 })
      assert.deepStrictEqual(second, { inserted: 1, duplicates: 1, skipped: 0 })
      assert.deepStrictEqual(yield* skippedOf(campaignId), [
        { record: { row: 3, input: "+628" }, reason: "same recipient as row 1", settledAt: base }
      ])
      const found = yield* claimable(owned, sourceOf(campaign))
      assert.deepStrictEqual(
        found.map(({ payload }) => parsed(payload)),
        [1, 2, 4].map((row) => ({ row, address: "+628" }))
      )
    })
  ),
  sentence(
    "the same address in another campaign is not a duplicate",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { campaign, campaignId } = yield* given
      const other = yield* freshCampaign(campaign.workspaceId, "other")
      yield* campaigns.append(page(campaignId, 0, 2))
      const appended = yield* campaigns.append(page(other.id, 0, 2))
      assert.deepStrictEqual(appended, { inserted: 2, duplicates: 0, skipped: 0 })
    })
  ),
  sentence(
    "bad rows are counted as skipped and recorded with row, input and reason",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { campaignId, now } = yield* given
      const skipped = [
        { row: 2, input: '08 "x"', reason: "too short" },
        { row: 3, input: "", reason: "empty" }
      ]
      const at = base + second
      const appended = yield* campaigns.append(page(campaignId, 0, 3, { recipients: [recipient(1)], skipped, now: at }))
      assert.deepStrictEqual(appended, { inserted: 1, duplicates: 0, skipped: 2 })
      assert.deepStrictEqual((yield* now).counts, { ...none, planned: 3, open: 1, skipped: 2 })
      assert.deepStrictEqual(
        yield* skippedOf(campaignId),
        skipped.map(({ input, reason, row }) => ({ record: { row, input }, reason, settledAt: at }))
      )
    })
  ),
  sentence(
    "a page for a campaign that does not exist is refused",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const campaignId = CampaignId.make(2_000_000_000)
      const error = yield* Effect.flip(campaigns.append(page(campaignId, 0, 1)))
      assert.deepStrictEqual(error, new CampaignNotFound({ campaignId }))
    })
  )
]

/** A row's address, or none for a bad row. */
const Row = Schema.NullOr(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 6 })))
const Pages = Arbitrary.all({
  pages: Arbitrary.array(Arbitrary.schema(Schema.Array(Row)), { maxLength: 5 }),
  crashes: Arbitrary.schema(Schema.Array(Schema.Boolean))
})

/** `runs` random audiences, read with random crashes. */
export const anyAudience = (runs: number) =>
  sentence(
    "whatever the pages and however often one is repeated, each address is delivered to once and each row counted once",
    forAll(Pages, runs, ({ crashes, pages }) =>
      Effect.gen(function* () {
        const campaigns = yield* CampaignStore
        const { campaign, campaignId, now, owned } = yield* given
        let from = 0
        for (const [index, rows] of pages.entries()) {
          const numbered = rows.map((address, at) => ({ address, row: from + at + 1 }))
          const next = page(campaignId, from, from + rows.length, {
            last: index === pages.length - 1,
            recipients: numbered.flatMap(({ address, row }) =>
              address === null ? [] : [recipient(row, `+62${address}`)]
            ),
            skipped: numbered.flatMap(({ address, row }) =>
              address === null ? [{ row, input: "x", reason: "not a number" }] : []
            )
          })
          yield* campaigns.append(next)
          if (crashes[index] === true) yield* campaigns.append(next)
          from += rows.length
        }
        const all = pages.flat()
        const unique = [...new Set(all.filter((address) => address !== null))]
        const { counts, expanded, expandedRows } = yield* now
        const open = unique.length
        assert.deepStrictEqual(counts, { ...none, planned: all.length, open, skipped: all.length - open })
        assert.isTrue(isBalanced(counts))
        assert.deepStrictEqual({ expanded, expandedRows }, { expanded: pages.length > 0, expandedRows: all.length })
        const found = yield* claimable(owned, sourceOf(campaign))
        assert.deepStrictEqual(
          found.map(({ payload }) => parsed(payload)),
          unique.map((address) => ({ row: all.indexOf(address) + 1, address: `+62${address}` }))
        )
      })
    )
  )
