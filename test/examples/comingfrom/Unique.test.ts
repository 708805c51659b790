import * as Pipeline from "@fibercast/engine/Pipeline"
import {
  debounced,
  forAnHour,
  onceARequest,
  Reindex,
  replacing,
  throttled,
  untilStarted
} from "@fibercast/examples/comingfrom/Unique"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Shop from "./Shop.ts"

const lamp = (price: number) => ({ product: "lamp", price })

describe("A unique job", () => {
  it.effect("stands for the others until it has ended", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const dispatch = (price: number) => Pipeline.dispatch(Reindex, { workspaceId, payload: lamp(price) })
      assert.strictEqual((yield* dispatch(1))._tag, "Inserted")
      yield* Shop.pass(2)
      assert.strictEqual((yield* dispatch(2))._tag, "Deduplicated")
      yield* Shop.pass(10)
      assert.strictEqual((yield* dispatch(3))._tag, "Inserted")
      yield* Shop.pass(1)
      assert.deepStrictEqual(yield* Shop.did, ["index lamp at 1", "index lamp at 3"])
    }).pipe(Effect.provide(Shop.layer({ seconds: 5 })))
  )

  it.effect("stands for the others until it begins", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      assert.strictEqual((yield* untilStarted(workspaceId, lamp(1)))._tag, "Inserted")
      assert.strictEqual((yield* untilStarted(workspaceId, lamp(2)))._tag, "Deduplicated")
      yield* Shop.pass(2)
      assert.strictEqual((yield* untilStarted(workspaceId, lamp(3)))._tag, "Inserted")
      yield* Shop.pass(10)
      assert.deepStrictEqual(yield* Shop.did, ["index lamp at 1", "index lamp at 3"])
    }).pipe(Effect.provide(Shop.layer({ seconds: 5 })))
  )

  it.effect("stands for the others for an hour, though it has ended", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      yield* forAnHour(workspaceId, lamp(1))
      yield* Shop.pass(3590, 10)
      assert.strictEqual((yield* forAnHour(workspaceId, lamp(2)))._tag, "Deduplicated")
      yield* Shop.pass(20, 10)
      assert.strictEqual((yield* forAnHour(workspaceId, lamp(3)))._tag, "Inserted")
    }).pipe(Effect.provide(Shop.layer()))
  )

  it.effect("is given what the last dispatch brought", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      yield* replacing(workspaceId, lamp(1))
      assert.deepInclude(yield* replacing(workspaceId, lamp(2)), { _tag: "Deduplicated", replaced: true })
      yield* Shop.pass(90, 1)
      assert.deepStrictEqual(yield* Shop.did, ["index lamp at 2"])
    }).pipe(Effect.provide(Shop.layer()))
  )
})

describe("A request, a throttle and a debounce", () => {
  it.effect("do the same request once, also when it is over", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      yield* onceARequest(workspaceId, lamp(1), "r1")
      yield* Shop.pass(10)
      assert.strictEqual((yield* onceARequest(workspaceId, lamp(1), "r1"))._tag, "Deduplicated")
      assert.strictEqual((yield* onceARequest(workspaceId, lamp(1), "r2"))._tag, "Inserted")
    }).pipe(Effect.provide(Shop.layer()))
  )

  it.effect("take the first, and then none for a minute", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      for (const price of [1, 2, 3, 4]) {
        yield* throttled(workspaceId, lamp(price))
        yield* Shop.pass(25, 1)
      }
      assert.deepStrictEqual(yield* Shop.did, ["index lamp at 1", "index lamp at 4"])
    }).pipe(Effect.provide(Shop.layer()))
  )

  it.effect("take the last, once it is quiet for five seconds", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      for (const price of [1, 2, 3]) {
        yield* debounced(workspaceId, lamp(price))
        yield* Shop.pass(3)
      }
      yield* Shop.pass(5)
      assert.deepStrictEqual(yield* Shop.did, ["index lamp at 3"])
      assert.deepStrictEqual(yield* Shop.times("index lamp at 3"), [11])
    }).pipe(Effect.provide(Shop.layer()))
  )

  it.effect("wait a minute at most for quiet", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      for (let price = 0; price < 25; price += 1) {
        yield* debounced(workspaceId, lamp(price))
        yield* Shop.pass(3, 1)
      }
      const did = yield* Shop.did
      assert.lengthOf(did, 1)
      assert.deepStrictEqual(yield* Shop.times(did[0] ?? ""), [60])
    }).pipe(Effect.provide(Shop.layer()))
  )
})
