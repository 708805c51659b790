import { assert, describe, it } from "@effect/vitest"
import { jetstreamManager } from "@nats-io/jetstream"
import { Nats } from "@fibercast/nats/Nats"
import * as NatsServer from "@fibercast/nats/NatsServer"
import { parse } from "@fibercast/nats/ServerVersion"
import * as Topology from "@fibercast/nats/Topology"
import { defaults } from "@fibercast/ports/WorkStream"
import { Effect, Layer } from "effect"
import * as NatsTestServer from "../support/NatsTestServer.ts"

const small = { ...Topology.defaults, maxBytes: 1024 * 1024 }
const fresh = (changes: Partial<Topology.Topology> = {}): Topology.Topology => ({
  ...small,
  prefix: NatsTestServer.freshPrefix(),
  settings: defaults,
  ...changes
})

const found = Effect.fnUntraced(function* (prefix: string) {
  const { connection } = yield* Nats
  return yield* Effect.promise(async () => {
    const jsm = await jetstreamManager(connection)
    const name = Topology.streamName(prefix, "bulk")
    return {
      stream: (await jsm.streams.info(name)).config,
      consumer: (await jsm.consumers.info(name, Topology.consumerName)).config
    }
  })
})

describe("Topology", () => {
  it("metadata is asked for only where the server knows it", () => {
    assert.notProperty(Topology.streamConfig(fresh(), "bulk", parse("2.9.10")), "metadata")
    assert.property(Topology.streamConfig(fresh(), "bulk", parse("2.10.0")), "metadata")
  })

  it("what a server adds of its own is no difference", () => {
    assert.isFalse(Topology.differs({ a: 1, b: { c: "x" } }, { a: 1, b: { c: "x", d: 2 }, e: 3 }))
    assert.isTrue(Topology.differs({ a: 1 }, { a: 2 }))
    assert.isTrue(Topology.differs({ a: { b: 1 } }, {}))
    assert.isTrue(Topology.differs({ a: ["x"] }, { a: ["x", "y"] }))
  })
})

describe.skipIf(!NatsTestServer.isThere)("Topology on a server", () => {
  it.layer(
    Layer.provideMerge(NatsTestServer.connection, NatsTestServer.layer),
    NatsTestServer.options
  )((it) => {
    it.effect("lanes are kept on disk as work queues with a bound, each with one consumer", () =>
      Effect.gen(function* () {
        const topology = fresh()
        yield* Topology.ensure(topology)
        const { consumer, stream } = yield* found(topology.prefix)
        assert.deepInclude(stream, {
          subjects: [`${topology.prefix}.send.bulk.*`],
          retention: "workqueue",
          storage: "file",
          discard: "new",
          max_msgs: small.maxMessages,
          max_bytes: small.maxBytes,
          max_age: 60e9,
          duplicate_window: 60e9
        })
        assert.deepInclude(consumer, { ack_policy: "explicit", ack_wait: 6e9, max_ack_pending: 1024 })
      })
    )

    it.effect("nodes that start at once do not disturb each other", () =>
      Effect.gen(function* () {
        const topology = fresh()
        yield* Effect.replicateEffect(Topology.ensure(topology), 8, { concurrency: "unbounded" })
        yield* Topology.ensure(topology)
      })
    )

    it.effect("settings that changed are taken over by what exists", () =>
      Effect.gen(function* () {
        const topology = fresh()
        yield* Topology.ensure(topology)
        const settings = { ackWait: 9000, maxAge: 30_000, inFlight: 7 }
        yield* Topology.ensure({ ...topology, settings, maxMessages: 99 })
        const { consumer, stream } = yield* found(topology.prefix)
        assert.deepInclude(stream, { max_age: 30e9, duplicate_window: 30e9, max_msgs: 99 })
        assert.deepInclude(consumer, { ack_wait: 9e9, max_ack_pending: 7 })
      })
    )

    it.effect("what the server does not do is refused in its words", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Topology.ensure(fresh({ replicas: 3 })))
        assert.strictEqual(error._tag, "TopologyRefused")
        assert.match(error.message, /replicas/)
      })
    )

    it.effect("a server without JetStream is told from one that has it", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Topology.ensure(fresh()))
        assert.strictEqual(error._tag, "JetStreamOff")
        assert.match(error.message, /-js/)
      }).pipe(
        Effect.provide(NatsTestServer.connection.pipe(Layer.provide(NatsServer.layer({ jetStream: false }))), {
          local: true
        })
      )
    )
  })
})
