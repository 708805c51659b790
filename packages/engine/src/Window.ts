/**
 * The window is what one workspace actor holds in memory: claimed deliveries, grouped into flows.
 *
 * It holds at most `limit` deliveries plus one claim. A flow is the work of one source, in due
 * order; a delivery leaves its flow when it is sent and leaves the window when it is settled, or
 * released unsent. Of lanes that are not served or are paused nothing is claimed or sent. Everything here is synchronous: no other fiber sees it half changed.
 */
import { type Lane, lanes } from "@fibercast/domain/Lane"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Batch, type Source } from "@fibercast/ports/Ledger"
import { type GivenBack } from "@fibercast/ports/Settlement"
import { Latch } from "effect"
import { dryUntil, type Flow, freshFlow, type Held, keyOf, type Task } from "./Flow.ts"

export class Window {
  readonly workspaceId: WorkspaceId
  readonly limit: number
  /** The lanes that are served. */
  readonly served: ReadonlySet<Lane>
  readonly flows = new Map<string, Flow>()
  /** Open while there may be something to send. */
  readonly work = Latch.makeUnsafe(false)
  /** Open while there may be something to claim, and room for it. */
  readonly room = Latch.makeUnsafe(true)
  /** Open while some batch may have something to do: a job of one has left, or somebody said so. */
  readonly batches = Latch.makeUnsafe(true)
  /** Open while some campaign may have something to do: the last of one has left, or somebody said so. */
  readonly campaigns = Latch.makeUnsafe(true)
  /** Claims of which nothing is left, to be deleted with the next settle. */
  finished: Array<bigint> = []
  /** What was released and its claim still names, to be written with the next settle. */
  givenBack: Array<GivenBack> = []
  /** Every claim that stands, as far as this actor knows. */
  readonly claims = new Set<bigint>()
  size = 0
  active = 0
  /** The one delivery it holds that nodes may have died of; null: none. */
  suspect: Task | null = null
  /** Lanes that are paused, as far as this actor has heard. */
  paused: ReadonlySet<Lane> = new Set()
  /** Something was admitted. Set here; whoever looks after it sets it back. */
  stirred = false
  /** How often there may have been new work. */
  wakes = 0

  constructor(workspaceId: WorkspaceId, limit: number, served: ReadonlyArray<Lane> = lanes) {
    this.workspaceId = workspaceId
    this.limit = limit
    this.served = new Set(served)
  }

  flow(source: Source, make: () => Pick<Flow, "campaign" | "silenced" | "limiters">): Flow {
    const key = keyOf(source)
    const known = this.flows.get(key)
    if (known !== undefined) return known
    const flow = freshFlow(source, make())
    this.flows.set(key, flow)
    return flow
  }

  /** Forget a flow that holds nothing. */
  drop(flow: Flow) {
    if (flow.size === 0) this.flows.delete(keyOf(flow.source))
  }

  queued(flow: Flow): number {
    return flow.queue.length - flow.head
  }

  /** Take in what a claim holds. What does not pass is not queued; it leaves the window when it is settled. */
  admit(flow: Flow, batch: Batch, passes: ((task: Task) => boolean) | null = null) {
    const { claimedAt, claimId, deliveries } = batch
    const held: Held = { claimId, claimedAt, flow, size: deliveries.length, left: deliveries.length }
    this.claims.add(claimId)
    const tasks = deliveries.map((delivery): Task => ({
      context: { workspaceId: this.workspaceId, delivery, campaign: flow.campaign, attempt: delivery.attempt + 1 },
      held,
      started: false,
      begunAt: null,
      endedAt: null
    }))
    const queued = passes === null ? tasks : tasks.filter(passes)
    flow.queue = flow.head === flow.queue.length ? queued : [...flow.queue.slice(flow.head), ...queued]
    flow.head = 0
    flow.size += tasks.length
    flow.isLast = false
    flow.settled.closeUnsafe()
    this.size += tasks.length
    this.stirred = true
    this.work.openUnsafe()
  }

  /** What is claimed and not begun. */
  get waiting(): number {
    return [...this.flows.values()].reduce((total, flow) => total + this.queued(flow), 0)
  }

  /** Asked at every end, so it stops at the first flow that has some. */
  #isQueued(): boolean {
    for (const flow of this.flows.values()) if (this.queued(flow) > 0) return true
    return false
  }

  /** The next tasks of the flow, at most `limit`, without taking them. */
  peek(flow: Flow, limit: number): ReadonlyArray<Task> {
    return flow.queue.slice(flow.head, flow.head + limit)
  }

  /** Take `count` tasks off the flow's head. */
  take(flow: Flow, count: number): ReadonlyArray<Task> {
    const tasks = flow.queue.slice(flow.head, flow.head + count)
    flow.head += tasks.length
    this.room.openUnsafe()
    return tasks
  }

  /** Take what is chosen off the queues, wherever it stands. It stays in the window until it is settled. */
  withdraw(isChosen: (task: Task) => boolean): ReadonlyArray<Task> {
    const withdrawn: Array<Task> = []
    for (const flow of this.flows.values()) {
      const staying: Array<Task> = []
      for (const task of this.peek(flow, Infinity)) (isChosen(task) ? withdrawn : staying).push(task)
      flow.queue = staying
      flow.head = 0
    }
    this.room.openUnsafe()
    return withdrawn
  }

  began(task: Task) {
    const flow = task.held.flow
    flow.active++
    this.active++
    flow.silent.closeUnsafe()
  }

  ended(...tasks: ReadonlyArray<Task>) {
    for (const { held } of tasks) held.flow.active--
    this.active -= tasks.length
    // Last: whoever waits goes on at once, and must find all of them ended.
    for (const { held } of tasks) if (held.flow.active === 0) held.flow.silent.openUnsafe()
    if (this.#isQueued()) this.work.openUnsafe()
  }

  /** The deliveries are settled, or given back unsent: they leave the window, and their claim with the last of it. */
  leave(...tasks: ReadonlyArray<Task>) {
    for (const task of tasks) {
      if (task === this.suspect) this.suspect = null
      task.held.left--
      task.held.flow.size--
      if (task.held.left === 0) this.finished.push(task.held.claimId)
    }
    this.size -= tasks.length
    // Last: whoever waits goes on at once, and must find all of them gone.
    for (const { held } of tasks) this.ebb(held.flow)
    if (tasks.some(({ context }) => context.delivery.batchId !== null)) this.batches.openUnsafe()
    if (this.size < this.limit) this.room.openUnsafe()
  }

  /** If nothing of the flow is left here, whoever waits for that goes on. To be called with all that makes it so. */
  ebb(flow: Flow) {
    if (flow.size > 0) return
    flow.settled.openUnsafe()
    if (flow.isLast && flow.campaign?.expanded === true) this.campaigns.openUnsafe()
  }

  /** When more of the flow is due that may be claimed; null: there is none. */
  seen(flow: Flow, due: number | null) {
    flow.isLast = due === null
    this.ebb(flow)
  }

  /** They leave the window, and their claims have ended with them. */
  leaveWithClaims(...tasks: ReadonlyArray<Task>) {
    this.leave(...tasks)
    const over = new Set(tasks.map(({ held }) => held.claimId))
    for (const claimId of over) this.claims.delete(claimId)
    this.finished = this.finished.filter((claimId) => !over.has(claimId))
  }

  /** It is claimable again from then on. */
  putOff({ held: { flow } }: Task, dueAt: number) {
    flow.dryUntil = Math.min(flow.dryUntil, dueAt)
  }

  /** Give back everything of the flow that was not begun; it is claimable again after the next settle. */
  release(flow: Flow): number {
    const tasks = this.take(flow, this.queued(flow))
    for (const { context, held } of tasks) this.givenBack.push({ claimId: held.claimId, id: context.delivery.id })
    this.leave(...tasks)
    flow.cursor = null
    return tasks.length
  }

  /** These lanes are paused, and no others. What was not begun of them is given back: answers how much. */
  pause(paused: Iterable<Lane>): number {
    const before = this.paused
    this.paused = new Set(paused)
    let released = 0
    for (const flow of this.flows.values()) if (this.paused.has(flow.source.lane)) released += this.release(flow)
    if ([...before].some((lane) => !this.paused.has(lane))) this.wake()
    return released
  }

  /** There may be new work: look at every flow again. */
  wake() {
    this.wakes++
    for (const flow of this.flows.values()) flow.dryUntil = 0
    this.room.openUnsafe()
  }

  /** Background jobs of these lanes are due: they are claimed without being looked for. */
  wakeDue(due: ReadonlyArray<Lane>) {
    this.wakes++
    for (const lane of due) {
      const flow = this.flows.get(keyOf({ lane, campaignId: null }))
      if (flow !== undefined) flow.isDue = true
    }
    this.room.openUnsafe()
  }

  /** Whether a flow may have something to claim by this instant. */
  busyBefore(instant: number): boolean {
    return [...this.flows.values()].some((flow) => this.isOpen(flow) && dryUntil(flow) <= instant)
  }

  /** Whether it may be worked. */
  isOpen({ silenced, source: { lane } }: Flow): boolean {
    return !silenced && this.served.has(lane) && !this.paused.has(lane)
  }

  /** Flows of a lane that may be worked. */
  open(lane: Lane): ReadonlyArray<Flow> {
    return [...this.flows.values()].filter((flow) => flow.source.lane === lane && this.isOpen(flow))
  }
}
