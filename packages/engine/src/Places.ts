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

  /** Waits until so many are free for the lane, and takes them. More than there are counts as all there are. Answers how many. */
  take(count: number, lane: Lane): Effect.Effect<number> {
    return Effect.suspend(() => {
      const wanted = Math.min(count, this.#limit(lane))
      if (this.#waiting.length === 0 && this.#fits(wanted, lane)) return Effect.sync(() => this.#enter(wanted))
      return Effect.callback<number>((resume) => {
        const waiting: Waiting = { count: wanted, lane, enter: () => resume(Effect.succeed(this.#enter(wanted))) }
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

  #limit(lane: Lane): number {
    return lane === "urgent" || lane === "high" ? this.#capacity : Math.max(1, this.#capacity - this.#reserve)
  }

  #fits(count: number, lane: Lane): boolean {
    return this.#taken + count <= this.#limit(lane)
  }

  #enter(count: number): number {
    this.#taken += count
    return count
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
