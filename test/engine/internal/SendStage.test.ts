import { Outcome } from "@fibercast/domain/Outcome"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { type Messenger } from "@fibercast/ports/Messenger"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { outcomeOf, Offline, First, scripted, gates, ToMessage, OnceToMessage } from "./Tries.ts"

const through = <R, A>(messenger: Messenger, effect: Effect.Effect<A, never, R>) =>
  effect.pipe(Effect.provideService(First, messenger), Effect.provide(gates))

describe("send", () => {
  it.effect("completes with the provider's id", () =>
    Effect.gen(function* () {
      const { messenger, sent } = scripted("one")
      const outcome = yield* through(messenger, outcomeOf(ToMessage.pipe(Pipeline.send(First)), "hello"))
      assert.deepStrictEqual(outcome, Outcome.Completed({ providerId: "one-1" }))
      assert.deepStrictEqual(sent, ["hello"])
    })
  )

  it.effect("what the provider refuses fails, where the same class before a send is skipped", () =>
    Effect.gen(function* () {
      const { messenger } = scripted("one", ["recipientPermanent"])
      const outcome = yield* through(messenger, outcomeOf(ToMessage.pipe(Pipeline.send(First)), "hello"))
      assert.deepStrictEqual(
        outcome,
        Outcome.Failed({ errorClass: "recipientPermanent", reason: "one says recipientPermanent" })
      )
    })
  )

  it.effect("an account that is closed puts the delivery off, uncharged, without a call", () =>
    Effect.gen(function* () {
      const { messenger, sent } = scripted("one", ["accountTransient", "accountTransient"])
      const pipeline = ToMessage.pipe(Pipeline.send(First))
      const outcomes = yield* through(
        messenger,
        Effect.forEach(["a", "b", "c"], (text) =>
          Effect.tap(outcomeOf(pipeline, text), () => TestClock.adjust("2 seconds"))
        )
      )
      assert.deepStrictEqual(
        outcomes,
        [1000, 1000, 3000].map((after) => Outcome.Snoozed({ after, reason: "one says accountTransient" }))
      )
      assert.deepStrictEqual(sent, ["a", "b"])
    })
  )

  it.effect("after a send, at-most-once work is never sent again, whatever fails, leaves out or puts off", () =>
    Effect.gen(function* () {
      const after = OnceToMessage.pipe(Pipeline.send(First))
      const { messenger } = scripted("one")
      const outcomes = yield* through(
        messenger,
        Effect.all([
          outcomeOf(after.pipe(Pipeline.tap(() => new Offline({ host: "h" }))), "a"),
          outcomeOf(after.pipe(Pipeline.tap(() => new Offline({ host: "h" }), { classify: "rateLimited" })), "b"),
          outcomeOf(after.pipe(Pipeline.filter(() => false, "enough")), "c")
        ])
      )
      assert.deepStrictEqual(outcomes, [
        Outcome.Unknown({ reason: "sent, then Offline" }),
        Outcome.Unknown({ reason: "sent, then Offline" }),
        Outcome.Completed({ providerId: "one-3" })
      ])
    })
  )

  it.effect("before a send, at-most-once work is retried like any other", () =>
    Effect.gen(function* () {
      const { messenger, sent } = scripted("one", ["transient"])
      const retried = yield* through(messenger, outcomeOf(OnceToMessage.pipe(Pipeline.send(First)), "a"))
      assert.strictEqual(retried._tag, "Retry")
      const before = OnceToMessage.pipe(
        Pipeline.tap(() => new Offline({ host: "h" })),
        Pipeline.send(First)
      )
      assert.strictEqual((yield* through(messenger, outcomeOf(before, "b")))._tag, "Retry")
      assert.deepStrictEqual(sent, ["a"])
    })
  )
})
