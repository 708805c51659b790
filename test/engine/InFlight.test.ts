import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Expect from "@fibercast/testkit/Expect"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"

/** Ten jobs of a second each, in a workspace that allows `inFlight` at once: the most that were under way. */
const mostAtOnce = Effect.fnUntraced(function* (inFlight: number) {
  let [active, most] = [0, 0]
  const job = Pipeline.make("job", { payload: Schema.Int, lane: "bulk" }).pipe(
    Pipeline.tap(() =>
      Effect.gen(function* () {
        most = Math.max(most, ++active)
        yield* Effect.sleep("1 second")
        active--
      })
    )
  )
  yield* Effect.gen(function* () {
    const workspaceId = yield* TestEngine.workspace("school", { limits: { inFlight } })
    yield* Pipeline.dispatchMany(job, { workspaceId, payloads: Array.from({ length: 10 }, (_, at) => at) })
    yield* TestClock.adjust("15 seconds")
    yield* Expect.settled("completed", 10)
  }).pipe(Effect.provide(TestEngine.layer({ pipelines: [job] })))
  return most
})

describe("the in-flight limit of a workspace", () => {
  for (const inFlight of [1, 3]) {
    it.effect(`lets no more than ${inFlight} be under way, and that many`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* mostAtOnce(inFlight), inFlight)
      })
    )
  }
})
