/**
 * The places of a sender, for what it has in hand. A tenth is kept for urgent and high; of those that wait, the more
 * urgent lane is let in first, and within a lane who came first.
 */
import { type Lane, rank } from "@fibercast/domain/Lane"
import { Effect } from "effect"

interface Waiting {
  readonly count: number
  readonly lane: Lane
  readonly enter: () => void
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
        const waiting: Waiting = { count, lane, enter }
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
    return lane === "urgent" || lane === "high" ? this.#capacity : Math.max(1, this.#capacity - this.#reserve)
  }

  #fits(count: number, lane: Lane): boolean {
    return this.#taken + count <= this.limit(lane)
  }

  #enter(count: number) {
    this.#taken += count
  }

  #admit() {
    for (;;) {
      const [first] = this.#waiting
      if (first === undefined || !this.#fits(first.count, first.lane)) return
      this.#waiting.shift()
      first.enter()
    }
  }
}
