/**
 * Long waits are told once: when the oldest due work of a lane has waited for longer than it may while its actor ran, whatever
 * it waits for, a pause or a rate as well. Told again only after no work of the lane has waited so long.
 *
 * What is being sent does not wait, and what was put off waits from the time it was put off to. An actor that has nothing to
 * do ends, so a paused campaign by itself is not told of. What is due and known to nobody but the ledger is asked for there, and
 * only where the feeder has not just found that there is none. It looks five times in that time, and holds one mark for each lane.
 */
import { isOver } from "@fibercast/domain/Campaign"
import { type Lane, lanes } from "@fibercast/domain/Lane"
import * as SpanText from "@fibercast/domain/SpanText"
import { Alerts } from "@fibercast/ports/Alerts"
import { Ledger } from "@fibercast/ports/Ledger"
import { Clock, Effect } from "effect"
import { type EngineSettings } from "./EngineConfig.ts"
import { type HandOff } from "./HandOff.ts"
import * as Limiter from "./Limiter.ts"
import { untilReachable } from "./Ownership.ts"
import { dryUntil, type Flow, type Task } from "./Flow.ts"
import { type Window } from "./Window.ts"

/** The work of a flow that has waited longest. */
interface Waiting {
  readonly flow: Flow
  readonly dueAt: number
  /** It is out, and nobody has begun it. */
  readonly isHandedOver: boolean
}

const oldestOf = (tasks: ReadonlyArray<Task>): number =>
  tasks.reduce((oldest, { context: { delivery } }) => Math.min(oldest, delivery.dueAt), Infinity)

/** Whether the ledger may hold work of it that is due and in no claim. */
const mayHoldMore = (flow: Flow, now: number): boolean =>
  flow.silenced ? flow.campaign !== null && !isOver(flow.campaign.status) : dryUntil(flow) <= now

export const run = Effect.fnUntraced(function* (options: {
  readonly window: Window
  readonly settings: EngineSettings
  readonly handOff: Pick<HandOff, "underWay" | "untaken">
}): Effect.fn.Return<never, never, Ledger | Alerts> {
  const { handOff, settings, window } = options
  const { workspaceId } = window
  const ledger = yield* Ledger
  const alerts = yield* Alerts
  const clock = yield* Clock.Clock
  const began = clock.currentTimeMillisUnsafe()
  const told = new Set<Lane>()

  const inLedger = Effect.fnUntraced(function* (flow: Flow) {
    const due = yield* untilReachable(ledger.nextDue({ workspaceId, source: flow.source }))
    // It may be of a delivery that is being sent.
    const isClaimed = handOff
      .underWay()
      .some(({ context: { delivery }, held }) => held.flow === flow && delivery.dueAt === due)
    return due === null || isClaimed ? Infinity : due
  })

  const waiting = Effect.fnUntraced(function* (flow: Flow, now: number): Effect.fn.Return<Waiting> {
    const untaken = oldestOf(handOff.untaken().filter(({ held }) => held.flow === flow))
    const queued = oldestOf(window.peek(flow, Infinity))
    if (untaken < Infinity && untaken <= queued) return { flow, dueAt: untaken, isHandedOver: true }
    const dueAt = queued < Infinity || !mayHoldMore(flow, now) ? queued : yield* inLedger(flow)
    return { flow, dueAt, isHandedOver: false }
  })

  const reasonOf = ({ flow, isHandedOver }: Waiting, now: number): string | null => {
    const { campaign, limiters, notBefore } = flow
    if (campaign?.status === "paused") {
      return `campaign ${campaign.id} is paused${campaign.note === null ? "" : `, ${campaign.note}`}`
    }
    if (isHandedOver) return "it is handed over, and no sender has taken it"
    if (notBefore === Infinity) return "its account takes nothing until a person resets it"
    if (notBefore > now) return `its account takes nothing for another ${SpanText.of(notBefore - now)}`
    if (Limiter.delayAll(limiters, now) > 0) return "its rate lets out no more"
    return window.active >= settings.concurrency ? `as many sends are under way as may be, ${window.active}` : null
  }

  const look = Effect.fnUntraced(function* (lane: Lane) {
    const now = clock.currentTimeMillisUnsafe()
    const flows = [...window.flows.values()].filter(({ source }) => source.lane === lane)
    const all = yield* Effect.forEach(flows, (flow) => waiting(flow, now))
    const [oldest] = all.filter(({ dueAt }) => dueAt < Infinity).toSorted((a, b) => a.dueAt - b.dueAt)
    if (oldest === undefined || now - Math.max(oldest.dueAt, began) <= settings.longWait) return told.delete(lane)
    if (told.has(lane)) return
    told.add(lane)
    const { dueAt } = oldest
    const reason = reasonOf(oldest, now)
    yield* alerts.raise({ _tag: "LongWait", workspaceId, lane, dueAt, waitedMillis: now - dueAt, reason })
  })

  for (;;) {
    yield* Effect.sleep(Math.max(1000, settings.longWait / 5))
    yield* Effect.forEach(lanes, look, { discard: true })
  }
})
