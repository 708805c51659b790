import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { brokenWorkStreams } from "./BrokenWorkStreams.ts"
import { virtual } from "./Pace.ts"
import { on, sentencesOf } from "./WorkStreamSuite.ts"

describe("the WorkStream suite", () => {
  const sentences = sentencesOf(virtual, 50)
  for (const { breaks, does, make } of brokenWorkStreams) {
    it.effect(`refuses a twin that ${does}`, () =>
      Effect.gen(function* () {
        const broken: Array<string> = []
        for (const { holds, says } of sentences.map((one) => on(one, make))) {
          if (Exit.isFailure(yield* Effect.exit(holds))) broken.push(says)
        }
        assert.include(broken, breaks)
        assert.isBelow(broken.length, sentences.length)
      })
    )
  }
})
