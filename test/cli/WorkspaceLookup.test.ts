import * as WorkspaceLookup from "@fibercast/cli/WorkspaceLookup"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

describe("a workspace", () => {
  it.effect("is found by its name, or by the number that alerts tell; a name counts before a number", () =>
    Effect.gen(function* () {
      const school = yield* TestEngine.workspace("school")
      const odd = yield* TestEngine.workspace("1")
      assert.strictEqual((yield* WorkspaceLookup.find("school")).id, school)
      assert.strictEqual((yield* WorkspaceLookup.find(String(odd))).id, odd)
      assert.deepStrictEqual([school, odd], [1, 2])
      assert.strictEqual((yield* WorkspaceLookup.find("1")).id, odd)
    }).pipe(Effect.provide(TestEngine.layerStores()))
  )

  it.effect("that is not there is not found, whatever is asked for", () =>
    Effect.gen(function* () {
      yield* TestEngine.workspace("school")
      for (const name of ["another", "2", "0", "-1", "1.0", "01", "99999999999", ""]) {
        const error = yield* Effect.flip(WorkspaceLookup.find(name))
        assert.strictEqual(
          error.message,
          `There is no workspace "${name}" here. There are: school. Name one with --workspace.`
        )
      }
    }).pipe(Effect.provide(TestEngine.layerStores()))
  )
})
