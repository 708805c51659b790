/**
 * Suspects are deliveries that nodes died holding. A claim holds many innocents, so who died with one does not prove
 * anything against it; but what kills whoever works on it must not do so for ever.
 *
 * - From `suspectFrom` deaths on an owner holds one suspect at a time. The others are put off, uncharged, each to a place
 *   of its own, so that the next death is charged to one of them.
 * - At `poison` deaths it is not run again: it has failed, and people and hooks are told as of any failure.
 * - Deaths are counted in the Ledger, so a restart forgets none: of a node that owned its workspace by the take-over, of
 *   a sender by the owner that handed it over.
 *
 * Held in memory: which suspect is held, and the next place.
 */
import { type ClaimedDelivery } from "@fibercast/domain/Delivery"
import { Outcome } from "@fibercast/domain/Outcome"
import { Clock, Effect } from "effect"
import * as Settlements from "./Settlements.ts"
import { type Settler } from "./Settler.ts"
import { type Task } from "./Flow.ts"
import { type Window } from "./Window.ts"

export const suspectFrom = 2

/** How far apart suspects are put off, and how far at most, in milliseconds. */
const spacing = 100
const furthest = 60_000

export const isSuspect = ({ rescues }: Pick<ClaimedDelivery, "rescues">): boolean => rescues >= suspectFrom

export interface Suspects {
  /** Of what was just claimed: whether it may be queued. What may not is on its way to the settler. To be asked once. */
  readonly passes: (task: Task) => boolean
}

export const make = Effect.fnUntraced(function* (options: {
  readonly window: Window
  readonly settler: Settler
  readonly poison: number
}): Effect.fn.Return<Suspects> {
  const { poison, settler, window } = options
  const clock = yield* Clock.Clock
  let place = 0

  const settle = (task: Task, outcome: Outcome, now: number): false => {
    settler.add({ task, settlement: Settlements.of(task, outcome, now), hold: null })
    return false
  }

  return {
    passes: (task) => {
      const { deadline, rescues } = task.context.delivery
      const now = clock.currentTimeMillisUnsafe()
      if (rescues >= poison) {
        const reason = `poison: ${rescues} nodes died while working on it; it was set aside`
        return settle(task, Outcome.Failed({ errorClass: "messagePermanent", reason }), now)
      }
      // What is too late expires instead of being run.
      if (!isSuspect(task.context.delivery) || (deadline !== null && deadline <= now)) return true
      if (window.suspect === null) {
        window.suspect = task
        return true
      }
      place = Math.min(Math.max(place, now) + spacing, now + furthest)
      const after = Math.min(place, deadline ?? Infinity) - now
      const reason = `${rescues} nodes died while they held it, so it waits for another such delivery to end`
      return settle(task, Outcome.Snoozed({ after, reason }), now)
    }
  }
})
