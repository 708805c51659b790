/**
 * The keys that the owner of a workspace lets its deliveries hold while senders have them: of each key no more than asked
 * for at once, over all senders.
 *
 * - A delivery holds its key until it has left its owner's hands. Nothing has to be told for that, so nothing can be lost.
 * - What was lost with its sender, or left under way by the owner before, may still run: no sender goes on for longer than
 *   `untilStopped` with what it no longer has. For so long its key stays held, or no key is granted at all.
 *
 * Held in memory: as `KeyHolders` says, of `maxKeys` keys.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type HoldRequest, type Turn } from "@fibercast/ports/SenderChannel"
import { type Clock } from "effect"
import { KeyHolders } from "./KeyHolders.ts"
import { type Task } from "./Flow.ts"

const maxKeys = 10_000
/** Within this time a sender has stopped what it no longer has, in milliseconds. */
const untilStopped = 5000

export class OwnerHolds {
  readonly #holders: KeyHolders
  readonly #elapsed: () => number
  readonly #opensAt: number
  readonly #find: (id: DeliveryId) => Task | undefined

  constructor(options: {
    readonly clock: Clock.Clock
    /** The owner before may have left something under way. */
    readonly isAfterAnother: boolean
    /** What is in the hands of senders. */
    readonly find: (id: DeliveryId) => Task | undefined
  }) {
    this.#elapsed = () => Number(options.clock.monotonicTimeNanosUnsafe()) / 1e6
    this.#holders = new KeyHolders({ keys: maxKeys, now: this.#elapsed })
    this.#opensAt = options.isAfterAnother ? this.#elapsed() + untilStopped : 0
    this.#find = options.find
  }

  ask({ id, key, limit, wasDue }: HoldRequest): Turn {
    if (this.#find(id)?.context.delivery.dueAt !== wasDue) return null
    const closed = this.#opensAt - this.#elapsed()
    return closed > 0 ? Math.ceil(closed) : this.#holders.take(key, limit, id)
  }

  /** They are out of the senders' hands. */
  ended(tasks: ReadonlyArray<Task>) {
    if (this.#holders.isIdle) return
    for (const { context } of tasks) this.#holders.release(context.delivery.id)
  }

  /** They are taken from a sender that is not heard, which may be at them still. */
  lost(tasks: ReadonlyArray<Task>) {
    if (this.#holders.isIdle) return
    for (const { context } of tasks) this.#holders.lapse(context.delivery.id, untilStopped)
  }
}
