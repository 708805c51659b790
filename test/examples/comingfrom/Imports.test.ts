import * as Batches from "@fibercast/engine/Batches"
import { importFile, importParts } from "@fibercast/examples/comingfrom/Imports"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Shop from "./Shop.ts"

const broken = { fails: { what: "import.part p2", times: 9, reason: "busy" as const } }

describe("An import", () => {
  it.effect("goes side by side, and then it is published and cleaned up", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const batchId = yield* importParts(workspaceId, "f", ["p1", "p2"])
      yield* Shop.pass(10)
      assert.strictEqual((yield* Batches.progress({ workspaceId, batchId })).batch.status, "completed")
      const did = yield* Shop.did
      assert.deepStrictEqual(did.slice(0, 2).toSorted(), ["import.part p1", "import.part p2"])
      assert.deepStrictEqual(did.slice(2).toSorted(), ["import.clean-up f", "import.publish f"])
    }).pipe(Effect.provide(Shop.layer()))
  )

  it.effect("complains of the first failure, is not published, and is cleaned up all the same", () =>
    Effect.gen(function* () {
      yield* importParts(yield* TestEngine.workspace(), "f", ["p1", "p2", "p3"])
      yield* Shop.pass(10)
      const did = yield* Shop.did
      assert.deepStrictEqual(did.filter((one) => one.endsWith(" f")).toSorted(), [
        "import.clean-up f",
        "import.complain f"
      ])
    }).pipe(Effect.provide(Shop.layer(broken)))
  )

  it.effect("goes step by step, and each waits for the one before", () =>
    Effect.gen(function* () {
      yield* importFile(yield* TestEngine.workspace(), "f")
      yield* Shop.pass(30)
      const did = yield* Shop.did
      assert.strictEqual(did[0], "import.fetch f")
      assert.deepStrictEqual(did.slice(1, 3).toSorted(), ["import.part f.1", "import.part f.2"])
      assert.deepStrictEqual(did.slice(3), ["import.publish f"])
    }).pipe(Effect.provide(Shop.layer({ seconds: 2 })))
  )

  it.effect("ends at the step that fails", () =>
    Effect.gen(function* () {
      yield* importFile(yield* TestEngine.workspace(), "f")
      yield* Shop.pass(30)
      assert.deepStrictEqual(yield* Shop.did, ["import.fetch f", "import.complain f"])
    }).pipe(Effect.provide(Shop.layer({ fails: { what: "import.fetch f", times: 9, reason: "busy" } })))
  )
})
