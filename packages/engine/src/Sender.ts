/**
 * The sender starts claimed deliveries, in the order that lanes, limits and free slots allow.
 *
 * Before each start it makes sure that the workspace is still owned, the campaign not silenced, the
 * deadline not passed, every limit satisfied, the allowance not used up, and, for at-most-once work, the started mark written.
 * While several lanes have ready work each gets its share by weight; some slots are for urgent and high alone (`Slots`).
 */
import { type Lane, lanes, weight } from "@fibercast/domain/Lane"
import { Ledger } from "@fibercast/ports/Ledger"
import { type EpochLost } from "@fibercast/ports/Owned"
import { Clock, Effect, type Scope } from "effect"
import * as Alarm from "./Alarm.ts"
import { Allowance } from "./Allowance.ts"
import { type EngineSettings } from "./EngineConfig.ts"
import * as Limiter from "./Limiter.ts"
import * as Lull from "./Lull.ts"
import { type Ownership, untilReachable } from "./Ownership.ts"
import * as Slots from "./Slots.ts"
import { type Flow, type Task } from "./Flow.ts"
import { type Window } from "./Window.ts"

/** Unlimited work is started in runs of this many, unless told otherwise; then lanes are weighed again. */
const usualRun = 64

const usual = (_: Flow, most: number) => Math.min(usualRun, most)

/** Turns of the event loop that a free slot waits for more, at most. */
const patience = 2

/** Started marks are written ahead for what a rate lets out in this time, in milliseconds. */
const markAhead = 250

/** Milliseconds until the flow may start one more. */
const delay = (flow: Flow, now: number): number => Math.max(flow.notBefore - now, Limiter.delayAll(flow.limiters, now))

const isLimited = (flow: Flow) => Limiter.hintAll(flow.limiters) !== null

export const run = Effect.fnUntraced(function* (options: {
  readonly window: Window
  readonly ownership: Ownership
  readonly settings: EngineSettings
  readonly slots: Slots.Slots
  /** Its started mark is to be written here, before it is started. */
  readonly mustMark: (task: Task) => boolean
  /** Cannot be interrupted, so it must not wait for more than a slot that `window` counts as free. */
  readonly start: (flow: Flow, tasks: ReadonlyArray<Task>) => Effect.Effect<void>
  readonly expire: (task: Task) => void
  /** How much of unlimited work is started in one run, and no more than `most`. None: not before something has ended. */
  readonly runOf?: ((flow: Flow, most: number) => number) | undefined
  /** Its pipeline is known here. Else it is put off, which uses nothing of an allowance up. */
  readonly isKnown: (task: Task) => boolean
}): Effect.fn.Return<never, EpochLost, Ledger | Scope.Scope> {
  const { window, ownership, runOf = usual, settings } = options
  const ledger = yield* Ledger
  const clock = yield* Clock.Clock
  const credit = new Map<Lane, number>()
  /** Each flow's last turn: of flows that are alike the one that waits longest is next. */
  const turns = new WeakMap<Flow, number>()
  let turn = 0
  const turnOf = (flow: Flow): number => turns.get(flow) ?? 0

  const allowance = yield* Allowance
  const alarm = yield* Alarm.make(window.work)

  const slots = (lane: Lane): number => Math.min(Slots.ofLane(options.slots, lane) - window.active, allowance.left())

  const countOf = (flow: Flow): number => (isLimited(flow) ? 1 : runOf(flow, slots(flow.source.lane)))

  /** What has something to send, and room for it. */
  const due = (lane: Lane): ReadonlyArray<Flow> =>
    window.open(lane).filter((flow) => window.queued(flow) > 0 && slots(lane) > 0 && countOf(flow) > 0)

  const ready = (lane: Lane, now: number): Flow | undefined =>
    due(lane)
      .filter((flow) => delay(flow, now) <= 0)
      .toSorted((a, b) => a.active - b.active || turnOf(a) - turnOf(b))[0]

  /** Smooth weighted round robin over the lanes that have a ready flow. */
  const next = (now: number): Flow | undefined => {
    const candidates = lanes.flatMap((lane) => {
      const flow = ready(lane, now)
      return flow === undefined ? [] : [{ lane, flow }]
    })
    if (candidates.length <= 1) return candidates[0]?.flow
    let best = candidates[0]
    let total = 0
    for (const candidate of candidates) {
      const raised = (credit.get(candidate.lane) ?? 0) + weight[candidate.lane]
      credit.set(candidate.lane, raised)
      total += weight[candidate.lane]
      if (best === undefined || raised > (credit.get(best.lane) ?? 0)) best = candidate
    }
    if (best !== undefined) credit.set(best.lane, (credit.get(best.lane) ?? 0) - total)
    return best?.flow
  }

  /** Write the started mark of the head of the flow's queue, where it is needed. */
  const mark = Effect.fnUntraced(function* (flow: Flow, count: number) {
    const perMilli = Limiter.hintAll(flow.limiters)
    const ahead = perMilli === null ? count : Math.max(count, Math.min(usualRun, Math.ceil(perMilli * markAhead)))
    const unmarked = new Map<bigint, Array<Task>>()
    for (const task of window.peek(flow, ahead)) {
      if (task.started || !options.mustMark(task)) continue
      const ofClaim = unmarked.get(task.held.claimId)
      if (ofClaim === undefined) unmarked.set(task.held.claimId, [task])
      else ofClaim.push(task)
    }
    for (const [claimId, tasks] of unmarked) {
      const ids = tasks.map((task) => task.context.delivery.id)
      yield* untilReachable(Effect.suspend(() => ledger.start({ ...ownership.proof, claimId, ids })))
      for (const task of tasks) task.started = true
    }
  })

  const send = Effect.fnUntraced(function* (flow: Flow) {
    turns.set(flow, ++turn)
    const count = countOf(flow)
    const [head] = window.peek(flow, 1)
    if (head !== undefined && options.mustMark(head) && !head.started) {
      yield* mark(flow, count)
      if (!window.isOpen(flow) || !ownership.holds) return
    }
    yield* Effect.uninterruptible(Effect.suspend(() => begin(flow, count)))
  })

  /** Hand over what may start now. What is taken off its flow is started, also when the actor stops meanwhile. */
  const begin = (flow: Flow, count: number): Effect.Effect<void> => {
    const now = clock.currentTimeMillisUnsafe()
    const starting: Array<Task> = []
    for (const task of window.peek(flow, count)) {
      if (options.mustMark(task) && !task.started) break
      const { deadline } = task.context.delivery
      const isLate = deadline !== null && deadline <= now
      if (!isLate && options.isKnown(task) && !allowance.take()) break
      window.take(flow, 1)
      if (isLate) {
        options.expire(task)
        continue
      }
      task.begunAt = now
      starting.push(task)
      window.began(task)
    }
    if (starting.length === 0) return Effect.void
    if (isLimited(flow)) for (const limiter of flow.limiters) limiter.grant(now)
    return options.start(flow, starting)
  }

  /** Of many that are under way some end at the same time: their slots are filled together. */
  const together = Lull.wait(
    () => window.active >= Lull.many,
    () => window.active,
    patience
  )

  const wait = (now: number) => {
    const delays = lanes.flatMap((lane) => due(lane).map((flow) => delay(flow, now)))
    const soonest = Math.max(Math.min(settings.poll, ...delays), 1)
    window.work.closeUnsafe()
    alarm(soonest)
    return Effect.andThen(window.work.await, together)
  }

  for (;;) {
    if (!ownership.holds) yield* ownership.valid.await
    const now = clock.currentTimeMillisUnsafe()
    const flow = next(now)
    if (flow === undefined) yield* wait(now)
    else yield* send(flow)
  }
}, Effect.scoped)
