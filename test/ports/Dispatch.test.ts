import { DeliveryId } from "@fibercast/domain/Delivery"
import * as Dispatch from "@fibercast/ports/Dispatch"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const inserted: Dispatch.Dispatched = { _tag: "Inserted", id: DeliveryId.make(7n) }
const kept: Dispatch.Dispatched = { _tag: "Deduplicated", id: DeliveryId.make(3n), replaced: false }
const full: Dispatch.Dispatched = { _tag: "Refused", reason: { _tag: "BacklogFull", of: "workspace", cap: 10 } }
const taken: Dispatch.Dispatched = { _tag: "Refused", reason: { _tag: "KeyTaken", by: DeliveryId.make(3n) } }

describe("The answers to dispatches", () => {
  it.effect("are a failure as soon as one is a refusal, and stay as they are if none is", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Dispatch.orFail([]), [])
      assert.deepStrictEqual(yield* Dispatch.orFail([inserted, kept]), [inserted, kept])
      const refused = yield* Effect.flip(Dispatch.orFail([inserted, full, taken]))
      assert.strictEqual(refused._tag, "DispatchRefused")
      assert.strictEqual(refused.message, "2 of 3 dispatches refused: the backlog of the workspace is full, at 10")
    })
  )
})
