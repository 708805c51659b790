import * as Pipeline from "@fibercast/engine/Pipeline"
import { AwaitFile, Charge, SyncStock, Wire } from "@fibercast/examples/comingfrom/Retries"
import * as Expect from "@fibercast/testkit/Expect"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Shop from "./Shop.ts"

const charge = Effect.gen(function* () {
  yield* Pipeline.dispatch(Charge, { workspaceId: yield* TestEngine.workspace(), payload: { order: 1 } })
})

const failing = (times: number, reason: "busy" | "card declined" = "busy") =>
  Shop.layer({ fails: { what: "charge 1", times, reason } })

describe("A job that fails", () => {
  it.effect("is tried after 1, 5 and 10 seconds, the last wait again and again, and then support is told once", () =>
    Effect.gen(function* () {
      yield* charge
      yield* Shop.pass(60)
      assert.deepStrictEqual(yield* Shop.times("charge 1"), [0, 1, 6, 16, 26])
      assert.deepStrictEqual((yield* Shop.did).slice(5), ["tell support of 1: busy"])
      yield* Expect.settled("failed", 1)
    }).pipe(Effect.provide(failing(99)))
  )

  it.effect("is not tried again when its error says that it is of no use", () =>
    Effect.gen(function* () {
      yield* charge
      yield* Shop.pass(60)
      assert.deepStrictEqual(yield* Shop.did, ["charge 1", "tell support of 1: card declined"])
    }).pipe(Effect.provide(failing(99, "card declined")))
  )

  it.effect("is done when it goes well the second time", () =>
    Effect.gen(function* () {
      yield* charge
      yield* Shop.pass(60)
      assert.deepStrictEqual(yield* Shop.did, ["charge 1", "charge 1"])
      yield* Expect.settled("completed", 1)
    }).pipe(Effect.provide(failing(1)))
  )

  it.effect("is cut off after 20 seconds, and tried again", () =>
    Effect.gen(function* () {
      yield* charge
      yield* Shop.pass(24)
      assert.deepStrictEqual(yield* Shop.times("charge 1"), [0, 21])
    }).pipe(Effect.provide(Shop.layer({ seconds: 600 })))
  )

  it.effect("is tried for an hour, however often, and then fails", () =>
    Effect.gen(function* () {
      yield* Pipeline.dispatch(SyncStock, { workspaceId: yield* TestEngine.workspace(), payload: "main" })
      yield* Shop.pass(2 * 3600, 10)
      const tries = yield* Shop.times("sync main")
      assert.isAtLeast(tries.length, 55)
      assert.isAtMost(tries.at(-1) ?? Infinity, 3600)
      yield* Expect.settled("failed", 1)
    }).pipe(Effect.provide(Shop.layer({ fails: { what: "sync main", times: 999, reason: "busy" } })))
  )

  it.effect("is put off for half a minute at a time, uncharged, until it can be done", () =>
    Effect.gen(function* () {
      yield* Pipeline.dispatch(AwaitFile, { workspaceId: yield* TestEngine.workspace(), payload: "f.csv" })
      yield* Shop.pass(150, 1)
      assert.deepStrictEqual(yield* Shop.times("read f.csv"), [120])
      yield* Expect.settled("completed", 1)
    }).pipe(Effect.provide(Shop.layer({ missing: { what: "f.csv", seconds: 100 } })))
  )

  it.effect("is not done twice at-most-once, though nobody knows whether it was done", () =>
    Effect.gen(function* () {
      yield* Pipeline.dispatch(Wire, { workspaceId: yield* TestEngine.workspace(), payload: { order: 1 } })
      yield* Shop.pass(120, 1)
      assert.deepStrictEqual(yield* Shop.did, ["wire 1"])
      yield* Expect.settled("unknown", 1)
    }).pipe(Effect.provide(Shop.layer({ seconds: 600 })))
  )
})
