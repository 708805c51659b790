/**
 * The one meaning of "a Signal". Every implementation passes it unchanged.
 */
import { assert } from "@effect/vitest"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { Signal } from "@fibercast/ports/Signal"
import { Effect } from "effect"
import { listener } from "./Listening.ts"
import { type Pace } from "./Pace.ts"
import { sentence, type Sentence } from "./Sentence.ts"

const [one, other, calling] = [WorkspaceId.make(1), WorkspaceId.make(2_000_000_001), WorkspaceId.make(99)]

const listening = Effect.fnUntraced(function* (pace: Pace) {
  const signal = yield* Signal
  return yield* listener(pace, signal.signals, signal.notify(calling))
})

export const sentencesOf = (pace: Pace): ReadonlyArray<Sentence<Signal>> => [
  sentence(
    "every listener hears of a workspace that may have new work",
    Effect.scoped(
      Effect.gen(function* () {
        const signal = yield* Signal
        const listeners = [yield* listening(pace), yield* listening(pace)]
        yield* pace.pass(200)
        yield* Effect.forEach(listeners, ({ rest }) => rest)
        yield* signal.notify(one)
        for (const { several } of listeners) assert.deepStrictEqual(yield* several(1), [one])
      })
    )
  ),
  sentence(
    "no workspace is named that was not notified",
    Effect.scoped(
      Effect.gen(function* () {
        const signal = yield* Signal
        const { rest } = yield* listening(pace)
        yield* signal.notify(one)
        yield* signal.notify(other)
        yield* pace.pass(300)
        assert.deepStrictEqual(new Set(yield* rest), new Set([one, other]))
      })
    )
  ),
  sentence(
    "a workspace is heard of again after it was notified again",
    Effect.scoped(
      Effect.gen(function* () {
        const signal = yield* Signal
        const { rest, several } = yield* listening(pace)
        for (let time = 0; time < 3; time++) {
          yield* signal.notify(one)
          assert.deepStrictEqual(yield* several(1), [one])
          yield* pace.pass(100)
          yield* rest
        }
      })
    )
  ),
  sentence(
    "a storm for one workspace waits for nobody and is heard of",
    Effect.scoped(
      Effect.gen(function* () {
        const signal = yield* Signal
        const { several } = yield* listening(pace)
        yield* pace.reach(Effect.replicateEffect(signal.notify(one), 10_000, { discard: true }))
        assert.deepStrictEqual(yield* several(1), [one])
      })
    )
  )
]
