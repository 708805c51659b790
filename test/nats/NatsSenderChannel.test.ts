import { assert, describe, it } from "@effect/vitest"
import { Epoch, WorkspaceId } from "@fibercast/domain/Workspace"
import { Nats } from "@fibercast/nats/Nats"
import * as NatsSenderChannel from "@fibercast/nats/NatsSenderChannel"
import { type Report, SenderChannel } from "@fibercast/ports/SenderChannel"
import { Effect, Layer } from "effect"
import { listener } from "../conformance/Listening.ts"
import { real } from "../conformance/Pace.ts"
import { sentencesOf } from "../conformance/SenderChannelSuite.ts"
import * as NatsTestServer from "../support/NatsTestServer.ts"

const report = (chunkId: string): Report => ({
  workspaceId: WorkspaceId.make(7),
  epoch: Epoch.make(1),
  chunkId,
  ended: []
})

const onPrefix = (prefix: string) =>
  Effect.provide(NatsSenderChannel.layer({ prefix }).pipe(Layer.provideMerge(NatsTestServer.connection)))

describe.skipIf(!NatsTestServer.isThere)("SenderChannel (NATS)", () => {
  it.layer(
    NatsTestServer.layer,
    NatsTestServer.options
  )((it) => {
    for (const { holds, says } of sentencesOf(real, 60)) {
      it.effect(says, () => Effect.provide(holds, NatsTestServer.channels, { local: true }))
    }

    it.effect("reports that come together travel together", () =>
      Effect.gen(function* () {
        const { connection } = yield* Nats
        const channel = yield* SenderChannel
        let messages = 0
        const { several } = yield* listener(real, channel.reports("n"), channel.report("n", [report("calling")]))
        connection.subscribe("together.report.n", { callback: () => void messages++ })
        const all = Array.from({ length: 640 }, (_, index) => report(`c${index}`))
        for (const one of all) yield* channel.report("n", [one])
        assert.deepStrictEqual(yield* several(640), all)
        assert.isBelow(messages, 100)
      }).pipe(Effect.scoped, onPrefix("together"))
    )

    it.effect("reports too large for one message travel in several", () =>
      Effect.gen(function* () {
        const channel = yield* SenderChannel
        const { several } = yield* listener(real, channel.reports("n"), channel.report("n", [report("calling")]))
        const all = Array.from({ length: 12 }, (_, index) => report(`${index} ${"x".repeat(200_000)}`))
        yield* channel.report("n", [report("y".repeat(1_100_000)), ...all])
        assert.deepStrictEqual(yield* several(12), all)
      }).pipe(Effect.scoped, onPrefix("large"))
    )

    it.effect("what is no report is passed over", () =>
      Effect.gen(function* () {
        const { connection } = yield* Nats
        const channel = yield* SenderChannel
        const { several } = yield* listener(real, channel.reports("n"), channel.report("n", [report("calling")]))
        for (const odd of ["", "[]", "{}", '[{"workspaceId":1}]']) connection.publish("odd.report.n", odd)
        yield* channel.report("n", [report("c1")])
        assert.deepStrictEqual(yield* several(1), [report("c1")])
      }).pipe(Effect.scoped, onPrefix("odd"))
    )
  })
})
