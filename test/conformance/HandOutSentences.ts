/** What is published is handed out: whole, in order, to one receiver at a time. */
import { assert } from "@effect/vitest"
import { lanes } from "@fibercast/domain/Lane"
import { Chunk } from "@fibercast/ports/Chunk"
import { WorkStream } from "@fibercast/ports/WorkStream"
import { Arbitrary, Effect, Equal, Formatter } from "effect"
import { chunk, chunks, idsOf, patient, picker, publish, receiver, type WorkStreamSentence } from "./GivenChunks.ts"
import { type Pace } from "./Pace.ts"
import { forAll } from "./Property.ts"

/** `runs`: how many random chunks are tried. */
export const sentencesOf = (pace: Pace, runs: number): ReadonlyArray<WorkStreamSentence> => [
  {
    says: "what is published is received, for the first time",
    settings: patient,
    holds: Effect.scoped(
      Effect.gen(function* () {
        const { next } = yield* receiver(pace)
        yield* publish([chunk("c1")])
        const received = yield* next
        assert.deepStrictEqual(received.chunk, chunk("c1"))
        assert.strictEqual(received.times, 1)
      })
    )
  },
  {
    says: "chunks of a lane are received in the order of publishing",
    settings: patient,
    holds: Effect.scoped(
      Effect.gen(function* () {
        const all = chunks(20)
        yield* publish(all.slice(0, 10))
        const { several } = yield* receiver(pace, "normal", 4)
        yield* publish(all.slice(10))
        assert.deepStrictEqual(
          idsOf(yield* several(20)),
          all.map(({ id }) => id)
        )
      })
    )
  },
  {
    says: "what is published while nobody receives waits for whoever comes",
    settings: patient,
    holds: Effect.gen(function* () {
      yield* publish([chunk("c1"), chunk("c2")])
      yield* pace.pass(500)
      const first = yield* Effect.scoped(
        Effect.gen(function* () {
          const { one } = yield* picker(pace, 1)
          const received = yield* one
          yield* received.ackSure
          return received
        })
      )
      const second = yield* Effect.scoped(Effect.flatMap(receiver(pace), ({ next }) => next))
      assert.deepStrictEqual(idsOf([first, second]), ["c1", "c2"])
    })
  },
  {
    says: "a chunk published twice under one id is received once",
    settings: patient,
    holds: Effect.scoped(
      Effect.gen(function* () {
        const { next, rest, several } = yield* receiver(pace)
        yield* publish([chunk("c1"), chunk("c1"), chunk("c2")])
        const received = yield* several(2)
        assert.deepStrictEqual(idsOf(received), ["c1", "c2"])
        for (const { ackSure } of received) yield* ackSure
        yield* publish([chunk("c1"), chunk("c3")])
        assert.strictEqual((yield* next).chunk.id, "c3")
        assert.deepStrictEqual(yield* rest, [])
      })
    )
  },
  {
    says: "lanes are apart",
    settings: { ...patient, inFlight: 1 },
    holds: Effect.scoped(
      Effect.gen(function* () {
        yield* publish(lanes.map((lane) => chunk(`for ${lane}`, { lane })))
        for (const lane of lanes) {
          const { next, rest } = yield* receiver(pace, lane, 4)
          assert.strictEqual((yield* next).chunk.id, `for ${lane}`)
          assert.deepStrictEqual(yield* rest, [])
        }
      })
    )
  },
  {
    says: "a receiver fetches no more ahead of what it takes than it said",
    settings: patient,
    holds: Effect.scoped(
      Effect.gen(function* () {
        yield* publish(chunks(12))
        const { one } = yield* picker(pace, 2)
        yield* one
        const { several } = yield* receiver(pace, "normal", 4)
        yield* several(9)
      })
    )
  },
  {
    says: "what was fetched and not taken when a receiver ends goes to others at once",
    settings: patient,
    holds: Effect.gen(function* () {
      yield* publish(chunks(8))
      const taken = yield* Effect.scoped(
        Effect.gen(function* () {
          const { one } = yield* picker(pace, 8)
          const received = yield* one
          yield* pace.pass(300)
          return received
        })
      )
      const others = yield* Effect.scoped(Effect.flatMap(receiver(pace), ({ several }) => several(7)))
      assert.deepStrictEqual(
        idsOf([taken, ...others]).toSorted(),
        chunks(8)
          .map(({ id }) => id)
          .toSorted()
      )
    })
  },
  {
    says: "whatever is in a chunk, it is received as it was published",
    settings: patient,
    holds: Effect.gen(function* () {
      const stream = yield* WorkStream
      let published = 0
      yield* forAll(Arbitrary.schema(Chunk), runs, (any) =>
        Effect.scoped(
          Effect.gen(function* () {
            const one = { ...any, id: `${published++} ${any.id}` }
            yield* stream.publish(one)
            const { next } = yield* receiver(pace, one.lane)
            const received = yield* next
            yield* received.ackSure
            // Unlike deepStrictEqual, it takes 0 and -0 for the same number, as JSON does.
            assert.isTrue(Equal.equals(received.chunk, one), `received ${Formatter.format(received.chunk)}`)
          })
        )
      )
    })
  }
]
