/**
 * How many deliveries go into a chunk: about as many as came to their end in `span` of late. What a chunk costs beside its
 * deliveries is shared by them, so quick work travels in large chunks; work that takes its time is spread over senders in
 * small ones.
 *
 * A chunk takes no more than a quarter of what may be under way, so that there are some for several senders, unless that is
 * less than `least`.
 */
import { type Flow } from "./Window.ts"

const least = 64
const most = 512

/** In milliseconds. */
const span = 15
/** Over how long it is counted at least, in milliseconds. */
const countFor = 100

interface Count {
  since: number
  ended: number
  size: number
}

export class ChunkPace {
  readonly #most: number
  readonly #counts = new WeakMap<Flow, Count>()

  /** `concurrency`: how many may be under way at once. */
  constructor(concurrency: number) {
    this.#most = Math.min(most, Math.max(least, Math.floor(concurrency / 4)))
  }

  of(flow: Flow): number {
    return this.#counts.get(flow)?.size ?? least
  }

  /** So many have come to their end. */
  ended(flow: Flow, ended: number, now: number) {
    const count = this.#counts.get(flow)
    if (count === undefined) {
      this.#counts.set(flow, { since: now, ended: 0, size: least })
      return
    }
    count.ended += ended
    const elapsed = now - count.since
    if (elapsed < countFor) return
    count.size = Math.min(this.#most, Math.max(least, Math.floor((count.ended / elapsed) * span)))
    count.since = now
    count.ended = 0
  }
}
