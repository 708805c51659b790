/**
 * How fast a count grows now: over the last five seconds. Keeps at most 64 looks.
 */
export interface Pace {
  readonly add: (now: number, count: number) => void
  /** Forget the past: it stood still, or will. */
  readonly reset: () => void
  /** Null until two looks are at least a second apart, and while it stands still. */
  readonly perSecond: () => number | null
  /** Milliseconds for which the count has not grown, once that is worth telling; else 0. */
  readonly still: (now: number) => number
}

const memory = 5000
const most = 64
/** A count that has not grown for so many milliseconds stands still. */
const patience = 1500

interface Look {
  readonly now: number
  readonly count: number
}

export const make = (): Pace => {
  let looks: ReadonlyArray<Look> = []
  let grew: Look | null = null
  const still = (now: number) => (grew === null || now - grew.now < patience ? 0 : now - grew.now)
  return {
    add: (now, count) => {
      if (still(now) > 0) looks = looks.slice(-1)
      if (grew === null || count > grew.count) grew = { now, count }
      looks = [...looks.filter((look) => now - look.now <= memory), { now, count }].slice(-most)
    },
    reset: () => {
      looks = []
      grew = null
    },
    perSecond: () => {
      const [first] = looks
      const last = looks.at(-1)
      if (first === undefined || last === undefined || last.now - first.now < 1000) return null
      return still(last.now) > 0 ? null : ((last.count - first.count) / (last.now - first.now)) * 1000
    },
    still
  }
}
