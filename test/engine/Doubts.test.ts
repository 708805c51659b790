import * as Pipeline from "@fibercast/engine/Pipeline"
import { Campaigns } from "@fibercast/engine/Campaigns"
import { MemoryAlerts } from "@fibercast/ports/MemoryAlerts"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Announce, asked, people, phone, world } from "./internal/Broadcasts.ts"

const reason = "its sender was lost after it may have been sent"

/** Jobs that hang for as long as their node lives, and of which payloads failure hooks were told. */
const hanging = (hook: Effect.Effect<void> = Effect.void) => {
  const told: Array<string> = []
  const options = { payload: Schema.String, guarantee: "at-most-once", timeout: null } as const
  const pipeline = Pipeline.make("letters", options).pipe(
    Pipeline.tap(() => Effect.never),
    Pipeline.onFailure(({ context, payload, reason, state }) =>
      Effect.andThen(
        Effect.sync(() => told.push(`${payload}, try ${context.attempt}: ${state}, ${reason}`)),
        hook
      )
    )
  )
  return { pipeline, told }
}

const payloads = (count: number) => Array.from({ length: count }, (_, n) => `letter ${n}`)

const inDoubt = (count: number) => payloads(count).map((payload) => `${payload}, try 1: unknown, ${reason}`)

/** A node dies over as many jobs, and nothing else is open. */
const lost = Effect.fnUntraced(function* ({ pipeline }: ReturnType<typeof hanging>, count: number) {
  const settings = { concurrency: 2 * count }
  const node = yield* TestNode.make({ pipelines: [pipeline], settings })
  yield* Pipeline.dispatchMany(pipeline, { workspaceId: yield* TestEngine.workspace(), payloads: payloads(count) })
  yield* TestEngine.catchUp
  yield* TestClock.adjust("1 second")
  yield* node.kill
})

const pass = (seconds: number) => Effect.andThen(TestClock.adjust(`${seconds} seconds`), TestEngine.catchUp)

const sorted = (told: ReadonlyArray<string>) => told.toSorted()

describe("Doubts", () => {
  it.effect("what a node had begun when it died is told by its successor, hook and alert once for each", () => {
    const jobs = hanging()
    return Effect.gen(function* () {
      yield* lost(jobs, 250)
      assert.deepStrictEqual(jobs.told, [])
      yield* TestNode.make({ pipelines: [jobs.pipeline] })
      yield* pass(120)
      yield* Expect.settled("unknown", 250)
      assert.deepStrictEqual(sorted(jobs.told), sorted(inDoubt(250)))
      const raised = yield* (yield* MemoryAlerts).raised
      const failed = raised.filter((alert) => alert._tag === "DeliveryFailed")
      assert.strictEqual(new Set(failed.map(({ deliveryId }) => deliveryId)).size, 250)
      assert.strictEqual(failed.length, 250)
      assert.deepInclude(failed[0], { pipeline: "letters", state: "unknown", reason, campaignId: null })
      assert.isTrue(raised.some((alert) => alert._tag !== "DeliveryFailed"))
    }).pipe(Effect.provide(world()))
  })

  it.effect("a successor that dies over a page leaves the rest to the next: each is told at most once", () => {
    const jobs = hanging(Effect.never)
    return Effect.gen(function* () {
      yield* lost(jobs, 250)
      const second = yield* TestNode.make({ pipelines: [jobs.pipeline], settings: { concurrency: 1000 } })
      yield* pass(20)
      const page = [...jobs.told]
      assert.strictEqual(page.length, 100)
      yield* second.kill
      yield* TestNode.make({ pipelines: [jobs.pipeline] })
      yield* pass(300)
      assert.deepStrictEqual(sorted(jobs.told), sorted(inDoubt(250)))
    }).pipe(Effect.provide(world()))
  })

  it.effect("its node stays for as long as it tells, although it has nothing else to do", () => {
    const jobs = hanging(Effect.sleep("25 seconds"))
    return Effect.gen(function* () {
      yield* lost(jobs, 12)
      yield* pass(60)
      yield* TestNode.make({ pipelines: [jobs.pipeline], settings: { concurrency: 1, idle: 10_000, sweep: 1e9 } })
      yield* pass(400)
      assert.deepStrictEqual(sorted(jobs.told), sorted(inDoubt(12)))
    }).pipe(Effect.provide(world()))
  })

  it.effect("a node that does not know the pipeline leaves it a while to others, then alerts without the hook", () => {
    const jobs = hanging()
    const strange = Pipeline.make("strange", { payload: Schema.String })
    return Effect.gen(function* () {
      yield* lost(jobs, 1)
      yield* TestNode.make({ pipelines: [strange] })
      yield* pass(20)
      yield* Expect.alerted("DeliveryFailed", 0)
      yield* pass(60)
      yield* Expect.alerted("DeliveryFailed", 1)
      assert.deepStrictEqual(jobs.told, [])
    }).pipe(Effect.provide(world()))
  })

  it.effect("of a campaign the hook is told the campaign, and its counts add up", () => {
    const told: Array<string> = []
    const hooked = Announce.pipe(
      Pipeline.onFailure(({ context, state }) =>
        Effect.sync(() => told.push(`${context.campaign?.spec.name}: ${state} ${context.delivery.batchId}`))
      )
    )
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const first = yield* TestNode.make({ pipelines: [hooked] })
      const launch = { audience: { _tag: "Inline", rows: people(3) }, guarantee: "at-most-once" } as const
      const { campaign } = yield* first.use(
        Effect.flatMap(Campaigns, (campaigns) => campaigns.launch(asked(workspaceId, launch)))
      )
      yield* pass(1)
      yield* first.kill
      yield* TestNode.make({ pipelines: [hooked] })
      yield* pass(120)
      assert.deepStrictEqual(
        told,
        Array.from({ length: 3 }, () => "announcement: unknown null")
      )
      yield* Expect.settled("unknown", 3)
      yield* Expect.balanced(workspaceId, campaign.id)
      yield* Expect.alerted("DeliveryFailed", 3)
      yield* Expect.sent(phone(0), 0)
    }).pipe(Effect.provide(world(() => FakeMessenger.hang)))
  })
})
