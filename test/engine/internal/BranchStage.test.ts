import { type Message } from "@fibercast/domain/Message"
import { Outcome } from "@fibercast/domain/Outcome"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { type Messenger } from "@fibercast/ports/Messenger"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { outcomeOf, Banned, First, Second, scripted, gates, messageOf, ToMessage } from "./Tries.ts"

const both = (first: Messenger, second: Messenger) =>
  Layer.mergeAll(Layer.succeed(First, first), Layer.succeed(Second, second), gates)

describe("route and fallback", () => {
  it.effect("route takes the branch that the value selects", () =>
    Effect.gen(function* () {
      const one = scripted("one")
      const two = scripted("two")
      const pipeline = ToMessage.pipe(
        Pipeline.route((message) => (message.text.startsWith("1") ? "first" : "second"), {
          first: Pipeline.send(First),
          second: Pipeline.compose(
            Pipeline.map((message: Message) => messageOf(message.text.toUpperCase())),
            Pipeline.send(Second)
          )
        })
      )
      yield* Effect.forEach(["1a", "2b"], (text) => outcomeOf(pipeline, text)).pipe(
        Effect.provide(both(one.messenger, two.messenger))
      )
      assert.deepStrictEqual([one.sent, two.sent], [["1a"], ["2B"]])
    })
  )

  const Fallback = ToMessage.pipe(Pipeline.fallback(Pipeline.send(First), Pipeline.send(Second)))

  it.effect("fallback goes to the second messenger when the first refuses the recipient or cannot send", () =>
    Effect.gen(function* () {
      const one = scripted("one", ["recipientPermanent", "accountFatal"])
      const two = scripted("two")
      const outcomes = yield* Effect.forEach(["a", "b", "c"], (text) => outcomeOf(Fallback, text)).pipe(
        Effect.provide(both(one.messenger, two.messenger))
      )
      assert.deepStrictEqual(
        outcomes,
        [1, 2, 3].map((n) => Outcome.Completed({ providerId: `two-${n}` }))
      )
      assert.deepStrictEqual(one.sent, ["a", "b"], "the closed account is not asked again")
    })
  )

  it.effect("fallback leaves doubt, pace and passing failures alone", () =>
    Effect.gen(function* () {
      const one = scripted("one", ["unknown", "transient", "rateLimited"])
      const two = scripted("two")
      const outcomes = yield* Effect.forEach(["a", "b", "c"], (text) => outcomeOf(Fallback, text)).pipe(
        Effect.provide(both(one.messenger, two.messenger))
      )
      assert.deepStrictEqual(
        outcomes.map(({ _tag }) => _tag),
        ["Retry", "Retry", "Snoozed"]
      )
      assert.deepStrictEqual(two.sent, [])
    })
  )

  it.effect("what follows the accepted send of the first branch never reaches the second", () =>
    Effect.gen(function* () {
      const one = scripted("one")
      const two = scripted("two")
      const pipeline = ToMessage.pipe(
        Pipeline.fallback(
          Pipeline.compose(
            Pipeline.send(First),
            Pipeline.tap(() => new Banned())
          ),
          Pipeline.send(Second)
        )
      )
      const outcome = yield* outcomeOf(pipeline, "a").pipe(Effect.provide(both(one.messenger, two.messenger)))
      assert.strictEqual(outcome._tag, "Failed")
      assert.deepStrictEqual(two.sent, [])
    })
  )
})
