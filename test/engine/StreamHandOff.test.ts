import { type Guarantee } from "@fibercast/domain/Campaign"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { Campaigns } from "@fibercast/engine/Campaigns"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { SenderChannel } from "@fibercast/ports/SenderChannel"
import { WorkStream } from "@fibercast/ports/WorkStream"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestSenders from "@fibercast/testkit/TestSenders"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Fiber, Latch, Layer, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Announce, densest, launch, launchTo, now, people, phone, sendTimes } from "./internal/Broadcasts.ts"

const guarantees: ReadonlyArray<Guarantee> = ["at-least-once", "at-most-once"]

const helloOf = (guarantee: Guarantee) =>
  Pipeline.make("hello", {
    payload: Schema.String,
    guarantee,
    retry: RetryPolicy.after("10 seconds", { tries: 3 })
  }).pipe(
    Pipeline.map((to) => ({ to, text: "Hello" })),
    Pipeline.send(FakeMessenger.FakeMessenger)
  )

const world = (script?: FakeMessenger.Script) =>
  Layer.mergeAll(TestEngine.layerStores(), FakeMessenger.FakeMessenger.layer(script), TestSenders.layerBetween)

const dispatched = Effect.fnUntraced(function* (guarantee: Guarantee, count: number) {
  const workspaceId = yield* TestEngine.workspace()
  const pipeline = helloOf(guarantee)
  const payloads = Array.from({ length: count }, (_, n) => phone(n))
  yield* Pipeline.dispatchMany(pipeline, { workspaceId, payloads })
  yield* TestEngine.catchUp
  return { workspaceId, pipeline, pipelines: [pipeline] }
})

const calls = Effect.flatMap(FakeMessenger.FakeMessenger, ({ sent }) => sent)
const accepted = Effect.map(calls, (all) => all.filter(({ result }) => result === "accepted").map(({ to }) => to))
const twice = Effect.map(calls, (all) => all.length - new Set(all.map(({ to }) => to)).size)

/** So many seconds, in steps that leave what goes from node to node time to arrive. */
const pass = (seconds: number) =>
  Effect.repeat(Effect.andThen(TestClock.adjust("500 millis"), TestEngine.catchUp), { times: seconds * 2 - 1 })

const slowly = () => FakeMessenger.delay("3 seconds")

describe("an engine and senders apart", () => {
  for (const guarantee of guarantees) {
    it.effect(`${guarantee}: everything handed over is sent once, by whichever sender takes it, and completed`, () =>
      Effect.gen(function* () {
        const { pipelines } = yield* dispatched(guarantee, 500)
        yield* TestSenders.makeEngine({ pipelines })
        yield* TestSenders.makeSender({ pipelines })
        yield* TestSenders.makeSender({ pipelines })
        yield* pass(10)
        assert.strictEqual((yield* accepted).length, 500)
        assert.strictEqual(yield* twice, 0)
        yield* Expect.settled("completed", 500)
        yield* Expect.nothingOpen
      }).pipe(Effect.provide(world()))
    )

    it.effect(`${guarantee}: a failed send is tried again when it is due, and the last failure is final and told`, () =>
      Effect.gen(function* () {
        const { pipelines } = yield* dispatched(guarantee, 3)
        yield* TestSenders.makeEngine({ pipelines })
        yield* TestSenders.makeSender({ pipelines })
        yield* pass(60)
        yield* Expect.tried(phone(1), 3, "10 seconds")
        yield* Expect.settled("failed", 1)
        yield* Expect.settled("completed", 2)
        yield* Expect.alerted("DeliveryFailed")
      }).pipe(
        Effect.provide(
          world(FakeMessenger.byTarget({ [phone(1)]: [1, 2, 3].map(() => FakeMessenger.fail("transient")) }))
        )
      )
    )

    it.effect(`${guarantee}: while there is no sender nothing is sent, and all of it is once there is one`, () =>
      Effect.gen(function* () {
        const { pipelines } = yield* dispatched(guarantee, 20)
        yield* TestSenders.makeEngine({ pipelines })
        yield* pass(600)
        assert.deepStrictEqual(yield* accepted, [])
        yield* TestSenders.makeSender({ pipelines })
        yield* pass(60)
        assert.strictEqual((yield* accepted).length, 20)
        assert.strictEqual(yield* twice, 0)
        yield* Expect.nothingOpen
      }).pipe(Effect.provide(world()))
    )

    it.effect(`${guarantee}: a sender that stops turns back what it has not begun, and nobody is charged for it`, () =>
      Effect.gen(function* () {
        const { pipelines } = yield* dispatched(guarantee, 40)
        yield* TestSenders.makeEngine({ pipelines })
        const first = yield* TestSenders.makeSender({ pipelines, sender: { capacity: 10, drain: 10_000 } })
        yield* pass(1)
        const stopping = yield* Effect.forkChild(first.stop)
        yield* pass(1)
        yield* TestSenders.makeSender({ pipelines })
        yield* pass(60)
        yield* Fiber.join(stopping)
        assert.strictEqual((yield* accepted).length, 40)
        assert.strictEqual(yield* twice, 0)
        yield* Expect.settled("completed", 40)
      }).pipe(Effect.provide(world(slowly)))
    )

    it.effect(`${guarantee}: the engine finds out what was settled although it is not told`, () =>
      Effect.gen(function* () {
        const { pipelines } = yield* dispatched(guarantee, 300)
        const channel = yield* SenderChannel
        const deaf = Layer.succeed(SenderChannel, { ...channel, report: () => Effect.void })
        yield* TestSenders.makeEngine({ pipelines })
        yield* Effect.provide(TestSenders.makeSender({ pipelines }), deaf)
        yield* pass(30)
        assert.strictEqual((yield* accepted).length, 300)
        assert.strictEqual(yield* twice, 0)
        yield* Expect.nothingOpen
      }).pipe(Effect.provide(world()))
    )

    it.effect(`${guarantee}: what waits on the stream past its deadline expires`, () =>
      Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace()
        const pipeline = helloOf(guarantee)
        const deadline = DateTime.makeUnsafe(15_000)
        yield* Pipeline.dispatch(pipeline, { workspaceId, payload: phone(0), deadline })
        yield* TestSenders.makeEngine({ pipelines: [pipeline] })
        yield* pass(16)
        yield* TestSenders.makeSender({ pipelines: [pipeline] })
        yield* pass(10)
        assert.deepStrictEqual(yield* accepted, [])
        yield* Expect.settled("expired", 1)
      }).pipe(Effect.provide(world()))
    )
  }

  it.effect("at-least-once: what a killed sender had in hand is sent by another, and nobody is lost", () =>
    Effect.gen(function* () {
      const { pipelines } = yield* dispatched("at-least-once", 60)
      yield* TestSenders.makeEngine({ pipelines })
      const first = yield* TestSenders.makeSender({ pipelines, sender: { capacity: 20 } })
      yield* pass(1)
      yield* first.kill
      yield* TestSenders.makeSender({ pipelines })
      yield* pass(60)
      assert.strictEqual(new Set(yield* accepted).size, 60)
      assert.isAtMost(yield* twice, 20)
      yield* Expect.settled("completed", 60)
      yield* Expect.nothingOpen
    }).pipe(Effect.provide(world(slowly)))
  )

  it.effect("at-most-once: what a killed sender had begun is unknown, the rest is sent by another, nobody twice", () =>
    Effect.gen(function* () {
      const { pipelines } = yield* dispatched("at-most-once", 60)
      yield* TestSenders.makeEngine({ pipelines })
      const first = yield* TestSenders.makeSender({ pipelines, sender: { capacity: 20 } })
      yield* pass(1)
      const begun = (yield* calls).length
      yield* first.kill
      yield* TestSenders.makeSender({ pipelines })
      yield* pass(120)
      assert.isAbove(begun, 0)
      assert.strictEqual(yield* twice, 0)
      const unknown = 60 - new Set(yield* accepted).size
      assert.isAtLeast(unknown, begun)
      // What waited for its account had its mark as well.
      assert.isAtMost(unknown, 20)
      yield* Expect.settled("unknown", unknown)
      yield* Expect.settled("completed", 60 - unknown)
      yield* Expect.nothingOpen
    }).pipe(Effect.provide(world(slowly)))
  )

  it.effect(
    "at-most-once: what the stream has let go of for a sender that hangs just then is soon sent by another",
    () =>
      Effect.gen(function* () {
        const { pipelines } = yield* dispatched("at-most-once", 20)
        const stream = yield* WorkStream
        const wakes = Latch.makeUnsafe(false)
        // It does not learn that what it acknowledged was acknowledged.
        const unsure = Layer.succeed(WorkStream, {
          ...stream,
          consume: (lane, options) =>
            Stream.map(Stream.take(stream.consume(lane, options), 1), (received) => ({
              ...received,
              ackSure: Effect.andThen(received.ackSure, wakes.await)
            }))
        })
        yield* TestSenders.makeEngine({ pipelines })
        const first = yield* Effect.provide(TestSenders.makeSender({ pipelines }), unsure)
        yield* TestEngine.catchUp
        yield* first.freeze
        yield* TestSenders.makeSender({ pipelines })
        yield* pass(10)
        const sentBefore = (yield* accepted).length
        yield* wakes.open
        yield* first.thaw
        yield* pass(10)
        assert.strictEqual(sentBefore, 20)
        assert.strictEqual(yield* twice, 0)
        yield* Expect.nothingOpen
      }).pipe(Effect.provide(world()))
  )

  it.effect("at-most-once: a sender that was frozen and wakes up sends nothing that another has sent", () =>
    Effect.gen(function* () {
      const { pipelines } = yield* dispatched("at-most-once", 60)
      yield* TestSenders.makeEngine({ pipelines })
      const first = yield* TestSenders.makeSender({ pipelines, sender: { capacity: 20 } })
      yield* pass(1)
      yield* first.freeze
      yield* TestSenders.makeSender({ pipelines })
      yield* pass(60)
      yield* first.thaw
      yield* pass(60)
      assert.strictEqual(yield* twice, 0)
      yield* Expect.nothingOpen
    }).pipe(Effect.provide(world(slowly)))
  )

  it.effect("an engine that is killed is followed by another: at-most-once nobody twice, and all settled", () =>
    Effect.gen(function* () {
      const { pipelines } = yield* dispatched("at-most-once", 200)
      const first = yield* TestSenders.makeEngine({ pipelines })
      yield* TestSenders.makeSender({ pipelines, sender: { capacity: 20 } })
      yield* pass(4)
      yield* first.kill
      yield* TestSenders.makeEngine({ pipelines })
      yield* pass(300)
      assert.strictEqual(yield* twice, 0)
      yield* Expect.nothingOpen
    }).pipe(Effect.provide(world(slowly)))
  )

  it.effect("a rate holds in every sliding second over three senders", () =>
    Effect.gen(function* () {
      const rate = { permits: 50, per: 1000 }
      const workspaceId = yield* TestEngine.workspace("school", { limits: { rate } })
      const pipeline = helloOf("at-least-once")
      const payloads = Array.from({ length: 400 }, (_, n) => phone(n))
      yield* Pipeline.dispatchMany(pipeline, { workspaceId, payloads })
      yield* TestSenders.makeEngine({ pipelines: [pipeline] })
      yield* Effect.replicateEffect(TestSenders.makeSender({ pipelines: [pipeline] }), 3)
      yield* pass(9)
      const times = yield* sendTimes
      assert.strictEqual(times.length, 400)
      assert.strictEqual(densest(times, rate), 50)
    }).pipe(Effect.provide(world()))
  )

  it.effect("a limited send that comes too late for its turn is not sent then, but in a later turn", () =>
    Effect.gen(function* () {
      const rate = { permits: 10, per: 1000 }
      const workspaceId = yield* TestEngine.workspace("school", { limits: { rate } })
      const pipeline = helloOf("at-least-once")
      const payloads = Array.from({ length: 40 }, (_, n) => phone(n))
      yield* Pipeline.dispatchMany(pipeline, { workspaceId, payloads })
      yield* TestSenders.makeEngine({ pipelines: [pipeline] })
      const first = yield* TestSenders.makeSender({ pipelines: [pipeline] })
      yield* pass(1)
      yield* first.freeze
      yield* pass(1)
      yield* first.thaw
      yield* pass(10)
      const times = yield* sendTimes
      assert.strictEqual(densest(times, rate), 10)
      assert.strictEqual(new Set(yield* accepted).size, 40)
      yield* Expect.nothingOpen
    }).pipe(Effect.provide(world()))
  )
})

describe("a sender with fewer places than it is handed", () => {
  it.effect("gives back what it cannot begin in time, and is charged with no death for it", () => {
    const deaths: Array<number> = []
    const Slow = Pipeline.make("slow", { payload: Schema.Int }).pipe(
      Pipeline.tap((_, { delivery: { rescues } }) => {
        deaths.push(rescues)
        return Effect.sleep("3 seconds")
      })
    )
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      yield* Pipeline.dispatchMany(Slow, { workspaceId, payloads: Array.from({ length: 200 }, (_, n) => n) })
      yield* pass(120)
      yield* Expect.settled("completed", 200)
      assert.deepStrictEqual(
        deaths,
        Array.from({ length: 200 }, () => 0)
      )
    }).pipe(Effect.provide(TestSenders.layer({ pipelines: [Slow], senders: 1, sender: { capacity: 10 } })))
  })
})

describe("a part of a chunk that waits for places", () => {
  it.effect("is in good hands while it waits: however long urgent work is first, it is charged with no death", () => {
    const deaths: Array<number> = []
    const Slow = Pipeline.make("slow", { payload: Schema.Int }).pipe(
      Pipeline.tap((_, { delivery: { rescues } }) => {
        deaths.push(rescues)
        return Effect.sleep("3 seconds")
      })
    )
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const dispatch = (count: number, lane: "urgent" | "normal") =>
        Pipeline.dispatchMany(Slow, { workspaceId, lane, payloads: Array.from({ length: count }, (_, n) => n) })
      yield* dispatch(18, "normal")
      yield* pass(1)
      yield* dispatch(100, "urgent")
      yield* pass(120)
      yield* Expect.settled("completed", 118)
      assert.deepStrictEqual(
        deaths,
        Array.from({ length: 118 }, () => 0)
      )
    }).pipe(Effect.provide(TestSenders.layer({ pipelines: [Slow], senders: 1, sender: { capacity: 10 } })))
  })
})

const across = (script?: FakeMessenger.Script, options: Partial<TestSenders.Options<never>> = {}) =>
  TestSenders.layer({ pipelines: [Announce], ...options }).pipe(
    Layer.provideMerge(FakeMessenger.FakeMessenger.layer(script))
  )

describe("a campaign over senders", () => {
  it.effect("is rendered and completed", () =>
    Effect.gen(function* () {
      const campaign = yield* launchTo(yield* TestEngine.workspace(), 300)
      yield* pass(10)
      const { counts, status } = yield* now(campaign)
      assert.deepStrictEqual([status, counts.completed], ["completed", 300])
      assert.strictEqual((yield* calls)[0]?.text, "Hello P0")
    }).pipe(Effect.provide(across()))
  )

  it.effect("that is paused sends nothing more of what waits for a sender, and says what escaped", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launchTo(workspaceId, 300)
      yield* pass(1)
      const begun = (yield* calls).length
      const pausing = yield* Effect.forkChild((yield* Campaigns).pause(workspaceId, campaign.id))
      yield* pass(10)
      const silence = yield* Fiber.join(pausing)
      assert.strictEqual((yield* calls).length, begun)
      assert.deepStrictEqual([silence.status, silence.escaped], ["paused", begun])
      yield* (yield* Campaigns).resume(workspaceId, campaign.id)
      yield* pass(120)
      assert.strictEqual((yield* now(campaign)).counts.completed, 300)
      assert.strictEqual(yield* twice, 0)
    }).pipe(Effect.provide(across(slowly, { senders: 1, sender: { capacity: 10 } })))
  )

  it.effect("whose account is refused is held, by the sender's word", () =>
    Effect.gen(function* () {
      const campaign = yield* launch(yield* TestEngine.workspace(), { audience: { _tag: "Inline", rows: people(100) } })
      yield* pass(10)
      assert.strictEqual((yield* now(campaign)).status, "paused")
      yield* Expect.alerted("CampaignHeld")
    }).pipe(Effect.provide(across(() => FakeMessenger.fail("accountFatal"))))
  )
})
