/**
 * One lane of a WorkStream that lives in memory: what waits, who holds what until when, and what has been seen. It reads
 * no clock: every call is told the instant. Each call takes constant time but for putting back with a delay.
 *
 * It keeps at most `capacity` values, and remembers the last `remembered` identifiers for as long as a value may live.
 */

export interface LaneSettings {
  readonly ackWait: number
  readonly maxAge: number
  readonly inFlight: number
  readonly capacity: number
}

const remembered = 65_536

/** A value in the lane; `times` and `until` are of its latest hand-out. */
interface Entry<A> {
  readonly value: A
  readonly publishedAt: number
  times: number
  until: number
}

/** One hand-out of a value. What it says counts only as long as it is the latest, but for `ack`. */
export interface Handed<A> {
  readonly value: A
  readonly times: number
  readonly ack: () => void
  readonly nak: (now: number, delay: number) => void
  readonly working: (now: number) => void
}

export interface MemoryLane<A> {
  /** `known`: it was published before, and is kept once. `full`: it is not kept. */
  readonly publish: (id: string, value: A, now: number) => "kept" | "known" | "full"
  readonly take: (now: number) => Handed<A> | undefined
  /** The next instant at which something can be taken without anything else happening; infinity: none. */
  readonly nextAt: () => number
}

export const make = <A>({ ackWait, capacity, inFlight, maxAge }: LaneSettings): MemoryLane<A> => {
  /** In the order of publishing. */
  const waiting = new Set<Entry<A>>()
  /** To be handed out again; goes first. */
  const again = new Set<Entry<A>>()
  /** By `until`, as that is the same while for all. */
  const held = new Set<Entry<A>>()
  /** Sorted by `until`. */
  const delayed: Array<Entry<A>> = []
  /** When each identifier was published, the oldest first. */
  const known = new Map<string, number>()

  const isOld = (instant: number, now: number) => instant + maxAge <= now

  const forget = (now: number) => {
    for (const [id, instant] of known) {
      if (!isOld(instant, now) && known.size <= remembered) break
      known.delete(id)
    }
    for (const entry of waiting) {
      if (!isOld(entry.publishedAt, now)) break
      waiting.delete(entry)
    }
  }

  /** What was held or put back until now is to be handed out again. */
  const release = (now: number) => {
    for (const entry of held) {
      if (entry.until > now) break
      held.delete(entry)
      again.add(entry)
    }
    while (delayed[0] !== undefined && delayed[0].until <= now) {
      const entry = delayed.shift()
      if (entry !== undefined) again.add(entry)
    }
  }

  const drop = (entry: Entry<A>) => {
    if (held.delete(entry) || again.delete(entry)) return
    const at = delayed.indexOf(entry)
    if (at >= 0) delayed.splice(at, 1)
  }

  const handOut = (entry: Entry<A>, now: number): Handed<A> => {
    entry.times += 1
    entry.until = now + ackWait
    held.add(entry)
    const times = entry.times
    const isLatest = () => entry.times === times && held.has(entry)
    return {
      value: entry.value,
      times,
      ack: () => drop(entry),
      nak: (now, delay) => {
        if (!isLatest()) return
        held.delete(entry)
        entry.until = now + delay
        const after = delayed.findIndex(({ until }) => until > entry.until)
        delayed.splice(after < 0 ? delayed.length : after, 0, entry)
      },
      working: (now) => {
        if (!isLatest()) return
        held.delete(entry)
        entry.until = now + ackWait
        held.add(entry)
      }
    }
  }

  return {
    publish: (id, value, now) => {
      forget(now)
      if (known.has(id)) return "known"
      if (waiting.size + again.size + held.size + delayed.length >= capacity) return "full"
      known.set(id, now)
      waiting.add({ value, publishedAt: now, times: 0, until: 0 })
      return "kept"
    },
    take: (now) => {
      release(now)
      if (held.size >= inFlight) return undefined
      for (const from of [again, waiting]) {
        for (const entry of from) {
          from.delete(entry)
          if (!isOld(entry.publishedAt, now)) return handOut(entry, now)
        }
      }
      return undefined
    },
    nextAt: () => {
      const [first] = held
      return Math.min(first?.until ?? Infinity, delayed[0]?.until ?? Infinity)
    }
  }
}
