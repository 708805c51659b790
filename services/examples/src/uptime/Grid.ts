/**
 * The grid of a monitor: its checks are due `every` apart, each at a whole second. What is late moves none of those after
 * it, and a slot that nobody came to is not made up for. Instants are milliseconds since the epoch.
 */

/** The first slot of the monitor that was taken on as the `place`-th: those of one interval are spread over it. */
export const first = (now: number, every: number, place: number): number =>
  (Math.floor(now / 1000) + 1 + (place % every)) * 1000

/** The latest slot that is not after `now`, of a grid that has `slot`. */
export const latest = (slot: number, every: number, now: number): number =>
  slot + Math.floor((now - slot) / (every * 1000)) * every * 1000

/** How long a look may take, in milliseconds: less than the interval, and three seconds at most. */
export const patience = (every: number): number => Math.min(3000, every * 800)
