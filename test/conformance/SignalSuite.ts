/**
 * The one meaning of "a Signal". Every implementation passes it unchanged.
 */
import { assert } from "@effect/vitest"
import { lanes } from "@fibercast/domain/Lane"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { Signal } from "@fibercast/ports/Signal"
import { Effect, Stream } from "effect"
import { listener } from "./Listening.ts"
import { type Pace } from "./Pace.ts"
import { sentence, type Sentence } from "./Sentence.ts"

const [one, other, calling] = [WorkspaceId.make(1), WorkspaceId.make(2_000_000_001), WorkspaceId.make(99)]

/** The workspaces that are named. */
const listening = Effect.fnUntraced(function* (pace: Pace) {
  const { notify, signals } = yield* Signal
  const named = Stream.map(signals, ({ workspaceId }) => workspaceId)
  return yield* listener(pace, named, notify(calling))
})

/** What is said of the workspace that is heard of next. */
const hearing = Effect.fnUntraced(function* (pace: Pace) {
  const { notify, signals } = yield* Signal
  const { rest, several } = yield* listener(pace, signals, notify(calling))
  const said = Effect.gen(function* () {
    const [first] = yield* several(1)
    yield* pace.pass(100)
    return [first, ...(yield* rest)].map((news) => news?.due ?? null)
  })
  return said
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
    "a lane of which jobs are due is heard of as that, and no other",
    Effect.scoped(
      Effect.gen(function* () {
        const { notify } = yield* Signal
        const said = yield* hearing(pace)
        for (const lane of lanes) {
          yield* notify(one, lane)
          assert.deepStrictEqual(yield* said, [[lane]])
        }
        yield* notify(one)
        assert.deepStrictEqual(yield* said, [null])
      })
    )
  ),
  sentence(
    "whatever is new besides what is due is heard of, and all lanes that are due, however signals are merged",
    Effect.scoped(
      Effect.gen(function* () {
        const { notify } = yield* Signal
        const said = yield* hearing(pace)
        for (const due of [
          ["bulk", "urgent", "bulk"],
          ["high", undefined, "normal"],
          [undefined, "high"]
        ] as const) {
          yield* Effect.forEach(due, (lane) => notify(one, lane))
          const heard = yield* said
          const isAnything = heard.some((lanes) => lanes === null)
          assert.strictEqual(
            isAnything,
            due.some((lane) => lane === undefined)
          )
          if (!isAnything) assert.sameMembers([...new Set(heard.flatMap((lanes) => lanes ?? []))], [...new Set(due)])
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
