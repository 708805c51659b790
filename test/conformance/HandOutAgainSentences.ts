/** What is not acknowledged is handed out again, in time and no sooner; what is, never. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { chunk, chunks, idsOf, patient, publish, quick, receiver, type WorkStreamSentence } from "./GivenChunks.ts"
import { type Pace } from "./Pace.ts"

const { ackWait } = quick

export const sentencesOf = (pace: Pace): ReadonlyArray<WorkStreamSentence> => [
  {
    says: "an acknowledged chunk is not received again",
    settings: {},
    holds: Effect.scoped(
      Effect.gen(function* () {
        const { next, rest } = yield* receiver(pace)
        yield* publish([chunk("c1")])
        yield* (yield* next).ack
        yield* pace.pass(2 * ackWait)
        assert.deepStrictEqual(yield* rest, [])
      })
    )
  },
  {
    says: "once an acknowledgement is sure, nobody is handed the chunk again",
    settings: {},
    holds: Effect.gen(function* () {
      yield* publish([chunk("c1")])
      yield* Effect.scoped(Effect.flatMap(receiver(pace), ({ next }) => Effect.flatMap(next, (one) => one.ackSure)))
      const { rest } = yield* receiver(pace)
      yield* pace.pass(2 * ackWait)
      assert.deepStrictEqual(yield* rest, [])
    }).pipe(Effect.scoped)
  },
  {
    says: "a chunk that is turned back comes again after the delay asked for, and no sooner",
    settings: patient,
    holds: Effect.scoped(
      Effect.gen(function* () {
        const { next, rest } = yield* receiver(pace)
        yield* publish([chunk("c1")])
        yield* (yield* next).nak(1500)
        yield* pace.pass(700)
        assert.deepStrictEqual(yield* rest, [])
        const again = yield* next
        assert.strictEqual(again.chunk.id, "c1")
        assert.strictEqual(again.times, 2)
      })
    )
  },
  {
    says: "a chunk that is turned back without a delay comes again at once",
    settings: patient,
    holds: Effect.scoped(
      Effect.gen(function* () {
        const { next } = yield* receiver(pace)
        yield* publish([chunk("c1")])
        yield* (yield* next).nak(0)
        assert.strictEqual((yield* next).chunk.id, "c1")
      })
    )
  },
  {
    says: "a chunk whose receiver keeps silent comes again, counting how often",
    settings: {},
    holds: Effect.scoped(
      Effect.gen(function* () {
        const { next, rest, several } = yield* receiver(pace)
        yield* publish([chunk("c1")])
        yield* next
        yield* pace.pass(ackWait * 0.4)
        assert.deepStrictEqual(yield* rest, [])
        const again = yield* several(2)
        assert.deepStrictEqual(idsOf(again), ["c1", "c1"])
        assert.deepStrictEqual(
          again.map(({ times }) => times),
          [2, 3]
        )
      })
    )
  },
  {
    says: "an acknowledgement that comes late counts still",
    settings: {},
    holds: Effect.scoped(
      Effect.gen(function* () {
        const { next, rest } = yield* receiver(pace)
        yield* publish([chunk("c1")])
        const late = yield* next
        assert.strictEqual((yield* next).times, 2)
        yield* late.ack
        yield* pace.pass(2 * ackWait)
        assert.deepStrictEqual(yield* rest, [])
      })
    )
  },
  {
    says: "a receiver that says it is working keeps its chunk, and no longer",
    settings: {},
    holds: Effect.scoped(
      Effect.gen(function* () {
        const { next, rest } = yield* receiver(pace)
        yield* publish([chunk("c1")])
        const held = yield* next
        for (let step = 0; step < 8; step++) {
          yield* pace.pass(ackWait * 0.3)
          yield* held.working
        }
        assert.deepStrictEqual(yield* rest, [])
        assert.strictEqual((yield* next).times, 2)
      })
    )
  },
  {
    says: "receivers of a lane together hold no more than may be in flight",
    settings: { ...patient, inFlight: 5 },
    holds: Effect.scoped(
      Effect.gen(function* () {
        const one = yield* receiver(pace, "normal", 4)
        const other = yield* receiver(pace, "normal", 4)
        yield* publish(chunks(12))
        yield* pace.pass(400)
        const held = [yield* one.rest, yield* other.rest].flat()
        assert.strictEqual(held.length, 5)
      })
    )
  },
  {
    says: "room in flight is given again with each acknowledgement",
    settings: { ...patient, inFlight: 2 },
    holds: Effect.scoped(
      Effect.gen(function* () {
        const { next } = yield* receiver(pace, "normal", 4)
        yield* publish(chunks(6))
        for (const { id } of chunks(6)) {
          const received = yield* next
          assert.strictEqual(received.chunk.id, id)
          yield* received.ack
        }
      })
    )
  },
  {
    says: "what nobody acknowledged is forgotten when it is too old",
    settings: { ackWait: 60_000, maxAge: 1000 },
    holds: Effect.scoped(
      Effect.gen(function* () {
        yield* publish([chunk("c1"), chunk("c2")])
        yield* pace.pass(2000)
        yield* publish([chunk("c3")])
        const { next, rest } = yield* receiver(pace)
        assert.strictEqual((yield* next).chunk.id, "c3")
        assert.deepStrictEqual(yield* rest, [])
      })
    )
  }
]
