/**
 * Which deliveries hold which keys: of each key no more than `limit` at once. It reads no clock of its own, and every call
 * is one synchronous step.
 *
 * - Who finds a key busy is told when to ask again. The older delivery, by its id, goes first: a free place is kept for one
 *   that is expected soon, so nobody is overtaken for ever. A place is idle for no more than an eighth of what the key is
 *   usually held for, or a second if that is more.
 * - How long that is, it learns from the last holders.
 *
 * Held in memory: `keys` keys, and of each its holders and the `remembered` oldest that wait. Who names one more key, while
 * all are in use, is told to come again.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"

/** In milliseconds: the least and the most to wait for what is next in line. */
const soonest = 10
const shortRest = 1000
const longRest = 30_000
/** Nobody is told to come later than this, in milliseconds. */
const latest = 600_000
/** Who is this late is not expected any more, in milliseconds. */
const patience = 1000
/** What is assumed of a key that nobody held yet, in milliseconds. */
const unknownHold = 100
const remembered = 64
/** Keys that nobody uses are looked for no more often than this, in milliseconds. */
const sweepEvery = 1000

interface Holder {
  readonly key: string
  readonly since: number
  /** It is a holder until then, whatever becomes of it; null: until it is released. */
  until: number | null
}

interface Waiter {
  readonly id: DeliveryId
  /** When it is expected to ask again. */
  readonly at: number
}

interface Kept {
  readonly holders: Map<DeliveryId, Holder>
  /** The oldest first. */
  line: ReadonlyArray<Waiter>
  /** How long it is held, about. */
  usual: number
  /** The last place given to those beyond the line. */
  last: number
}

export class KeyHolders {
  readonly #maxKeys: number
  /** Monotonic milliseconds. */
  readonly #now: () => number
  readonly #keys = new Map<string, Kept>()
  readonly #held = new Map<DeliveryId, Holder>()
  #sweptAt = -Infinity

  constructor(options: { readonly keys: number; readonly now: () => number }) {
    this.#maxKeys = options.keys
    this.#now = options.now
  }

  /** Whether anybody holds anything. */
  get isIdle(): boolean {
    return this.#held.size === 0
  }

  /** Milliseconds until asking again may help; 0: it holds the key, until it is released. A holder may ask again. */
  take(key: string, limit: number, id: DeliveryId): number {
    const now = this.#now()
    const kept = this.#find(key, now)
    if (kept === null) return shortRest
    const own = kept.holders.get(id)
    if (own !== undefined) return own.until === null ? 0 : Math.max(soonest, Math.ceil(own.until - now))
    kept.line = kept.line.filter((waiter) => waiter.id !== id)
    const free = limit - kept.holders.size
    const before = kept.line.filter((waiter) => waiter.id < id)
    const pace = paceOf(kept, now)
    const rest = restOf(pace)
    if (free > before.filter(({ at }) => at <= now + rest).length) {
      const holder: Holder = { key, since: now, until: null }
      kept.holders.set(id, holder)
      this.#held.set(id, holder)
      return 0
    }
    if (before.length >= remembered) {
      const turn = pace / limit
      kept.last = Math.max(kept.last, now + turn * remembered) + turn
      return Math.ceil(Math.min(kept.last - now, latest))
    }
    const after = placeOf(before.length, { limit, pace, rest })
    const behind = kept.line.slice(before.length, remembered - 1)
    kept.line = [...before, { id, at: now + after }, ...behind]
    return after
  }

  /** It holds nothing any more. */
  release(id: DeliveryId) {
    const holder = this.#held.get(id)
    if (holder === undefined || holder.until !== null) return
    this.#drop(id, holder, this.#now())
  }

  /** Nobody knows whether it is still under way: it holds its key for so many milliseconds, and then no more. */
  lapse(id: DeliveryId, millis: number) {
    const holder = this.#held.get(id)
    if (holder !== undefined) holder.until ??= this.#now() + millis
  }

  #drop(id: DeliveryId, { key, since }: Holder, now: number) {
    this.#held.delete(id)
    const kept = this.#keys.get(key)
    if (kept === undefined) return
    kept.holders.delete(id)
    kept.usual += (now - since - kept.usual) / 4
    this.#tidy(key, kept, now)
  }

  /** Forgets who is over, and the key if nobody is left. */
  #tidy(key: string, kept: Kept, now: number) {
    for (const [id, holder] of kept.holders) {
      if (holder.until === null || holder.until > now) continue
      kept.holders.delete(id)
      this.#held.delete(id)
    }
    if (kept.line.some(({ at }) => at + patience < now)) {
      kept.line = kept.line.filter(({ at }) => at + patience >= now)
    }
    if (kept.holders.size === 0 && kept.line.length === 0) this.#keys.delete(key)
  }

  #find(key: string, now: number): Kept | null {
    const known = this.#keys.get(key)
    if (known !== undefined) this.#tidy(key, known, now)
    else if (this.#keys.size >= this.#maxKeys && !this.#sweep(now)) return null
    const kept = known ?? { holders: new Map(), line: [], usual: unknownHold, last: 0 }
    this.#keys.set(key, kept)
    return kept
  }

  /** Whether there is room for one more key. */
  #sweep(now: number): boolean {
    if (now - this.#sweptAt < sweepEvery) return false
    this.#sweptAt = now
    for (const [key, kept] of this.#keys) this.#tidy(key, kept, now)
    return this.#keys.size < this.#maxKeys
  }
}

/** How long the key is held, about: who holds it now may take longer than those before. */
const paceOf = ({ holders, usual }: Kept, now: number): number => {
  let pace = usual
  for (const { since } of holders.values()) pace = Math.max(pace, now - since)
  return pace
}

const restOf = (pace: number): number => Math.min(longRest, Math.max(shortRest, pace / 8))

/** When one with so many before it should come again. */
const placeOf = (
  before: number,
  { limit, pace, rest }: { readonly limit: number; readonly pace: number; readonly rest: number }
): number => {
  const turn = (pace / limit) * (before + 1)
  if (turn <= shortRest) return Math.max(soonest, Math.ceil(turn))
  const isNext = before < limit
  return Math.ceil(isNext ? rest : Math.min(latest, Math.max(rest, (pace / limit) * (before - limit + 2))))
}
