import { WorkspaceId } from "@fibercast/domain/Workspace"
import * as Activity from "@fibercast/engine/Activity"
import * as Batches from "@fibercast/engine/Batches"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { named } from "@fibercast/ports/NodeRegistry"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestSenders from "@fibercast/testkit/TestSenders"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"

/** A check fails when it is told to. */
const check = (name: string, retention?: "none") =>
  Pipeline.make(name, {
    payload: Schema.Boolean,
    lane: "high",
    ...(retention === undefined ? {} : { retention })
  }).pipe(Pipeline.mapEffect((isUp) => (isUp ? Effect.void : Effect.fail(new Error("down")))))

const Brief = check("brief", "none")
const Kept = check("kept")
const pipelines = [Brief, Kept]

const worked = Effect.gen(function* () {
  const workspaceId = yield* TestEngine.workspace()
  yield* Pipeline.dispatchMany(Brief, { workspaceId, payloads: [true, true, false, true] })
  yield* Pipeline.dispatchMany(Kept, { workspaceId, payloads: [true, false] })
  const jobs = [Pipeline.job(Brief, true)]
  yield* Batches.dispatch({ workspaceId, name: "checks", jobs })
  yield* TestEngine.catchUp
  yield* TestClock.adjust("1 minute")
  return workspaceId
})

describe("what has vanished on a node", () => {
  for (const [where, layer] of [
    ["where it is owned and sent", TestEngine.layer({ pipelines })],
    ["where it is sent for its owner", TestSenders.layer({ pipelines, senders: 1 })]
  ] as const) {
    it.effect(`is what completed and left no record, counted ${where}`, () => {
      const activity = Activity.make()
      const services = Layer.merge(Layer.succeed(Activity.Activity, activity), FakeMessenger.FakeMessenger.layer())
      return Effect.gen(function* () {
        const workspaceId = yield* worked
        assert.deepStrictEqual(
          [...activity.vanished.values()],
          [{ workspaceId, lane: "high", pipeline: "brief", count: 3 }]
        )
      }).pipe(Effect.provide(Layer.provideMerge(layer, services)))
    })
  }

  it("is told of as many workspaces, lanes and pipelines as may be named, those where some vanished last", () => {
    const activity = Activity.make()
    const lane = "high"
    const vanish = (workspace: number) =>
      Activity.vanish(activity, WorkspaceId.make(workspace), { lane, pipeline: "brief" })
    for (let workspace = 1; workspace <= named.vanished; workspace++) vanish(workspace)
    vanish(1)
    vanish(1000)
    const told = [...activity.vanished.values()]
    assert.strictEqual(told.length, named.vanished)
    assert.deepStrictEqual(
      told.slice(-2).map(({ count, workspaceId }) => [Number(workspaceId), count]),
      [
        [1, 2],
        [1000, 1]
      ]
    )
    assert.isFalse(told.some(({ workspaceId }) => workspaceId === 2))
  })
})
