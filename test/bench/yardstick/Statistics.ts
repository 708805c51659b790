/**
 * Quantiles of what was measured several times.
 */

/** The value that so large a part of them does not exceed, the nearest that was measured; NaN of none. */
export const quantile = (values: ReadonlyArray<number>, part: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

/** The middle one, or the mean of the two in the middle; NaN of none. */
export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

export interface Summary {
  readonly median: number
  readonly least: number
  readonly most: number
}

export const summary = (values: ReadonlyArray<number>): Summary => ({
  median: median(values),
  least: Math.min(...values),
  most: Math.max(...values)
})
