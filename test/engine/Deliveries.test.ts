import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as Deliveries from "@fibercast/engine/Deliveries"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Ledger } from "@fibercast/ports/Ledger"
import { Signal } from "@fibercast/ports/Signal"
import * as Expect from "@fibercast/testkit/Expect"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, Schema, Stream } from "effect"
import { insertedIds } from "../support/Inserted.ts"

const jobs = Pipeline.make("jobs", { payload: Schema.Int })

/** A workspace with two jobs, of which the first is claimed. */
const halfClaimed = Effect.gen(function* () {
  const ledger = yield* Ledger
  const workspaceId = yield* TestEngine.workspace()
  const ids = insertedIds(yield* Pipeline.dispatchMany(jobs, { workspaceId, payloads: [1, 2] }))
  const taken = { workspaceId, owner: "a", now: 0, lease: 1000, force: true }
  const { epoch } = yield* ledger.takeOver(taken)
  const source = { lane: "normal", campaignId: null } as const
  yield* ledger.claim({ workspaceId, epoch, now: 0, source, limit: 1, after: null })
  return { workspaceId, ids }
})

/** What a recall answers, and whom it wakes. */
const recalled = Effect.fnUntraced(function* (
  workspaceId: WorkspaceId,
  ids: ReadonlyArray<DeliveryId>,
  force?: boolean
) {
  const { notify, signals } = yield* Signal
  const heard = yield* Effect.forkChild(Stream.runHead(signals), { startImmediately: true })
  const answer = yield* Deliveries.recall(ids, { workspaceId, reason: "a mistake", force })
  yield* notify(yield* TestEngine.workspace("another"))
  const woken = Option.exists(yield* Fiber.join(heard), (news) => news.workspaceId === workspaceId)
  return { ...answer, woken }
})

describe("recall", () => {
  it.effect("cancels what nobody holds, and wakes nobody for it", () =>
    Effect.gen(function* () {
      const { ids, workspaceId } = yield* halfClaimed
      const answer = yield* recalled(workspaceId, ids.slice(1))
      assert.deepStrictEqual(answer, { cancelled: ids.slice(1), asked: [], woken: false })
      yield* Expect.settled("cancelled", 1)
    }).pipe(Effect.provide(TestEngine.layerStores()))
  )

  it.effect("asks the owner of what is held, and wakes it", () =>
    Effect.gen(function* () {
      const { ids, workspaceId } = yield* halfClaimed
      const answer = yield* recalled(workspaceId, ids)
      assert.deepStrictEqual(answer, { cancelled: ids.slice(1), asked: ids.slice(0, 1), woken: true })
      yield* Expect.settled("cancelled", 1)
    }).pipe(Effect.provide(TestEngine.layerStores()))
  )

  it.effect("by force cancels also what is held, and wakes its owner", () =>
    Effect.gen(function* () {
      const { ids, workspaceId } = yield* halfClaimed
      assert.deepStrictEqual(yield* recalled(workspaceId, ids, true), { cancelled: ids, asked: [], woken: true })
      yield* Expect.settled("cancelled", 2)
      yield* Expect.nothingOpen
    }).pipe(Effect.provide(TestEngine.layerStores()))
  )
})
