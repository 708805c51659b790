import { assert, describe, it } from "@effect/vitest"
import { type Alert } from "@fibercast/ports/Alert"
import { Alerts } from "@fibercast/ports/Alerts"
import { MemoryAlerts } from "@fibercast/ports/MemoryAlerts"
import { Effect } from "effect"

const alert = (workspaceId: number): Alert => ({ _tag: "WorkspaceQuarantined", workspaceId, reason: "crashed" })

const raisedAfter = (count: number) =>
  Effect.gen(function* () {
    const alerts = yield* Alerts
    for (let index = 0; index < count; index += 1) yield* alerts.raise(alert(index))
    return yield* (yield* MemoryAlerts).raised
  }).pipe(Effect.provide(MemoryAlerts.layer, { local: true }))

describe("MemoryAlerts", () => {
  it.effect("keeps what was raised, oldest first", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* raisedAfter(0), [])
      assert.deepStrictEqual(yield* raisedAfter(3), [alert(0), alert(1), alert(2)])
    })
  )

  it.effect("keeps the last 10,000 and forgets the oldest", () =>
    Effect.gen(function* () {
      const raised = yield* raisedAfter(10_003)
      assert.strictEqual(raised.length, 10_000)
      assert.deepStrictEqual([raised[0], raised.at(-1)], [alert(3), alert(10_002)])
    })
  )
})
