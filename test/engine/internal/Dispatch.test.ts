import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Ledger } from "@fibercast/ports/Ledger"
import * as MemoryStore from "@fibercast/ports/MemoryStore"
import { Signal } from "@fibercast/ports/Signal"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Fiber, Layer, Option, Schema, Stream } from "effect"
import { insertedId, insertedIds } from "../../support/Inserted.ts"

const store = Layer.mergeAll(MemoryStore.layer, Signal.layerMemory)

const Soon = Pipeline.make("soon", { payload: Schema.Int, lane: "high" })
type How = Omit<Parameters<typeof Pipeline.dispatch<number>>[1], "workspaceId" | "payload">

const freshWorkspace = Effect.gen(function* () {
  const workspaces = yield* WorkspaceStore
  return (yield* workspaces.ensure({ name: "dispatching", zone: "UTC", limits: {} })).id
})

const claimAll = Effect.fnUntraced(function* (workspaceId: WorkspaceId) {
  const ledger = yield* Ledger
  const { epoch } = yield* ledger.takeOver({ workspaceId, owner: "a", now: 0, lease: 1_000_000, force: true })
  const source = { lane: "normal", campaignId: null } as const
  return (now: number) =>
    Effect.map(
      ledger.claim({ workspaceId, epoch, now, source, limit: 5000, after: null }),
      (batch) => batch?.deliveries ?? []
    )
})

describe("dispatch", () => {
  it.effect("records the encoded payload for when it is due, and signals the workspace", () =>
    Effect.gen(function* () {
      const workspaceId = yield* freshWorkspace
      const pipeline = Pipeline.make("dated", { payload: Schema.Struct({ at: Schema.Date }) })
      const { signals } = yield* Signal
      const heard = yield* Effect.forkChild(Stream.runHead(signals), { startImmediately: true })
      const inserted = yield* Pipeline.dispatch(pipeline, {
        workspaceId,
        payload: { at: new Date(0) },
        delay: "5 seconds",
        deadline: DateTime.makeUnsafe(9000)
      })
      assert.deepStrictEqual(yield* Fiber.join(heard), Option.some({ workspaceId, due: null }))
      const claim = yield* claimAll(workspaceId)
      assert.deepStrictEqual(yield* claim(4999), [])
      const [delivery] = yield* claim(5000)
      assert.deepInclude(delivery, {
        id: insertedId(inserted),
        pipeline: "dated",
        campaignId: null,
        deadline: 9000,
        payload: JSON.stringify({ at: "1970-01-01T00:00:00.000Z" })
      })
    }).pipe(Effect.provide(store))
  )

  it.effect("signals the lane of what is due now, and of nothing else", () =>
    Effect.gen(function* () {
      const workspaceId = yield* freshWorkspace
      const { signals } = yield* Signal
      const told = Effect.fnUntraced(function* (options: How) {
        const heard = yield* Effect.forkChild(Stream.runHead(signals), { startImmediately: true })
        yield* Pipeline.dispatch(Soon, { workspaceId, payload: 1, ...options })
        return Option.map(yield* Fiber.join(heard), ({ due }) => due)
      })
      assert.deepStrictEqual(yield* told({}), Option.some(["high"]))
      assert.deepStrictEqual(yield* told({ lane: "bulk" }), Option.some(["bulk"]))
      assert.deepStrictEqual(yield* told({ at: DateTime.makeUnsafe(0) }), Option.some(["high"]))
      assert.deepStrictEqual(yield* told({ delay: 1 }), Option.some(null))
      assert.deepStrictEqual(yield* told({ debounce: { key: "k", wait: 1 } }), Option.some(null))
      assert.deepStrictEqual(yield* told({ unique: { key: "k", onConflict: "replace" } }), Option.some(null))
    }).pipe(Effect.provide(store))
  )

  it.effect("records many in order; one that does not encode stops all", () =>
    Effect.gen(function* () {
      const workspaceId = yield* freshWorkspace
      const claim = yield* claimAll(workspaceId)
      const Small = Pipeline.make("small", { payload: Schema.Int.check(Schema.isLessThan(2500)) })
      const payloads = Array.from({ length: 2500 }, (_, n) => n)
      const error = yield* Effect.flip(Pipeline.dispatchMany(Small, { workspaceId, payloads: [...payloads, 2500] }))
      assert.strictEqual(error._tag, "SchemaError")
      assert.deepStrictEqual(yield* claim(0), [])
      const at = DateTime.makeUnsafe(0)
      const ids = insertedIds(yield* Pipeline.dispatchMany(Small, { workspaceId, payloads, at }))
      const deliveries = yield* claim(0)
      assert.deepStrictEqual(
        deliveries.map(({ id }) => id),
        ids
      )
      assert.deepStrictEqual(
        deliveries.map(({ payload }) => Number(payload)),
        payloads
      )
    }).pipe(Effect.provide(store))
  )
})
