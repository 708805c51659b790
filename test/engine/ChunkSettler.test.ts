import * as Pipeline from "@fibercast/engine/Pipeline"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Report, SenderChannel } from "@fibercast/ports/SenderChannel"
import { type Settle } from "@fibercast/ports/Settlement"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestSenders from "@fibercast/testkit/TestSenders"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"

/** What is odd takes a second, and what is divisible by 50 fails. */
const Sum = Pipeline.make("sum", { payload: Schema.Int }).pipe(
  Pipeline.mapEffect((n) => Effect.as(n % 2 === 1 ? Effect.sleep("1 second") : Effect.void, n)),
  Pipeline.mapEffect((n) => (n % 50 === 0 ? Effect.fail("it is divisible by 50") : Effect.succeed(n)), {
    classify: "messagePermanent"
  })
)

const pipelines = [Sum]

/** In steps that leave what goes from node to node time to arrive. */
const pass = (seconds: number) =>
  Effect.repeat(Effect.andThen(TestClock.adjust("500 millis"), TestEngine.catchUp), { times: seconds * 2 - 1 })

/** A sender, and what it and the engine write and tell. */
const given = Effect.fnUntraced(function* (payloads: ReadonlyArray<number>, batch = 1000) {
  const workspaceId = yield* TestEngine.workspace()
  const ledger = yield* Ledger
  const channel = yield* SenderChannel
  const settles: Array<Settle & { readonly by: "engine" | "sender" }> = []
  const reports: Array<Report> = []
  const noted = (by: "engine" | "sender") =>
    Layer.succeed(Ledger, {
      ...ledger,
      settle: (options) => {
        settles.push({ ...options, by })
        return ledger.settle(options)
      }
    })
  const heard = Layer.succeed(SenderChannel, {
    ...channel,
    report: (owner, told) => {
      reports.push(...told)
      return channel.report(owner, told)
    }
  })
  yield* Effect.provide(TestSenders.makeEngine({ pipelines, settings: { batch } }), noted("engine"))
  yield* Effect.provide(TestSenders.makeSender({ pipelines }), Layer.merge(noted("sender"), heard))
  yield* Pipeline.dispatchMany(Sum, { workspaceId, payloads })
  yield* pass(10)
  yield* Expect.nothingOpen
  return { settles, ended: reports.flatMap(({ ended }) => (ended.length === 0 ? [] : [ended])) }
})

const world = Layer.mergeAll(TestEngine.layerStores(), FakeMessenger.FakeMessenger.layer(), TestSenders.layerBetween)

const named = ({ settlements }: Settle) => settlements.map(({ state }) => state)

describe("What a sender writes", () => {
  it.effect("of a chunk that is whole claims and completed is their numbers, and nobody has more to write", () =>
    Effect.gen(function* () {
      const { ended, settles } = yield* given([2, 4, 6])
      assert.deepStrictEqual(
        settles.map(({ by, completedClaims, finishedClaims, settlements }) => ({
          by,
          claims: completedClaims?.length,
          rest: settlements.length + finishedClaims.length
        })),
        [{ by: "sender", claims: 1, rest: 0 }]
      )
      assert.deepStrictEqual(ended, ["completed"])
      yield* Expect.settled("completed", 3)
    }).pipe(Effect.provide(world))
  )

  it.effect("names each where one has failed, and the engine ends the claim", () =>
    Effect.gen(function* () {
      const { ended, settles } = yield* given([2, 50, 6])
      assert.deepStrictEqual(
        settles.map((settle) => ({ by: settle.by, named: named(settle), over: settle.finishedClaims.length })),
        [
          { by: "sender", named: ["completed", "failed", "completed"], over: 0 },
          { by: "engine", named: [], over: 1 }
        ]
      )
      assert.deepStrictEqual(
        ended.flatMap((one) => (one === "completed" ? [one] : one.map(({ fate }) => fate))),
        ["settled", "settled", "settled"]
      )
      yield* Expect.settled("completed", 2)
    }).pipe(Effect.provide(world))
  )

  it.effect("names each where some end before others", () =>
    Effect.gen(function* () {
      const { settles } = yield* given([2, 3, 6])
      const bySender = settles.filter(({ by }) => by === "sender")
      assert.deepStrictEqual(bySender.map(named), [["completed", "completed"], ["completed"]])
      assert.deepStrictEqual(
        bySender.flatMap(({ completedClaims = [] }) => completedClaims),
        []
      )
      yield* Expect.settled("completed", 3)
    }).pipe(Effect.provide(world))
  )

  it.effect(
    "of several chunks is their claims' numbers of some, and each delivery of others, one after the other",
    () =>
      Effect.gen(function* () {
        const payloads = Array.from({ length: 200 }, (_, n) => 2 * n + 2)
        const { settles } = yield* given(payloads, 20)
        const bySender = settles.filter(({ by }) => by === "sender")
        const named = bySender.flatMap(({ settlements }) => settlements)
        const whole = bySender.flatMap(({ completedClaims = [] }) => completedClaims)
        assert.isAbove(named.length, 0)
        assert.isAbove(whole.length, 0)
        for (const { completedClaims = [], settlements } of bySender) {
          assert.isTrue(completedClaims.length === 0 || settlements.length === 0)
        }
        yield* Expect.settled("completed", 192)
      }).pipe(Effect.provide(world))
  )
})
