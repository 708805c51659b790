/**
 * Recalls carries out what was taken back of a workspace while its actor held it.
 *
 * - What is queued is not begun, and what is under way is interrupted: either is settled as cancelled with the
 *   reason, however it ended. What had ended by itself before stays as it ended. Nobody is alerted.
 * - It takes at most a heartbeat, and 100 ms when the actor is woken, until a delivery is stopped; then the
 *   finalizers of what is under way run, and what cannot be interrupted ends when it ends.
 * - What the send of an interrupted delivery has done by then is done: the provider may have taken the message.
 *
 * An actor that holds nothing asks nothing. Held in memory: a reason for each delivery that is being stopped.
 */
import { Outcome } from "@fibercast/domain/Outcome"
import { Ledger } from "@fibercast/ports/Ledger"
import { type EpochLost } from "@fibercast/ports/Owned"
import { Effect, Latch } from "effect"
import { type EngineSettings } from "./EngineConfig.ts"
import { type Ownership, untilReachable } from "./Ownership.ts"
import * as Settlements from "./Settlements.ts"
import { type Settler } from "./Settler.ts"
import { type Task } from "./Flow.ts"
import { type Window } from "./Window.ts"

/** However often the actor is woken, it asks no sooner than this after the last time, in milliseconds. */
const spacing = 100

export interface Recalls {
  /** Asks once. To be done before the first claim: it settles what the former owner was asked to stop. */
  readonly look: Effect.Effect<void, EpochLost, Ledger>
  /** Asks until interrupted; fails when another owner took over. */
  readonly run: Effect.Effect<never, EpochLost, Ledger>
  /** There may be something new. */
  readonly wake: () => void
  /** For a try that has ended: what became of it because it was being stopped, or null. To be asked once. */
  readonly outcome: (task: Task) => Outcome | null
}

export const make = (options: {
  readonly window: Window
  readonly ownership: Ownership
  readonly settings: EngineSettings
  readonly settler: Settler
  /** What was handed over to be sent and has not ended. */
  readonly underWay: () => ReadonlyArray<Task>
  readonly interrupt: (stops: ReadonlyMap<Task, string>) => Effect.Effect<void>
}): Recalls => {
  const { ownership, settings, settler, window } = options
  const bell = Latch.makeUnsafe(false)
  const stopping = new Map<Task, string>()

  const stop = (reasons: ReadonlyMap<bigint, string>): Effect.Effect<void> => {
    const reasonOf = (task: Task) => reasons.get(task.context.delivery.id)
    for (const task of window.withdraw((task) => reasonOf(task) !== undefined)) {
      const cancelled = Outcome.Cancelled({ reason: reasonOf(task) ?? "" })
      settler.add({ task, settlement: Settlements.of(task, cancelled, 0), hold: null })
    }
    const stops = new Map<Task, string>()
    for (const task of options.underWay()) {
      const reason = reasonOf(task)
      if (reason === undefined) continue
      stopping.set(task, reason)
      stops.set(task, reason)
    }
    return stops.size > 0 ? options.interrupt(stops) : Effect.void
  }

  const look = Effect.gen(function* () {
    const ledger = yield* Ledger
    window.stirred = window.size > 0
    const stops = yield* untilReachable(Effect.suspend(() => ledger.recalled(ownership.proof)))
    if (stops.length > 0) yield* stop(new Map(stops.map(({ id, reason }) => [id, reason])))
  })

  return {
    look,
    run: Effect.gen(function* () {
      for (;;) {
        yield* Effect.sleep(Math.min(spacing, settings.heartbeat))
        yield* Effect.raceFirst(bell.await, Effect.sleep(Math.max(0, settings.heartbeat - spacing)))
        bell.closeUnsafe()
        // What the window held since the last look may have been put off after it was asked for.
        if (window.stirred) yield* look
      }
    }),
    wake: () => bell.openUnsafe(),
    outcome: (task) => {
      const reason = stopping.size > 0 ? stopping.get(task) : undefined
      if (reason === undefined) return null
      stopping.delete(task)
      return Outcome.Cancelled({ reason })
    }
  }
}
