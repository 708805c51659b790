import { type Guarantee } from "@fibercast/domain/Campaign"
import { DeliveryId } from "@fibercast/domain/Delivery"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { Campaigns } from "@fibercast/engine/Campaigns"
import * as Deliveries from "@fibercast/engine/Deliveries"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Alerts } from "@fibercast/ports/Alerts"
import { type Chunk } from "@fibercast/ports/Chunk"
import * as ChunkText from "@fibercast/ports/ChunkText"
import { type BeginClaims } from "@fibercast/ports/HandOver"
import { Ledger } from "@fibercast/ports/Ledger"
import { SenderChannel } from "@fibercast/ports/SenderChannel"
import { WorkStream, WorkStreamUnavailable } from "@fibercast/ports/WorkStream"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestSenders from "@fibercast/testkit/TestSenders"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Layer, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Announce, launchTo, now, phone } from "./internal/Broadcasts.ts"

const guarantees: ReadonlyArray<Guarantee> = ["at-least-once", "at-most-once"]

const Letter = Schema.Struct({ to: Schema.String, text: Schema.String })

const letters = (guarantee: Guarantee = "at-least-once") =>
  Pipeline.make("letters", {
    payload: Letter,
    guarantee,
    retry: RetryPolicy.after("10 seconds", { tries: 3 })
  }).pipe(Pipeline.send(FakeMessenger.FakeMessenger))

const world = (script?: FakeMessenger.Script) =>
  Layer.mergeAll(TestEngine.layerStores(), FakeMessenger.FakeMessenger.layer(script), TestSenders.layerBetween)

const dispatch = Effect.fnUntraced(function* (texts: ReadonlyArray<string>, guarantee: Guarantee = "at-least-once") {
  const workspaceId = yield* TestEngine.workspace()
  const pipeline = letters(guarantee)
  const payloads = texts.map((text, n) => ({ to: phone(n), text }))
  yield* Pipeline.dispatchMany(pipeline, { workspaceId, payloads })
  yield* TestEngine.catchUp
  return { workspaceId, pipelines: [pipeline] }
})

const calls = Effect.flatMap(FakeMessenger.FakeMessenger, ({ sent }) => sent)
const accepted = Effect.map(calls, (all) => all.filter(({ result }) => result === "accepted").map(({ to }) => to))
const twice = Effect.map(calls, (all) => all.length - new Set(all.map(({ to }) => to)).size)

/** So many seconds, in steps that leave what goes from node to node time to arrive. */
const pass = (seconds: number) =>
  Effect.repeat(Effect.andThen(TestClock.adjust("500 millis"), TestEngine.catchUp), { times: seconds * 2 - 1 })

/** A stream that takes messages of up to 1 MiB, as servers do. */
const narrow = Layer.effect(
  WorkStream,
  Effect.map(WorkStream, (stream) => ({
    ...stream,
    publish: (chunk: Chunk) =>
      ChunkText.encode(chunk).length <= 1_048_576
        ? stream.publish(chunk)
        : new WorkStreamUnavailable({ operation: "publish a chunk", cause: new Error("maximum payload exceeded") })
  }))
)

describe("What is large", () => {
  it.effect("many large payloads that were claimed together go in several chunks", () =>
    Effect.gen(function* () {
      const { pipelines } = yield* dispatch(Array.from({ length: 40 }, () => "\u0001é".repeat(12_500)))
      yield* Effect.provide(TestSenders.makeEngine({ pipelines }), narrow)
      yield* TestSenders.makeSender({ pipelines })
      yield* pass(10)
      assert.strictEqual((yield* accepted).length, 40)
      yield* Expect.settled("completed", 40)
    }).pipe(Effect.provide(world()))
  )

  it.effect("a payload that no chunk can carry has failed, is told, and holds nothing up", () =>
    Effect.gen(function* () {
      const { pipelines } = yield* dispatch(["short", "x".repeat(1_048_576), "x".repeat(900_000), "short"])
      yield* Effect.provide(TestSenders.makeEngine({ pipelines }), narrow)
      yield* TestSenders.makeSender({ pipelines })
      yield* pass(10)
      assert.deepStrictEqual((yield* accepted).toSorted(), [phone(0), phone(2), phone(3)])
      yield* Expect.settled("failed", 1)
      yield* Expect.alerted("DeliveryFailed")
      yield* Expect.nothingOpen
    }).pipe(Effect.provide(world()))
  )
})

const slowly = () => FakeMessenger.delay("3 seconds")

describe("What crashes", () => {
  it.effect("an actor whose publishing crashes is restarted, and hands over again", () =>
    Effect.gen(function* () {
      const { pipelines } = yield* dispatch(Array.from({ length: 30 }, () => "hello"))
      let crashes = 0
      const crashing = Layer.effect(
        WorkStream,
        Effect.map(WorkStream, (stream) => ({
          ...stream,
          publish: (chunk: Chunk) => (crashes++ < 3 ? Effect.die(new Error("a bug")) : stream.publish(chunk))
        }))
      )
      yield* Effect.provide(TestSenders.makeEngine({ pipelines }), crashing)
      yield* TestSenders.makeSender({ pipelines })
      yield* pass(15)
      assert.strictEqual((yield* accepted).length, 30)
      yield* Expect.settled("completed", 30)
    }).pipe(Effect.provide(world()))
  )

  it.effect("a sender that cannot tell of a failure goes on all the same", () =>
    Effect.gen(function* () {
      const { pipelines } = yield* dispatch(Array.from({ length: 30 }, () => "hello"))
      const broken = Layer.succeed(Alerts, { raise: () => Effect.die(new Error("a bug")) })
      yield* TestSenders.makeEngine({ pipelines })
      yield* Effect.provide(TestSenders.makeSender({ pipelines, sender: { capacity: 10 } }), broken)
      yield* pass(15)
      yield* Expect.settled("failed", 2)
      yield* Expect.settled("completed", 28)
      yield* Expect.nothingOpen
    }).pipe(
      Effect.provide(
        world(
          FakeMessenger.byTarget({
            [phone(1)]: [FakeMessenger.fail("recipientPermanent")],
            [phone(12)]: [FakeMessenger.fail("recipientPermanent")]
          })
        )
      )
    )
  )
})

describe("What no sender can read", () => {
  for (const guarantee of guarantees) {
    it.effect(`${guarantee}: is handed over again by its owner, and sent once`, () =>
      Effect.gen(function* () {
        const { pipelines } = yield* dispatch(["hello", "hello", "hello"], guarantee)
        let dropped = 0
        const unread = Layer.effect(
          WorkStream,
          Effect.map(WorkStream, (stream) => ({
            ...stream,
            publish: (chunk: Chunk) => (dropped++ < 2 ? Effect.void : stream.publish(chunk))
          }))
        )
        yield* Effect.provide(TestSenders.makeEngine({ pipelines }), unread)
        yield* TestSenders.makeSender({ pipelines })
        yield* pass(20)
        assert.strictEqual((yield* calls).length, 0)
        yield* pass(60)
        assert.strictEqual((yield* accepted).length, 3)
        assert.strictEqual(yield* twice, 0)
        yield* Expect.settled("completed", 3)
      }).pipe(Effect.provide(world()))
    )
  }
})

describe("Who comes late", () => {
  it.effect("at-least-once: a sender that hears too late what it may send does not send it again", () =>
    Effect.gen(function* () {
      const { pipelines } = yield* dispatch(["hello"])
      const answered = Latch.makeUnsafe(false)
      let asked = 0
      const late = Layer.mergeAll(
        Layer.effect(
          Ledger,
          Effect.map(Ledger, (ledger) => ({
            ...ledger,
            beginClaims: (options: BeginClaims) =>
              Effect.tap(ledger.beginClaims(options), () => (asked++ === 0 ? answered.await : Effect.void))
          }))
        ),
        Layer.effect(
          SenderChannel,
          Effect.map(SenderChannel, (channel) => ({ ...channel, report: () => Effect.void }))
        )
      )
      yield* TestSenders.makeEngine({ pipelines })
      yield* Effect.provide(TestSenders.makeSender({ pipelines }), late)
      yield* pass(60)
      assert.strictEqual((yield* accepted).length, 1)
      assert.isAbove(asked, 0)
      answered.openUnsafe()
      yield* pass(10)
      assert.strictEqual((yield* accepted).length, 1)
      yield* Expect.settled("completed", 1)
    }).pipe(Effect.provide(world()))
  )

  it.effect("at-most-once: an engine that stood still hears its senders out before it counts anything as lost", () =>
    Effect.gen(function* () {
      const { pipelines } = yield* dispatch(["hello"], "at-most-once")
      const hears = Latch.makeUnsafe(true)
      const standing = Layer.effect(
        SenderChannel,
        Effect.map(SenderChannel, (channel) => ({
          ...channel,
          reports: (owner: string) => Stream.tap(channel.reports(owner), () => hears.await)
        }))
      )
      const engine = yield* Effect.provide(TestSenders.makeEngine({ pipelines }), standing)
      yield* TestSenders.makeSender({ pipelines })
      yield* pass(2)
      hears.closeUnsafe()
      yield* engine.freeze
      yield* pass(9)
      yield* engine.thaw
      yield* TestEngine.catchUp
      hears.openUnsafe()
      yield* pass(20)
      assert.strictEqual((yield* accepted).length, 1)
      yield* Expect.settled("completed", 1)
    }).pipe(Effect.provide(world(() => FakeMessenger.delay("14 seconds"))))
  )
})

describe("An engine of an older release", () => {
  it.effect("that does not know that a pipeline is at-most-once has nothing of it sent", () =>
    Effect.gen(function* () {
      const { pipelines } = yield* dispatch(["hello", "hello"], "at-most-once")
      const older = yield* TestSenders.makeEngine({ pipelines: [] })
      const first = yield* TestSenders.makeSender({ pipelines })
      yield* pass(35)
      yield* first.kill
      yield* TestSenders.makeSender({ pipelines })
      yield* pass(60)
      assert.strictEqual(yield* twice, 0)
      assert.strictEqual((yield* calls).length, 0)
      yield* older.stop
      yield* TestSenders.makeEngine({ pipelines })
      yield* pass(60)
      assert.strictEqual((yield* accepted).length, 2)
      yield* Expect.settled("completed", 2)
    }).pipe(Effect.provide(world(slowly)))
  )
})

describe("Without a sender", () => {
  const nobody = TestSenders.layer({ pipelines: [Announce], senders: 0 }).pipe(
    Layer.provideMerge(FakeMessenger.FakeMessenger.layer())
  )

  for (const guarantee of guarantees) {
    it.effect(`${guarantee}: a campaign can be paused, and nothing escaped`, () =>
      Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace()
        const campaign = yield* launchTo(workspaceId, 150, { guarantee })
        yield* pass(3)
        const pausing = yield* Effect.forkChild((yield* Campaigns).pause(workspaceId, campaign.id))
        yield* pass(30)
        const { escaped, status } = yield* Fiber.join(pausing)
        assert.deepStrictEqual([status, escaped], ["paused", 0])
      }).pipe(Effect.provide(nobody))
    )

    it.effect(`${guarantee}: what waits on the stream and is recalled is cancelled`, () =>
      Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace()
        const campaign = yield* launchTo(workspaceId, 20, { guarantee })
        yield* pass(3)
        const ids = [2n, 6n].map((id) => DeliveryId.make(id))
        yield* Deliveries.recall(ids, { workspaceId, reason: "a mistake", force: false })
        yield* pass(30)
        assert.deepInclude((yield* now(campaign)).counts, { cancelled: 2, open: 18 })
      }).pipe(Effect.provide(nobody))
    )

    it.effect(`${guarantee}: a campaign can be cancelled`, () =>
      Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace()
        const campaign = yield* launchTo(workspaceId, 150, { guarantee })
        yield* pass(3)
        const cancelling = yield* Effect.forkChild((yield* Campaigns).cancel(workspaceId, campaign.id))
        yield* pass(30)
        assert.strictEqual((yield* Fiber.join(cancelling)).cancelled, 150)
        assert.deepInclude((yield* now(campaign)).counts, { cancelled: 150, open: 0 })
      }).pipe(Effect.provide(nobody))
    )
  }
})
