import { assert, describe, it } from "@effect/vitest"
import * as QueueSamples from "@fibercast/engine/QueueSamples"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import * as QueueHealth from "@fibercast/engine/QueueHealth"
import { Ledger, LedgerUnavailable } from "@fibercast/ports/Ledger"
import * as MemoryStore from "@fibercast/ports/MemoryStore"
import { NodeRegistry } from "@fibercast/ports/NodeRegistry"
import * as Interposed from "@fibercast/testkit/Interposed"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { freshWorkspace } from "../conformance/Given.ts"
import { known, now } from "../cli/Nodes.ts"

/** A node has said that so much vanished there. */
const said = Effect.fnUntraced(function* (workspaceId: WorkspaceId, count: number, at: number) {
  const { seenAt: _seenAt, wish: _wish, ...beat } = known()
  const vanished = [{ workspaceId, lane: "high", pipeline: "uptime.check", count } as const]
  yield* (yield* NodeRegistry).beat({ ...beat, vanished }, at)
})

describe("samples of the queues", () => {
  it.effect("count temporary work that left no record by what its nodes say, of the workspace that is asked for", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const { id } = yield* freshWorkspace
      const options = { targets: QueueHealth.defaults, byPipeline: true }
      const samples = yield* QueueSamples.make({ ...options, workspaceId: null })
      const ofOther = yield* QueueSamples.make({ ...options, workspaceId: WorkspaceId.make(4711) })
      yield* said(id, 1000, now)
      yield* samples
      yield* ofOther
      yield* TestClock.setTime(now + 10_000)
      yield* said(id, 1050, now + 10_000)
      const { lines } = yield* samples
      assert.strictEqual(lines.length, 1)
      assert.deepInclude(lines[0], { workspaceId: id, lane: "high", pipeline: "uptime.check", out: 5, in: 5, open: 0 })
      assert.deepStrictEqual((yield* ofOther).lines, [])
    }).pipe(Effect.provide(Layer.merge(MemoryStore.layer, NodeRegistry.layerMemory)))
  )

  it.effect("look again for what stands in the way where a look has failed", () => {
    let isAway = true
    const before = (operation: string) =>
      isAway && operation === "activeWorkspaces"
        ? Effect.fail(new LedgerUnavailable({ operation, cause: new Error("the connection was lost") }))
        : Effect.void
    const failing = Interposed.layerStores({ before })
    return Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const { id } = yield* freshWorkspace
      const job = { campaignId: null, pipeline: "uptime.check", lane: "high", dueAt: now, deadline: null } as const
      yield* (yield* Ledger).insert({ workspaceId: id, now, deliveries: [{ ...job, payload: "1" }] })
      const samples = yield* QueueSamples.make({
        workspaceId: null,
        targets: QueueHealth.defaults,
        byPipeline: false
      })
      assert.strictEqual((yield* Effect.flip(samples))._tag, "LedgerUnavailable")
      isAway = false
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(
        (yield* samples).findings.map(({ _tag }) => _tag),
        ["NoNode"]
      )
    }).pipe(Effect.provide(failing.pipe(Layer.provideMerge(Layer.merge(MemoryStore.layer, NodeRegistry.layerMemory)))))
  })
})
