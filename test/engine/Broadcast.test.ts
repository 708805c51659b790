import { type Campaign, CampaignId } from "@fibercast/domain/Campaign"
import { none } from "@fibercast/domain/Counts"
import { Outcome } from "@fibercast/domain/Outcome"
import { type Recipient } from "@fibercast/domain/Recipient"
import * as Broadcast from "@fibercast/engine/Broadcast"
import * as Runnable from "@fibercast/engine/Runnable"
import * as Verdict from "@fibercast/engine/Verdict"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { contextOf, First, gates, scripted, workspaceId } from "./internal/Tries.ts"

const campaignOf = (template: string, options: { readonly zone?: string; readonly hash?: string } = {}): Campaign => ({
  id: CampaignId.make(3),
  workspaceId,
  key: "key",
  spec: {
    name: "greetings",
    pipeline: "broadcast.one",
    lane: "bulk",
    guarantee: "at-least-once",
    template,
    audience: { _tag: "Inline", rows: [] },
    addressColumn: "phone",
    region: null,
    rate: null,
    wallTime: null,
    zone: options.zone ?? null,
    dueAt: 0,
    deadline: null
  },
  status: "running",
  epoch: 1,
  note: null,
  templateHash: options.hash ?? template,
  audienceHash: "audience",
  expandedRows: 1,
  expanded: true,
  counts: none,
  createdAt: 0,
  startedAt: 0,
  completedAt: null
})

const recipient = (columns: Readonly<Record<string, string>>): Recipient => ({
  row: 1,
  address: "+628123456789",
  columns
})

const pipeline = Broadcast.make("one", First)

/** What becomes of each recipient, and the texts that were sent. */
const broadcast = Effect.fnUntraced(function* (
  deliveries: ReadonlyArray<readonly [Campaign | null, Readonly<Record<string, string>>]>
) {
  const { messenger, sent } = scripted("one")
  const run = yield* Runnable.handler(pipeline).pipe(Effect.provideService(First, messenger), Effect.provide(gates))
  const verdicts = yield* Effect.forEach(deliveries, ([campaign, columns]) => {
    const context = { ...contextOf(recipient(columns), { campaignId: campaign?.id ?? null }), campaign }
    const { delivery } = context
    return Effect.map(Effect.exit(run(context)), (exit) =>
      Verdict.verdict({ exit, timedOut: false, ...pipeline.options, delivery, now: 0, chance: 0 })
    )
  })
  return { verdicts, outcomes: verdicts.map(({ outcome }) => outcome), sent }
})

describe("Broadcast", () => {
  it("is named after its provider and goes with the bulk", () => {
    assert.strictEqual(pipeline.name, "broadcast.one")
    assert.strictEqual(pipeline.options.lane, "bulk")
    assert.isTrue(pipeline.sends)
  })

  it.effect("each recipient gets the template of its own campaign, filled with its own columns", () =>
    Effect.gen(function* () {
      const hello = campaignOf("Hello {{ name }}!")
      const bye = campaignOf("Bye {{ name }}.")
      const { outcomes, sent } = yield* broadcast([
        [hello, { name: "Ayu" }],
        [bye, { name: "Budi" }],
        [hello, { name: "Citra" }]
      ])
      assert.deepStrictEqual(sent, ["Hello Ayu!", "Bye Budi.", "Hello Citra!"])
      assert.deepStrictEqual(
        outcomes,
        [1, 2, 3].map((n) => Outcome.Completed({ providerId: `one-${n}` }))
      )
    })
  )

  it.effect("the same template of another zone is another one", () =>
    Effect.gen(function* () {
      const template = "{{ at | date: '%H:%M' }}"
      const columns = { at: "2026-01-31T00:00:00Z" }
      const { sent } = yield* broadcast([
        [campaignOf(template, { zone: "UTC" }), columns],
        [campaignOf(template, { zone: "Asia/Jakarta" }), columns]
      ])
      assert.deepStrictEqual(sent, ["00:00", "07:00"])
    })
  )

  it.effect("a template is compiled once for its hash", () =>
    Effect.gen(function* () {
      const { sent } = yield* broadcast([
        [campaignOf("first", { hash: "same" }), {}],
        [campaignOf("second", { hash: "same" }), {}]
      ])
      assert.deepStrictEqual(sent, ["first", "first"])
    })
  )

  it.effect("at most 64 compiled templates are kept, the oldest makes room", () =>
    Effect.gen(function* () {
      const others = Array.from({ length: 64 }, (_, n) => [campaignOf(`other ${n}`), {}] as const)
      const { sent } = yield* broadcast([
        [campaignOf("first", { hash: "same" }), {}],
        ...others,
        [campaignOf("second", { hash: "same" }), {}]
      ])
      assert.strictEqual(sent.at(-1), "second")
    })
  )

  it.effect("a recipient without a needed value, or with nothing to say, is skipped with the reason", () =>
    Effect.gen(function* () {
      const { outcomes, sent } = yield* broadcast([
        [campaignOf("Hello {{ name }}!"), { name: " " }],
        [campaignOf("{% if vip %}Thank you{% endif %}"), {}]
      ])
      assert.deepStrictEqual(outcomes, [
        Outcome.Skipped({ reason: "There is no value for {{ name }}" }),
        Outcome.Skipped({ reason: "the message would be empty" })
      ])
      assert.deepStrictEqual(sent, [])
    })
  )

  it.effect("a template that cannot be read holds the campaign", () =>
    Effect.gen(function* () {
      const { verdicts } = yield* broadcast([[campaignOf("{% if %}"), {}]])
      assert.strictEqual(verdicts[0]?.outcome._tag, "Failed")
      assert.match(verdicts[0]?.hold ?? "", /The template is wrong at line 1/)
    })
  )

  it.effect("a delivery without a campaign fails for good", () =>
    Effect.gen(function* () {
      const { outcomes } = yield* broadcast([[null, {}]])
      assert.deepStrictEqual(outcomes, [
        Outcome.Failed({
          errorClass: "messagePermanent",
          reason: "the delivery belongs to no campaign, so it has no template"
        })
      ])
    })
  )
})
