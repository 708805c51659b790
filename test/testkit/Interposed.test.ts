import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger, LedgerUnavailable } from "@fibercast/ports/Ledger"
import * as MemoryStore from "@fibercast/ports/MemoryStore"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as Interposed from "@fibercast/testkit/Interposed"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"

const broken = (operation: string) => Effect.fail(new LedgerUnavailable({ operation, cause: "gone" }))

/** A service with a method, an Effect and a plain value, that counts its calls. */
const counter = () => {
  let calls = 0
  return {
    name: "counter",
    add: (n: number): Effect.Effect<number, LedgerUnavailable> => Effect.sync(() => (calls += n)),
    calls: Effect.suspend((): Effect.Effect<number, LedgerUnavailable> => Effect.succeed(calls))
  }
}

describe("Interposed", () => {
  it.effect("leaves answers and plain values as they are, and hears the names of the calls", () =>
    Effect.gen(function* () {
      const heard: Array<string> = []
      const hear = (operation: string) => Effect.sync(() => void heard.push(operation))
      const service = Interposed.make(counter(), { before: hear, after: hear })
      assert.strictEqual(yield* service.add(2), 2)
      assert.strictEqual(yield* service.calls, 2)
      assert.strictEqual(service.name, "counter")
      assert.deepStrictEqual(heard, ["add", "add", "calls", "calls"])
    })
  )

  it.effect("a call refused beforehand is not made; one whose answer is lost was", () =>
    Effect.gen(function* () {
      const service = counter()
      const refused = yield* Effect.flip(Interposed.make(service, { before: broken }).add(1))
      assert.strictEqual(refused.operation, "add")
      assert.strictEqual(yield* service.calls, 0)
      yield* Effect.flip(Interposed.make(service, { after: broken }).add(1))
      assert.strictEqual(yield* service.calls, 1)
    })
  )

  it.effect("stands in front of all four stores", () => {
    const heard = new Set<string>()
    const hear = (operation: string) => Effect.sync(() => void heard.add(operation))
    const stores = Interposed.layerStores({ before: hear }).pipe(Layer.provide(MemoryStore.layer))
    return Effect.gen(function* () {
      const workspace = yield* (yield* WorkspaceStore).ensure({ name: "school", zone: "UTC", limits: {} })
      yield* (yield* TriggerStore).list({ workspaceId: workspace.id })
      yield* (yield* TriggerStore).schedulers
      yield* (yield* CampaignStore).activeWorkspaces(0)
      yield* (yield* Ledger).dueWorkspaces({ by: 0, now: 0, limit: 1 })
      assert.deepStrictEqual([...heard], ["ensure", "list", "schedulers", "activeWorkspaces", "dueWorkspaces"])
    }).pipe(Effect.provide(stores))
  })
})
