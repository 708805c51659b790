import { DeliveryId } from "@fibercast/domain/Delivery"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import * as Settlements from "@fibercast/engine/Settlements"
import { type Ended, Unwritten } from "@fibercast/engine/Unwritten"
import { type Task } from "@fibercast/engine/Flow"
import { Window } from "@fibercast/engine/Window"
import { Outcome } from "@fibercast/domain/Outcome"
import { assert, describe, it } from "@effect/vitest"

const source = { lane: "normal", campaignId: null } as const

/** The tasks of claims that hold so many. */
const claimed = (...sizes: ReadonlyArray<number>) => {
  const window = new Window(WorkspaceId.make(1), 10_000)
  const flow = window.flow(source, () => ({ campaign: null, silenced: false, limiters: [] }))
  return sizes.map((size, claim) => {
    const deliveries = Array.from({ length: size }, (_, index) => ({
      ...source,
      id: DeliveryId.make(BigInt(claim * 1000 + index + 1)),
      pipeline: "job",
      attempt: 0,
      rescues: 0,
      batchId: null,
      dueAt: 0,
      deadline: null,
      payload: "{}"
    }))
    window.admit(flow, { claimId: BigInt(claim + 1), claimedAt: 0, deliveries })
    return window.take(flow, size)
  })
}

const completed = (task: Task, providerId: string | null = null): Ended => ({
  task,
  settlement: Settlements.of(task, Outcome.Completed({ providerId }), 0),
  hold: null
})

const failed = (task: Task): Ended => ({
  task,
  settlement: Settlements.of(task, Outcome.Failed({ errorClass: "transient", reason: "no" }), 0),
  hold: null
})

const of = (ended: ReadonlyArray<Ended>) => ended.map(({ task }) => task.context.delivery.id)

describe("Unwritten", () => {
  it("writes as a whole what completes claims", () => {
    const [one = [], two = []] = claimed(3, 2)
    const unwritten = new Unwritten(10)
    for (const task of [...one, ...two]) unwritten.add(completed(task))
    const taken = unwritten.take(false)
    assert.deepStrictEqual([taken.isWhole, taken.closing, taken.ended.length], [true, [1n, 2n], 5])
    assert.strictEqual(unwritten.size, 0)
  })

  it("names everything once something of it was to be named", () => {
    const [one = []] = claimed(3)
    const unwritten = new Unwritten(10)
    for (const task of one) unwritten.add(completed(task))
    const taken = unwritten.take(true)
    assert.deepStrictEqual([taken.isWhole, taken.closing, of(taken.ended)], [false, [1n], [1n, 2n, 3n]])
  })

  it("names what failed, what a provider gave an id, and claims of which more is to come", () => {
    const [one = [], two = [], three = []] = claimed(2, 2, 2)
    const unwritten = new Unwritten(10)
    unwritten.add(...one.map((task, index) => (index === 0 ? failed(task) : completed(task))))
    unwritten.add(...two.map((task) => completed(task, "an id")))
    unwritten.add(...three.slice(1).map((task) => completed(task)))
    const taken = unwritten.take(false)
    assert.deepStrictEqual([taken.isWhole, taken.closing, taken.ended.length], [false, [1n, 2n], 5])
  })

  it("takes no more than a batch by name, in the order of claims, and closes one with the last of it", () => {
    const [one = [], two = []] = claimed(3, 3)
    const unwritten = new Unwritten(4)
    unwritten.add(...one.map(failed), ...two.map(failed))
    const first = unwritten.take(false)
    assert.deepStrictEqual([of(first.ended), first.closing], [[1n, 2n, 3n, 1001n], [1n]])
    for (const { task } of first.ended) task.held.left--
    const second = unwritten.take(false)
    assert.deepStrictEqual([of(second.ended), second.closing], [[1002n, 1003n], [2n]])
  })

  it("passes over what is no whole claim twice, and then names it", () => {
    const [slow = [], ...claims] = claimed(2, 4, 4, 4)
    const unwritten = new Unwritten(4)
    unwritten.add(...slow.slice(1).map((task) => completed(task)))
    const taken = claims.map((tasks) => {
      unwritten.add(...tasks.map((task) => completed(task)))
      return unwritten.take(false)
    })
    assert.deepStrictEqual(
      taken.map(({ isWhole }) => isWhole),
      [true, true, false]
    )
    assert.include(of(taken[2]?.ended ?? []), slow[1]?.context.delivery.id)
  })

  it("names what there is where whole claims are less than half of it", () => {
    const [one = [], two = []] = claimed(1, 10)
    const unwritten = new Unwritten(10)
    unwritten.add(...one.map((task) => completed(task)), ...two.slice(1).map((task) => completed(task)))
    assert.isFalse(unwritten.take(false).isWhole)
  })

  it("keeps what was not written, before what came meanwhile", () => {
    const [one = [], two = []] = claimed(3, 2)
    const unwritten = new Unwritten(10)
    unwritten.add(...one.slice(0, 2).map((task) => completed(task)))
    const taken = unwritten.take(false)
    unwritten.add(...two.map((task) => completed(task)), ...one.slice(2).map((task) => completed(task)))
    unwritten.putBack(taken)
    assert.strictEqual(unwritten.size, 5)
    const again = unwritten.take(false)
    assert.deepStrictEqual([again.isWhole, of(again.ended)], [true, [1n, 2n, 3n, 1001n, 1002n]])
  })
})
