import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { brokenWorkspaceRuntimes } from "./BrokenWorkspaceRuntimes.ts"
import { sentences } from "./WorkspaceRuntimeSuite.ts"

describe("the WorkspaceRuntime suite", () => {
  for (const { breaks, does, runtime } of brokenWorkspaceRuntimes) {
    it.effect(`refuses a twin that ${does}`, () =>
      Effect.gen(function* () {
        const sentence = sentences.find(({ says }) => says === breaks)
        assert.isDefined(sentence)
        assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.scoped(sentence.holds(runtime)))))
      })
    )
  }
})
