import { later, many, now, onNewYear, urgently } from "@fibercast/examples/comingfrom/Invoices"
import { tenant } from "@fibercast/examples/comingfrom/Limits"
import * as Expect from "@fibercast/testkit/Expect"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Shop from "./Shop.ts"

describe("A job of another queue", () => {
  it.effect("runs now, ten minutes later, or at its time, and says what became of the dispatch", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const answers = [yield* now(workspaceId, 1), yield* later(workspaceId, 2), yield* onNewYear(workspaceId, 3)]
      assert.deepStrictEqual(
        answers.map(({ _tag }) => _tag),
        ["Inserted", "Inserted", "Inserted"]
      )
      yield* Shop.pass(601, 1)
      assert.deepStrictEqual(yield* Shop.did, ["invoice 1", "invoice 2"])
      assert.deepStrictEqual(yield* Shop.times("invoice 2"), [600])
      yield* Shop.pass(9 * 3600 - 600, 60)
      assert.deepStrictEqual(yield* Shop.times("invoice 3"), [9 * 3600])
    }).pipe(Effect.provide(Shop.layer()))
  )

  it.effect("is dispatched with many, and an urgent one does not wait for them", () =>
    Effect.gen(function* () {
      const { id } = yield* tenant("blok-m")
      assert.lengthOf(
        yield* many(
          id,
          Array.from({ length: 200 }, (_, order) => order)
        ),
        200
      )
      yield* Shop.pass(1)
      yield* urgently(id, 9999)
      yield* Shop.pass(15)
      yield* Expect.settled("completed", 201)
      const [at = Infinity] = yield* Shop.times("invoice 9999")
      assert.isAtMost(at, 3)
    }).pipe(Effect.provide(Shop.layer()))
  )
})
