import { CampaignId } from "@fibercast/domain/Campaign"
import { type Lane } from "@fibercast/domain/Lane"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { dryUntil } from "@fibercast/engine/Flow"
import { Window } from "@fibercast/engine/Window"
import { DeliveryId } from "@fibercast/domain/Delivery"
import { assert, describe, it } from "@effect/vitest"
import { claimed, workspaceId } from "./internal/Tries.ts"

const batch = (claimId: bigint, count: number) => ({
  claimId,
  claimedAt: 5,
  deliveries: Array.from({ length: count }, (_, n) => claimed("1", { id: DeliveryId.make(claimId * 100n + BigInt(n)) }))
})

const make = (limit = 10) => {
  const window = new Window(workspaceId, limit)
  const source = { lane: "bulk", campaignId: CampaignId.make(3) } as const
  const flow = window.flow(source, () => ({ campaign: null, silenced: false, limiters: [] }))
  const ids = (count: number) => window.peek(flow, count).map(({ context }) => context.delivery.id)
  return { window, source, flow, ids }
}

describe("Window", () => {
  it("keeps a flow's deliveries in the order they were claimed, whatever was taken in between", () => {
    const { flow, ids, window } = make()
    window.admit(flow, batch(1n, 3))
    window.take(flow, 2)
    window.admit(flow, batch(2n, 2))
    assert.deepStrictEqual(
      ids(10),
      [102n, 200n, 201n].map((id) => DeliveryId.make(id))
    )
    assert.strictEqual(window.queued(flow), 3)
    assert.strictEqual(window.size, 5)
  })

  it("what is withdrawn from a queue stays in the window, and the others keep their order", () => {
    const { flow, ids, window } = make()
    window.admit(flow, batch(1n, 5))
    window.take(flow, 1)
    const withdrawn = window.withdraw(({ context: { delivery } }) => delivery.id % 2n === 0n)
    assert.deepStrictEqual(
      withdrawn.map(({ context }) => context.delivery.id),
      [102n, 104n].map((id) => DeliveryId.make(id))
    )
    assert.deepStrictEqual(
      ids(10),
      [101n, 103n].map((id) => DeliveryId.make(id))
    )
    assert.strictEqual(window.size, 5)
    for (const task of withdrawn) window.leave(task)
    assert.strictEqual(window.size, 3)
  })

  it("tells a try from 1 and the workspace it belongs to", () => {
    const { flow, window } = make()
    window.admit(flow, batch(1n, 1))
    const [task] = window.take(flow, 1)
    assert.strictEqual(task?.context.attempt, 1)
    assert.strictEqual(task?.context.workspaceId, WorkspaceId.make(1))
  })

  it("a claim is finished when the last of its deliveries has left, in whatever order", () => {
    const { flow, window } = make()
    window.admit(flow, batch(1n, 2))
    window.admit(flow, batch(2n, 1))
    const [a, b, c] = window.take(flow, 3)
    if (a === undefined || b === undefined || c === undefined) return assert.fail("three were admitted")
    window.leave(b)
    assert.deepStrictEqual(window.finished, [])
    window.leave(c)
    assert.deepStrictEqual(window.finished, [2n])
    window.leave(a)
    assert.deepStrictEqual(window.finished, [2n, 1n])
    assert.strictEqual(window.size, 0)
  })

  it("what has ended with its claims leaves nothing to be finished, and claims of others stand", () => {
    const { flow, window } = make()
    window.admit(flow, batch(1n, 2))
    window.admit(flow, batch(2n, 1))
    const [a, b, c] = window.take(flow, 3)
    if (a === undefined || b === undefined || c === undefined) return assert.fail("three were admitted")
    window.leave(c)
    window.leaveWithClaims(a, b)
    assert.deepStrictEqual([window.finished, [...window.claims], window.size], [[2n], [2n], 0])
  })

  it("an end is news to who starts deliveries only while one waits to be started", () => {
    const { flow, window } = make()
    window.admit(flow, batch(1n, 2))
    const [first] = window.take(flow, 1)
    if (first === undefined) return assert.fail("two were admitted")
    window.began(first)
    window.work.closeUnsafe()
    window.ended(first)
    assert.isTrue(window.work.closeUnsafe())
    const [second] = window.take(flow, 1)
    if (second === undefined) return assert.fail("two were admitted")
    window.began(second)
    window.ended(second)
    assert.isFalse(window.work.closeUnsafe())
  })

  it("deliveries that leave together are all gone before anybody hears of it", () => {
    const { flow, window } = make()
    window.admit(flow, batch(1n, 3))
    const tasks = window.take(flow, 3)
    window.room.closeUnsafe()
    window.leave(...tasks)
    assert.deepStrictEqual([window.size, flow.size, window.finished], [0, 0, [1n]])
    assert.isTrue(window.room.closeUnsafe())
    assert.isTrue(flow.settled.closeUnsafe())
  })

  it("a release gives back what was not begun, and keeps what is under way", () => {
    const { flow, window } = make()
    window.admit(flow, batch(1n, 4))
    const [task] = window.take(flow, 1)
    if (task === undefined) return assert.fail("four were admitted")
    window.began(task)
    assert.strictEqual(window.release(flow), 3)
    assert.deepStrictEqual([window.size, flow.size, window.active, window.queued(flow)], [1, 1, 1, 0])
    const left = [101n, 102n, 103n].map((id) => ({ claimId: 1n, id: DeliveryId.make(id) }))
    assert.deepStrictEqual(window.givenBack, left)
    assert.deepStrictEqual(window.finished, [])
    window.ended(task)
    window.leave(task)
    assert.deepStrictEqual(window.finished, [1n])
    assert.strictEqual(window.release(flow), 0)
  })

  it("a silenced flow is in no lane, and one that holds something is not forgotten", () => {
    const { flow, source, window } = make()
    assert.deepStrictEqual(window.open("bulk"), [flow])
    assert.deepStrictEqual(window.open("urgent"), [])
    flow.silenced = true
    assert.deepStrictEqual(window.open("bulk"), [])
    window.admit(flow, batch(1n, 1))
    window.drop(flow)
    assert.strictEqual(
      window.flow(source, () => ({ campaign: null, silenced: false, limiters: [] })),
      flow
    )
    window.release(flow)
    window.drop(flow)
    assert.notStrictEqual(
      window.flow(source, () => ({ campaign: null, silenced: false, limiters: [] })),
      flow
    )
  })

  it("is busy while a flow may have work by an instant, and a wake makes every flow worth a look", () => {
    const { flow, window } = make()
    flow.dryUntil = 100
    assert.isFalse(window.busyBefore(99))
    assert.isTrue(window.busyBefore(100))
    window.wake()
    assert.isTrue(window.busyBefore(0))
  })

  it("what is due of a lane makes the jobs of that worth a claim, and leaves other flows at rest", () => {
    const { window } = make()
    const flowOf = (lane: Lane, campaignId: CampaignId | null) => {
      const flow = window.flow({ lane, campaignId }, () => ({ campaign: null, silenced: false, limiters: [] }))
      flow.dryUntil = 100
      return flow
    }
    const flows = [flowOf("urgent", null), flowOf("bulk", null), flowOf("urgent", CampaignId.make(7))]
    const { wakes } = window
    window.wakeDue(["urgent"])
    assert.deepStrictEqual(
      flows.map((flow) => dryUntil(flow)),
      [0, 100, 100]
    )
    assert.isAbove(window.wakes, wakes)
  })
})
