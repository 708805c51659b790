/**
 * The feeder claims due deliveries for a workspace, source by source, in bounded batches.
 *
 * It claims no more than fits the window, of which a tenth is kept for urgent and high, no more than the flow's
 * limits let out within a third of the ownership's lease, no more than may yet be begun (`Allowance`), and nothing for a
 * flow that still has a claim queued or whose account takes nothing. Where it has not looked yet, or the last look found nothing more,
 * it asks what is due before it claims. More urgent lanes are fed first; within a lane the emptiest flow is.
 */
import { hasReserve, lanes } from "@fibercast/domain/Lane"
import { Ledger } from "@fibercast/ports/Ledger"
import { type EpochLost } from "@fibercast/ports/Owned"
import { Clock, Effect, type Scope } from "effect"
import * as Alarm from "./Alarm.ts"
import { Allowance } from "./Allowance.ts"
import { type EngineSettings } from "./EngineConfig.ts"
import * as Limiter from "./Limiter.ts"
import * as Lull from "./Lull.ts"
import { type Ownership, untilReachable } from "./Ownership.ts"
import * as Suspects from "./Suspects.ts"
import { dryUntil, type Flow } from "./Flow.ts"
import { type Window } from "./Window.ts"

/** A flow is read again from its start this often, to find what became due behind its cursor. */
const sweepEvery = 1000

/** Nothing to claim, or nothing that could be sent, before this instant. */
const restsUntil = (flow: Flow): number => Math.max(dryUntil(flow), flow.notBefore)

export const run = Effect.fnUntraced(function* (options: {
  readonly window: Window
  readonly ownership: Ownership
  readonly settings: EngineSettings
  readonly suspects: Suspects.Suspects
}): Effect.fn.Return<never, EpochLost, Ledger | Scope.Scope> {
  const { window, ownership, settings, suspects } = options
  const ledger = yield* Ledger
  const clock = yield* Clock.Clock

  const reserve = Math.floor(window.limit / 10)

  const allowed = yield* Allowance
  const alarm = yield* Alarm.make(window.room)

  /** What is claimed and not begun has its part of what may yet be begun. */
  const unclaimed = (): number => {
    const left = allowed.left()
    return left === Infinity ? left : left - window.waiting
  }

  const room = ({ source: { lane } }: Flow): number =>
    Math.min(unclaimed(), window.limit - window.size - (hasReserve(lane) ? 0 : reserve))

  const allowance = (flow: Flow): number => {
    const perMilli = Limiter.hintAll(flow.limiters)
    const paced = perMilli === null ? settings.batch : Math.max(1, Math.floor((perMilli * ownership.lease) / 3))
    return Math.min(settings.batch, paced, room(flow))
  }

  /** What is claimed arrives while what is queued is sent; of what is paced little is held. */
  const isHungry = (flow: Flow): boolean => {
    const queued = window.queued(flow)
    return (Limiter.hintAll(flow.limiters) === null ? queued : queued * 2) <= allowance(flow)
  }

  const next = (now: number): Flow | undefined => {
    for (const lane of lanes) {
      const hungry = window
        .open(lane)
        .filter((flow) => restsUntil(flow) <= now && room(flow) > 0 && isHungry(flow))
        .toSorted((a, b) => a.size - b.size)
      if (hungry[0] !== undefined) return hungry[0]
    }
    return undefined
  }

  const nextDue = (flow: Flow) => {
    const due = untilReachable(ledger.nextDue({ workspaceId: window.workspaceId, source: flow.source }))
    return Effect.tap(due, (at) => Effect.sync(() => window.seen(flow, at)))
  }

  /** Until it is due, unless something came while that was asked. */
  const rest = (flow: Flow, due: number | null, now: number, wakes: number) => {
    if (window.wakes === wakes) flow.dryUntil = Math.min(due ?? Infinity, now + settings.poll)
  }

  /**
   * Whether anything is due of what had nothing more, all of it at once. A claim is a write, even of nothing, so it is asked
   * first.
   */
  const look = Effect.fnUntraced(function* (now: number, wakes: number) {
    const drained = [...window.flows.values()].filter(
      (flow) => flow.drained && !flow.isDue && window.isOpen(flow) && restsUntil(flow) <= now
    )
    const dues = yield* Effect.forEach(drained, (flow) => Effect.map(nextDue(flow), (due) => ({ flow, due })), {
      concurrency: "unbounded"
    })
    for (const { due, flow } of dues) {
      if (due === null || due > now) rest(flow, due, now, wakes)
      else flow.drained = false
    }
  })

  const claim = Effect.fnUntraced(function* (flow: Flow) {
    const proof = ownership.proof
    const { wakes } = window
    if (flow.drained && !flow.isDue) return yield* look(proof.now, wakes)
    flow.isDue = false
    const fromStart = flow.cursor === null || proof.now - flow.sweptAt >= sweepEvery
    if (fromStart) flow.sweptAt = proof.now
    const limit = allowance(flow)
    const after = fromStart ? null : flow.cursor
    const attempt = Effect.suspend(() => ledger.claim({ ...ownership.proof, source: flow.source, limit, after }))
    // A claim whose answer was lost may stand: it is given back before the next is tried.
    const claimed = Effect.catchTag(attempt, "LedgerUnavailable", (error) =>
      Effect.andThen(
        untilReachable(Effect.suspend(() => ledger.giveBack({ ...ownership.proof, except: [...window.claims] }))),
        Effect.fail(error)
      )
    )
    const batch = yield* untilReachable(claimed)
    // What came while this was claimed may be among it, or not. Else what was known of when the next is due still holds.
    if (flow.isDue || !fromStart) flow.dryUntil = 0
    flow.isDue = false
    if (batch !== null) {
      const last = batch.deliveries.at(-1)
      const full = batch.deliveries.length >= limit
      flow.drained = fromStart && !full
      if (full) flow.dryUntil = 0
      if (!full || last === undefined) flow.cursor = null
      else if (flow.cursor === null || last.dueAt > flow.cursor.dueAt || last.id > flow.cursor.id) {
        flow.cursor = { dueAt: last.dueAt, id: last.id }
      }
      return window.admit(flow, batch, batch.deliveries.some(Suspects.isSuspect) ? suspects.passes : null)
    }
    flow.cursor = null
    // What came while this was asked is asked for again.
    if (!fromStart || window.wakes !== wakes) return
    const due = yield* nextDue(flow)
    flow.drained = due === null || due > proof.now
    // What is due and cannot be claimed is looked at again, but not at once.
    rest(flow, flow.drained ? due : null, proof.now, wakes)
  })

  /** Of many in the window some leave at the same time: their room is filled together. */
  const together = Effect.suspend(() => (window.size >= Lull.many ? Effect.yieldNow : Effect.void))

  const wait = (now: number) => {
    const resting = [...window.flows.values()].filter((flow) => window.isOpen(flow) && restsUntil(flow) > now)
    const until = resting.reduce((soonest, flow) => Math.min(soonest, restsUntil(flow)), now + settings.poll)
    window.room.closeUnsafe()
    alarm(Math.max(until - now, 1))
    return Effect.andThen(window.room.await, together)
  }

  for (;;) {
    const now = clock.currentTimeMillisUnsafe()
    const flow = window.size < window.limit ? next(now) : undefined
    if (flow === undefined) yield* wait(now)
    else yield* claim(flow)
  }
}, Effect.scoped)
