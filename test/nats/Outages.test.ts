import { assert, describe, it } from "@effect/vitest"
import { jetstreamManager } from "@nats-io/jetstream"
import * as Nats from "@fibercast/nats/Nats"
import * as NatsServer from "@fibercast/nats/NatsServer"
import * as NatsWorkStream from "@fibercast/nats/NatsWorkStream"
import * as Topology from "@fibercast/nats/Topology"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { Signal } from "@fibercast/ports/Signal"
import { WorkStream, type WorkStreamUnavailable } from "@fibercast/ports/WorkStream"
import { Cause, Context, Deferred, Effect, Exit, Fiber, Layer, Schedule, type Scope, Stream } from "effect"
import * as NatsSignal from "@fibercast/nats/NatsSignal"
import { chunk, idsOf, receiver } from "../conformance/GivenChunks.ts"
import { listener } from "../conformance/Listening.ts"
import { real } from "../conformance/Pace.ts"
import * as NatsTestServer from "../support/NatsTestServer.ts"

/** What a node has, on a server that a test may kill. */
const node = (url: string, prefix: string) =>
  NatsWorkStream.layer({
    prefix,
    settings: { ackWait: 1000, maxAge: 600_000, inFlight: 64 },
    maxBytes: 64 * 1024 * 1024,
    publishTimeout: 1000
  }).pipe(Layer.merge(NatsSignal.layer({ prefix })), Layer.provideMerge(Nats.layer({ servers: url })))

/** Runs the test on a server of its own. */
const onServer = <A, E>(
  test: (
    server: NatsServer.NatsServer["Service"],
    prefix: string
  ) => Effect.Effect<A, E, WorkStream | Signal | Nats.Nats | Scope.Scope>
) =>
  Effect.gen(function* () {
    const server = yield* NatsServer.make()
    const prefix = NatsTestServer.freshPrefix()
    return yield* Effect.provide(test(server, prefix), node(server.url, prefix))
  }).pipe(Effect.scoped, Effect.provide(NatsTestServer.quiet), Effect.timeout("60 seconds"))

/** Publishes as an owner does: again and again, until it is confirmed. Tells each failure. */
const publishSurely = Effect.fnUntraced(function* (id: string, failed: (error: WorkStreamUnavailable) => void) {
  const stream = yield* WorkStream
  yield* Effect.retry(
    Effect.tapError(stream.publish(chunk(id)), (error) => Effect.sync(() => failed(error))),
    Schedule.spaced("100 millis")
  )
})

describe.skipIf(!NatsTestServer.isThere)("a NATS server that is killed and started again", () => {
  it.live("what was published and confirmed is all received, and consumption goes on by itself", () =>
    onServer((server) =>
      Effect.gen(function* () {
        const stream = yield* WorkStream
        const confirmed = new Set<string>()
        const received = new Set<string>()
        const failures: Array<WorkStreamUnavailable> = []
        const publisher = yield* Effect.forEach(
          Array.from({ length: 4 }, (_, index) => index),
          (writer) =>
            Effect.forEach(
              Array.from({ length: 500 }, (_, index) => `w${writer}-${index}`),
              (id) =>
                Effect.andThen(
                  publishSurely(id, (error) => failures.push(error)),
                  Effect.sync(() => confirmed.add(id))
                ),
              { discard: true }
            ),
          { concurrency: 4, discard: true }
        ).pipe(Effect.forkScoped)
        const enough = yield* Deferred.make<void>()
        const receivers = Array.from({ length: 2 }, () =>
          stream.consume("normal", { ahead: 8 }).pipe(
            Stream.runForEach((one) =>
              Effect.gen(function* () {
                yield* Effect.sleep(1)
                received.add(one.chunk.id)
                yield* one.ack
                if (received.size === 2000) yield* Deferred.succeed(enough, undefined)
              })
            )
          )
        )
        yield* Effect.forkScoped(Effect.all(receivers, { concurrency: 2 }))

        for (let time = 0; time < 2; time++) {
          const target = (time + 1) * 400
          yield* Effect.repeat(
            Effect.delay(
              Effect.sync(() => confirmed.size),
              5
            ),
            { until: (size) => size >= target }
          )
          yield* server.kill
          yield* Effect.sleep("700 millis")
          yield* server.start
        }
        yield* Fiber.join(publisher)
        yield* Deferred.await(enough)
        assert.strictEqual(confirmed.size, 2000)
        assert.strictEqual(received.size, 2000)
        assert.isAbove(failures.length, 0)
        for (const { message } of failures) assert.match(message, /could not publish a chunk/)
      })
    )
  )

  it.live("publishing while it is down fails at once, as unavailable", () =>
    onServer((server) =>
      Effect.gen(function* () {
        const stream = yield* WorkStream
        const nats = yield* Nats.Nats
        yield* server.kill
        yield* Effect.repeat(Effect.delay(nats.isUp, 10), { until: (isUp) => !isUp })
        const error = yield* Effect.flip(stream.publish(chunk("c1"))).pipe(Effect.timeout("500 millis"))
        assert.strictEqual(error._tag, "WorkStreamUnavailable")
      })
    )
  )

  it.live("a sure acknowledgement that cannot be had says so, and the chunk comes again", () =>
    onServer((server) =>
      Effect.gen(function* () {
        const stream = yield* WorkStream
        const { next } = yield* receiver(real)
        yield* stream.publish(chunk("c1"))
        const held = yield* next
        yield* server.kill
        const error = yield* Effect.flip(held.ackSure).pipe(Effect.timeout("5 seconds"))
        assert.strictEqual(error._tag, "WorkStreamUnavailable")
        yield* server.start
        const again = yield* next
        assert.strictEqual(again.chunk.id, "c1")
        yield* again.ackSure
      })
    )
  )

  it.live("a server that stands still for a while and goes on is received from as before", () =>
    onServer((server) =>
      Effect.gen(function* () {
        const stream = yield* WorkStream
        const { next } = yield* receiver(real)
        yield* stream.publish(chunk("c1"))
        yield* (yield* next).ackSure
        const pid = yield* server.pid
        process.kill(pid, "SIGSTOP")
        yield* Effect.addFinalizer(() => Effect.sync(() => process.kill(pid, "SIGCONT")))
        // A signal reaches the threads of a process one after another: some may confirm a little longer.
        const during: Array<string> = []
        const error = yield* Effect.suspend(() => {
          const id = `during ${during.length}`
          during.push(id)
          return stream.publish(chunk(id))
        }).pipe(Effect.forever, Effect.flip)
        assert.strictEqual(error._tag, "WorkStreamUnavailable")
        yield* Effect.sleep("3 seconds")
        process.kill(pid, "SIGCONT")
        yield* publishSurely("after", () => {})
        const received = yield* Effect.forEach([...during, "after"], () => next)
        assert.deepStrictEqual(idsOf(received).toSorted(), ["after", ...during.toSorted()])
      })
    )
  )

  it.live("signals are heard again once it is back", () =>
    onServer((server) =>
      Effect.gen(function* () {
        const signal = yield* Signal
        const id = WorkspaceId.make(5)
        const { several } = yield* listener(real, signal.signals, signal.notify(WorkspaceId.make(1)))
        yield* server.kill
        yield* signal.notify(id)
        yield* server.start
        yield* Effect.raceFirst(several(1), Effect.forever(Effect.delay(signal.notify(id), 50)))
      })
    )
  )
})

describe.skipIf(!NatsTestServer.isThere)("a NATS server that loses what it kept", () => {
  it.live("a consumer that was deleted is made again, and what waited is received", () =>
    onServer((_, prefix) =>
      Effect.gen(function* () {
        const stream = yield* WorkStream
        const { connection } = yield* Nats.Nats
        const { next } = yield* receiver(real)
        yield* stream.publish(chunk("c1"))
        yield* (yield* next).ackSure
        const jsm = yield* Effect.promise(() => jetstreamManager(connection))
        const name = Topology.streamName(prefix, "normal")
        yield* Effect.promise(() => jsm.consumers.delete(name, Topology.consumerName))
        yield* stream.publish(chunk("c2"))
        assert.strictEqual((yield* next).chunk.id, "c2")
      })
    )
  )

  it.live("streams that were deleted are made again, for publishers and receivers alike", () =>
    onServer((_, prefix) =>
      Effect.gen(function* () {
        const stream = yield* WorkStream
        const { connection } = yield* Nats.Nats
        const jsm = yield* Effect.promise(() => jetstreamManager(connection))
        yield* Effect.promise(() => jsm.streams.delete(Topology.streamName(prefix, "normal")))
        const error = yield* Effect.flip(stream.publish(chunk("c1")))
        assert.strictEqual(error._tag, "WorkStreamUnavailable")
        yield* stream.publish(chunk("c1"))
        const { next } = yield* receiver(real)
        yield* (yield* next).ackSure
        yield* Effect.promise(() => jsm.streams.delete(Topology.streamName(prefix, "normal")))
        yield* publishSurely("c2", () => {})
        assert.strictEqual((yield* next).chunk.id, "c2")
      })
    )
  )

  it.live("chunks that are no more hold up none that are", () =>
    onServer((_, prefix) =>
      Effect.gen(function* () {
        const stream = yield* WorkStream
        const { connection } = yield* Nats.Nats
        const ids = Array.from({ length: 60 }, (_, index) => `c${index}`)
        for (const id of ids) yield* stream.publish(chunk(id))
        const { next, rest, several } = yield* receiver(real, "normal", 32)
        yield* several(ids.length)
        // As after a crash: the consumer waits for acknowledgements of what the stream has no more.
        const jsm = yield* Effect.promise(() => jetstreamManager(connection))
        const name = Topology.streamName(prefix, "normal")
        yield* Effect.forEach(ids, (_, index) =>
          Effect.promise(() => jsm.streams.deleteMessage(name, index + 1, false))
        )
        yield* Effect.sleep("1500 millis")
        yield* stream.publish(chunk("one more"))
        assert.strictEqual((yield* next).chunk.id, "one more")
        assert.deepStrictEqual(yield* rest, [])
      })
    )
  )

  it.live("a consumer that stands still with work to hand out is made anew", () =>
    onServer((_, prefix) =>
      Effect.gen(function* () {
        const stream = yield* WorkStream
        const { connection } = yield* Nats.Nats
        const jsm = yield* Effect.promise(() => jetstreamManager(connection))
        const name = Topology.streamName(prefix, "normal")
        const consumer = () => Effect.promise(() => jsm.consumers.info(name, Topology.consumerName))
        const first = yield* consumer()
        // Less room than was asked for: it hands out one, and then nothing, whoever waits.
        yield* Effect.promise(() => jsm.consumers.update(name, Topology.consumerName, { max_ack_pending: 1 }))
        const { next } = yield* receiver(real, "normal", 4)
        for (const id of ["c1", "c2"]) yield* stream.publish(chunk(id))
        const held = yield* next
        yield* Effect.forkScoped(Effect.forever(Effect.delay(held.working, 300)))
        yield* next
        assert.notStrictEqual((yield* consumer()).created, first.created)
      })
    )
  )

  it.live("what is no chunk is dropped for good and holds up nothing", () =>
    onServer((_, prefix) =>
      Effect.gen(function* () {
        const stream = yield* WorkStream
        const { connection } = yield* Nats.Nats
        const subject = `${prefix}.send.normal.7`
        for (const odd of ["", "{}", JSON.stringify({ id: "c0", lane: "normal" })]) connection.publish(subject, odd)
        yield* Effect.promise(() => connection.flush())
        yield* stream.publish(chunk("c1"))
        const { next } = yield* receiver(real)
        const held = yield* next
        assert.strictEqual(held.chunk.id, "c1")
        yield* held.ackSure
        const jsm = yield* Effect.promise(() => jetstreamManager(connection))
        yield* Effect.repeat(
          Effect.delay(
            Effect.promise(() => jsm.streams.info(Topology.streamName(prefix, "normal"))),
            20
          ),
          { until: ({ state }) => state.messages === 0 }
        )
      })
    )
  )

  it.live("a lane that is full refuses, and takes more once there is room", () =>
    Effect.gen(function* () {
      const server = yield* NatsServer.make()
      const context = yield* Layer.build(
        NatsWorkStream.layer({ maxMessages: 3, maxBytes: 1024 * 1024 }).pipe(
          Layer.provide(Nats.layer({ servers: server.url }))
        )
      )
      const stream = Context.get(context, WorkStream)
      for (const id of ["c1", "c2", "c3"]) yield* stream.publish(chunk(id))
      const exit = yield* Effect.exit(stream.publish(chunk("c4")))
      assert.match(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", /maximum messages exceeded/)
      const { next } = yield* Effect.provide(receiver(real), context)
      yield* (yield* next).ackSure
      yield* stream.publish(chunk("c4"))
    }).pipe(Effect.scoped)
  )
})

describe.skipIf(!NatsTestServer.isThere)("receivers that come and go", () => {
  it.live("while chunks pour in, nothing that a receiver left waits for its time to run out", () =>
    onServer(() =>
      Effect.gen(function* () {
        const stream = yield* WorkStream
        const ids = Array.from({ length: 600 }, (_, index) => `c${index}`)
        yield* Effect.forkScoped(
          Effect.forEach(ids, (id) => stream.publish(chunk(id)), { concurrency: 8, discard: true })
        )
        const received: Array<string> = []
        let late = 0
        while (received.length < ids.length) {
          const some = yield* stream.consume("normal", { ahead: 16 }).pipe(
            Stream.take(20),
            Stream.tap((one) => one.ackSure),
            Stream.timeout("800 millis"),
            Stream.runCollect
          )
          if (some.length === 0) late++
          received.push(...idsOf(some))
        }
        assert.strictEqual(new Set(received).size, ids.length)
        assert.strictEqual(received.length, ids.length)
        assert.strictEqual(late, 0)
      })
    )
  )
})
