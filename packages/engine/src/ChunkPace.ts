/**
 * How many deliveries go into a chunk: about as many as came to their end in `span` of late. What a chunk costs beside its
 * deliveries is shared by them, so quick work travels in large chunks; work that takes its time is spread over senders in
 * small ones.
 *
 * A chunk takes no more than one claim may, and no more than a quarter of what may be under way, so that there are some for
 * several senders, unless that is less than `least`. What carries whole claims is begun and written by their numbers, so
 * chunks end where claims do if that is near, and quick work waits for room for a whole claim rather than part it.
 */
import { type EngineSettings } from "./EngineConfig.ts"
import { type Flow } from "./Flow.ts"

const least = 64

/** In milliseconds. */
const span = 40
/** Over how long it is counted at least, in milliseconds. */
const countFor = 50
/** What was counted before that says nothing any more, in milliseconds. */
const longAgo = 500

interface Count {
  since: number
  ended: number
  size: number
}

/** As many as end with a claim, unless that is less than half as many as usual, or more than twice or than `most`. */
const nearClaimEnd = ({ head, queue }: Flow, usual: number, most: number): number => {
  const held = queue[head + usual]?.held
  if (held === undefined) return Math.min(usual, queue.length - head)
  let start = usual
  while (start > 0 && queue[head + start - 1]?.held === held) start--
  if (2 * start >= usual) return start
  let end = usual
  while (queue[head + end]?.held === held && end < most) end++
  return queue[head + end]?.held === held || end > 2 * usual ? usual : end
}

/** Whether the next `count` are all that their claims were made of. */
const isWhole = ({ head, queue }: Flow, count: number): boolean => {
  let at = 0
  while (at < count) {
    const held = queue[head + at]?.held
    if (held === undefined || queue[head + at + held.size - 1]?.held !== held) return false
    at += held.size
  }
  return at === count
}

export class ChunkPace {
  readonly #most: number
  readonly #counts = new WeakMap<Flow, Count>()

  constructor({ batch, concurrency }: Pick<EngineSettings, "batch" | "concurrency">) {
    this.#most = Math.min(batch, Math.max(least, Math.floor(concurrency / 4)))
  }

  of(flow: Flow): number {
    return this.#counts.get(flow)?.size ?? Math.min(least, this.#most)
  }

  /**
   * How many of the flow's next deliveries, at most `most`, where so many of all flows are under way. None: once more of its
   * own have ended, a whole claim goes.
   */
  next(flow: Flow, most: number, underWay: number): number {
    const usual = this.of(flow)
    const best = nearClaimEnd(flow, usual, this.#most)
    if (best <= most) return best
    const isSoon = usual > least && flow.active === underWay && best - most <= flow.active
    return isSoon && isWhole(flow, best) ? 0 : nearClaimEnd(flow, Math.min(usual, most), Math.min(most, this.#most))
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
    const measured = Math.floor((count.ended / elapsed) * span)
    // Large chunks end in bursts: one pause is not the end of it.
    const before = elapsed < longAgo ? Math.floor(count.size / 2) : 0
    count.size = Math.min(this.#most, Math.max(least, measured, before))
    count.since = now
    count.ended = 0
  }
}
