/**
 * The places of a sender, for what it has in hand. A tenth is kept for urgent and high; of those that wait, the more
 * urgent lane is let in first, and within a lane who came first. What is bulk and has let `patience` of the normal lane go
 * first is no longer behind them.
 */
import { hasReserve, type Lane, rank } from "@fibercast/domain/Lane"
import { Effect } from "effect"

const patience = 8

interface Waiting {
  readonly count: number
  readonly lane: Lane
  readonly enter: () => void
  /** How many that are normal were let in before it, while it is bulk. */
  passed: number
}

export class Places {
  readonly #capacity: number
  readonly #reserve: number
  #waiting: Array<Waiting> = []
  #taken = 0

  constructor(capacity: number) {
    this.#capacity = capacity
    this.#reserve = Math.floor(capacity / 10)
  }

  get taken(): number {
    return this.#taken
  }

  /** Waits until so many, and no more than `limit`, are free for the lane, and takes them. */
  take(count: number, lane: Lane): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#waiting.length === 0 && this.#fits(count, lane)) return Effect.sync(() => this.#enter(count))
      return Effect.callback<void>((resume) => {
        const enter = () => {
          this.#enter(count)
          resume(Effect.void)
        }
        const waiting: Waiting = { count, lane, enter, passed: 0 }
        this.#waiting.push(waiting)
        this.#waiting.sort((a, b) => rank(a.lane) - rank(b.lane))
        this.#admit()
        return Effect.sync(() => {
          this.#waiting = this.#waiting.filter((one) => one !== waiting)
          this.#admit()
        })
      })
    })
  }

  release(count: number) {
    this.#taken -= count
    this.#admit()
  }

  /** The most that there are for the lane. */
  limit(lane: Lane): number {
    return hasReserve(lane) ? this.#capacity : Math.max(1, this.#capacity - this.#reserve)
  }

  #fits(count: number, lane: Lane): boolean {
    return this.#taken + count <= this.limit(lane)
  }

  #enter(count: number) {
    this.#taken += count
  }

  #admit() {
    for (;;) {
      const first = this.#first()
      if (first === undefined || !this.#fits(first.count, first.lane)) return
      this.#waiting = this.#waiting.filter((one) => one !== first)
      if (first.lane === "normal") for (const one of this.#waiting) if (one.lane === "bulk") one.passed++
      first.enter()
    }
  }

  #first(): Waiting | undefined {
    const [first] = this.#waiting
    return first?.lane === "normal" ? (this.#waiting.find(({ passed }) => passed >= patience) ?? first) : first
  }
}
