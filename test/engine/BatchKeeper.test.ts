import { none } from "@fibercast/domain/Counts"
import * as Batches from "@fibercast/engine/Batches"
import { LedgerUnavailable } from "@fibercast/ports/Ledger"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import * as TestSenders from "@fibercast/testkit/TestSenders"
import { BatchStore } from "@fibercast/ports/BatchStore"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as BatchJobs from "./internal/BatchJobs.ts"

const { pass, standing } = BatchJobs

/** Stores on which nothing advances while `blocked`. */
const world = () => {
  const switches = { blocked: false }
  const stores = Interposed.layerStores({
    before: (operation) =>
      operation === "advance" && switches.blocked
        ? Effect.fail(new LedgerUnavailable({ operation, cause: "cut off" }))
        : Effect.void
  }).pipe(Layer.provideMerge(TestEngine.layerStores()), Layer.provideMerge(FakeMessenger.FakeMessenger.layer()))
  return { switches, stores }
}

describe("a batch, when nodes die", () => {
  it.effect("is advanced by the next owner, if its last job ended just before the owner died, once", () => {
    const jobs = BatchJobs.make()
    const { stores, switches } = world()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      switches.blocked = true
      const node = yield* TestNode.make({ pipelines: [jobs.Work], alone: false })
      const batchId = yield* Batches.dispatch({ workspaceId, name: "import", jobs: [jobs.job("a")], ...jobs.follows })
      yield* pass(5)
      const counts = { ...none, planned: 1, completed: 1 }
      assert.deepInclude(yield* standing(workspaceId, batchId), { status: "running", counts })
      yield* node.kill
      switches.blocked = false
      yield* pass(60)
      assert.deepStrictEqual(jobs.began, ["a"])
      yield* TestNode.make({ pipelines: [jobs.Work], alone: false })
      yield* pass(30)
      assert.deepInclude(yield* standing(workspaceId, batchId), { status: "completed", counts })
      assert.deepStrictEqual(jobs.began.toSorted(), ["a", "finally", "then"])
    }).pipe(Effect.provide(stores))
  })

  it.effect("comes to its end once, whenever its owner is killed and another takes over", () => {
    const instants = Array.from({ length: 30 }, (_, at) => at)
    return Effect.forEach(
      instants,
      (at) => {
        const jobs = BatchJobs.make()
        return Effect.gen(function* () {
          const workspaceId = yield* TestEngine.workspace()
          const node = yield* TestNode.make({ pipelines: [jobs.Work], alone: false })
          const steps = [[jobs.job("a"), jobs.job("b")], jobs.job("c")]
          const batchId = yield* Batches.chain({ workspaceId, name: "import", steps, ...jobs.follows })
          // A few turns of the fibers at a time: the node dies in the middle of whatever it does then.
          yield* Effect.repeat(Effect.yieldNow, { times: at * 7 })
          yield* node.kill
          yield* TestNode.make({ pipelines: [jobs.Work], alone: false })
          yield* pass(25)
          const batch = yield* standing(workspaceId, batchId)
          assert.deepInclude(batch, { status: "completed", stage: 2, counts: { ...none, planned: 3, completed: 3 } })
          const follows = yield* (yield* BatchStore).advance({ workspaceId, now: 1e9, limit: 10 })
          assert.deepStrictEqual(follows, [])
          yield* Expect.settled("completed", 5)
        }).pipe(
          Effect.scoped,
          Effect.provide(Layer.merge(TestEngine.layerStores(), FakeMessenger.FakeMessenger.layer()))
        )
      },
      { discard: true }
    )
  })

  it.effect("goes on over senders when the sender's word that its last job ended is lost with the owner", () => {
    const jobs = BatchJobs.make()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      yield* TestSenders.makeSender({ pipelines: [jobs.Work] })
      const first = yield* TestSenders.makeEngine({ pipelines: [jobs.Work] })
      const steps = [jobs.job("slow"), jobs.job("b")]
      const batchId = yield* Batches.chain({ workspaceId, name: "import", steps, ...jobs.follows })
      yield* pass(55)
      yield* first.freeze
      yield* pass(10)
      yield* first.kill
      yield* TestSenders.makeEngine({ pipelines: [jobs.Work] })
      yield* pass(120)
      assert.deepInclude(yield* standing(workspaceId, batchId), { status: "completed", stage: 2 })
      assert.deepStrictEqual(jobs.began.filter((name) => name !== "slow").toSorted(), ["b", "finally", "then"])
    }).pipe(
      Effect.provide(TestSenders.layerBetween),
      Effect.provide(Layer.merge(TestEngine.layerStores(), FakeMessenger.FakeMessenger.layer()))
    )
  })
})
