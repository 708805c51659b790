import { assert, describe, it } from "@effect/vitest"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { Nats } from "@fibercast/nats/Nats"
import * as NatsSignal from "@fibercast/nats/NatsSignal"
import { type News, Signal } from "@fibercast/ports/Signal"
import { Clock, Effect, Layer, Stream } from "effect"
import { listener } from "../conformance/Listening.ts"
import { real } from "../conformance/Pace.ts"
import { sentencesOf } from "../conformance/SignalSuite.ts"
import * as NatsTestServer from "../support/NatsTestServer.ts"

const [noisy, quiet] = [WorkspaceId.make(1), WorkspaceId.make(2)]

const named = (signals: Stream.Stream<News>) => Stream.map(signals, ({ workspaceId }) => workspaceId)

describe.skipIf(!NatsTestServer.isThere)("Signal (NATS)", () => {
  it.layer(
    NatsTestServer.layer,
    NatsTestServer.options
  )((it) => {
    for (const { holds, says } of sentencesOf(real)) {
      it.effect(says, () => Effect.provide(holds, NatsTestServer.channels, { local: true }))
    }

    it.effect("a storm of notifications for one workspace is a trickle on the wire", () =>
      Effect.gen(function* () {
        const { connection } = yield* Nats
        const signal = yield* Signal
        let messages = 0
        connection.subscribe("storm.wake.1", { callback: () => void messages++ })
        const { rest } = yield* listener(real, named(signal.signals), signal.notify(quiet))
        const began = yield* Clock.currentTimeMillis
        let lasted = 0
        while (lasted < 300) {
          yield* Effect.andThen(signal.notify(noisy), Effect.yieldNow)
          lasted = (yield* Clock.currentTimeMillis) - began
        }
        yield* signal.notify(quiet)
        yield* Effect.sleep("300 millis")
        assert.includeMembers(yield* rest, [noisy, quiet])
        assert.isAbove(messages, 0)
        // One each 20 ms, once the pauses have grown to that.
        assert.isBelow(messages, lasted / 19 + 10)
      }).pipe(
        Effect.scoped,
        Effect.provide(NatsSignal.layer({ prefix: "storm" }).pipe(Layer.provideMerge(NatsTestServer.connection)))
      )
    )

    it.effect("after a silence of milliseconds a workspace is named at once, however often that happens", () =>
      Effect.gen(function* () {
        const { connection } = yield* Nats
        const signal = yield* Signal
        let messages = 0
        connection.subscribe("lone.wake.1", { callback: () => void messages++ })
        for (let job = 0; job < 20; job++) {
          yield* signal.notify(noisy)
          yield* Effect.sleep("8 millis")
        }
        yield* Effect.sleep("300 millis")
        assert.isAtLeast(messages, 18)
      }).pipe(
        Effect.scoped,
        Effect.provide(NatsSignal.layer({ prefix: "lone" }).pipe(Layer.provideMerge(NatsTestServer.connection)))
      )
    )

    it.effect("what is no workspace is passed over", () =>
      Effect.gen(function* () {
        const { connection } = yield* Nats
        const signal = yield* Signal
        const { several } = yield* listener(real, named(signal.signals), signal.notify(quiet))
        connection.publish("odd.wake.nobody", "")
        connection.publish("odd.wake.-3", "")
        yield* signal.notify(noisy)
        assert.deepStrictEqual(yield* several(1), [noisy])
      }).pipe(
        Effect.scoped,
        Effect.provide(NatsSignal.layer({ prefix: "odd" }).pipe(Layer.provideMerge(NatsTestServer.connection)))
      )
    )
  })
})
