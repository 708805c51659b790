import * as Lookup from "@fibercast/cli/Lookup"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

describe("a workspace", () => {
  it.effect("is found by its name, or by the number that alerts tell; a name counts before a number", () =>
    Effect.gen(function* () {
      const school = yield* TestEngine.workspace("school")
      const odd = yield* TestEngine.workspace("1")
      assert.strictEqual(yield* Lookup.workspaceId("school"), school)
      assert.strictEqual(yield* Lookup.workspaceId(String(odd)), odd)
      assert.deepStrictEqual([school, odd], [1, 2])
      assert.strictEqual(yield* Lookup.workspaceId("1"), odd)
    }).pipe(Effect.provide(TestEngine.layerStores()))
  )

  it.effect("that is not there is not found, whatever is asked for", () =>
    Effect.gen(function* () {
      yield* TestEngine.workspace("school")
      for (const name of ["another", "2", "0", "-1", "1.0", "01", "99999999999", ""]) {
        const error = yield* Effect.flip(Lookup.workspaceId(name))
        assert.strictEqual(error.message, `There is no workspace "${name}" here. Name another with --workspace.`)
      }
    }).pipe(Effect.provide(TestEngine.layerStores()))
  )
})
