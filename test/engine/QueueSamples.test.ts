import { assert, describe, it } from "@effect/vitest"
import * as QueueSamples from "@fibercast/engine/QueueSamples"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import * as QueueHealth from "@fibercast/engine/QueueHealth"
import * as MemoryStore from "@fibercast/ports/MemoryStore"
import { NodeRegistry } from "@fibercast/ports/NodeRegistry"
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
})
