import * as Pipeline from "@fibercast/engine/Pipeline"
import { MakeInvoice } from "@fibercast/examples/comingfrom/Invoices"
import { CallShop, Recount, Remind, tenant } from "@fibercast/examples/comingfrom/Limits"
import * as Expect from "@fibercast/testkit/Expect"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Shop from "./Shop.ts"

describe("Limits", () => {
  it.effect("let one job of an account run at a time, and others beside it, and nothing is charged", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const payloads = ["a", "a", "b"].map((account) => ({ account }))
      yield* Pipeline.dispatchMany(Recount, { workspaceId, payloads })
      yield* Shop.pass(60)
      const [first, second = 0, ...more] = yield* Shop.times("recount a")
      assert.deepStrictEqual([first, more], [0, []])
      assert.isAtLeast(second, 20)
      assert.deepStrictEqual(yield* Shop.times("recount b"), [0])
      yield* Expect.settled("completed", 3)
    }).pipe(Effect.provide(Shop.layer({ seconds: 20 })))
  )

  it.effect("let two calls a second go to a shop", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const payloads = [0, 1, 2, 3, 4, 5, 6, 7].map((call) => ({ shop: "s", call }))
      yield* Pipeline.dispatchMany(CallShop, { workspaceId, payloads })
      yield* Shop.pass(30)
      const times = (yield* Shop.Done).map(([at]) => at)
      assert.lengthOf(times, 8)
      for (const at of times) assert.isAtMost(times.filter((one) => one >= at && one < at + 1).length, 2)
    }).pipe(Effect.provide(Shop.layer()))
  )

  it.effect("let twenty jobs of a workspace start in a second", () =>
    Effect.gen(function* () {
      const { id, limits } = yield* tenant("blok-m")
      assert.strictEqual(limits.backlog, 100_000)
      const payloads = Array.from({ length: 60 }, (_, order) => ({ order }))
      yield* Pipeline.dispatchMany(MakeInvoice, { workspaceId: id, payloads })
      yield* Shop.pass(10)
      const times = (yield* Shop.Done).map(([at]) => at)
      assert.lengthOf(times, 60)
      for (const at of times) assert.isAtMost(times.filter((one) => one >= at && one < at + 1).length, 20)
    }).pipe(Effect.provide(Shop.layer()))
  )

  it.effect("leave out what has lost its subject", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      yield* Pipeline.dispatchMany(Remind, { workspaceId, payloads: [{ order: 1 }, { order: 2 }] })
      yield* Shop.pass(5)
      assert.deepStrictEqual(yield* Shop.did, ["remind of 2"])
      yield* Expect.settled("skipped", 1)
    }).pipe(Effect.provide(Shop.layer({ missing: { what: "order 1", seconds: Infinity } })))
  )
})
