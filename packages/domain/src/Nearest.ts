/**
 * The nearest name is the one a person most likely meant: what "did you mean" suggests.
 */

/** Names longer than this are compared by their first characters only, so the cost has a bound. */
const compared = 64

/**
 * How many single-character edits (insert, delete, replace, or swap of neighbours) lie between two
 * words, counted in UTF-16 units: the optimal string alignment distance.
 */
const distance = (from: string, to: string): number => {
  let beforeLast: Array<number> = []
  let last = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      const edited = Math.min(replaced, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1)
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      row.push(swapped ? Math.min(edited, (beforeLast[j - 2] ?? 0) + 1) : edited)
    }
    beforeLast = last
    last = row
  }
  return last[to.length] ?? 0
}

/** Case, spaces and punctuation do not count: "First Name", "first_name" and "firstname" are one. */
const plain = (name: string): string =>
  name
    .slice(0, compared)
    .toLowerCase()
    .replaceAll(/[\s_.-]/gu, "")

/** The candidate that differs from `name` by at most a third of its characters (and at least one), if any. */
export const nearest = (name: string, candidates: ReadonlyArray<string>): string | undefined => {
  const wanted = plain(name)
  let best: string | undefined
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const candidate of candidates) {
    const edits = distance(wanted, plain(candidate))
    if (edits < least) {
      best = candidate
      least = edits
    }
  }
  return best
}

/** A list for people: at most `most` quoted names, then how many more there are. */
export const listed = (names: ReadonlyArray<string>, most = 20): string => {
  const shown = names
    .slice(0, most)
    .map((name) => `"${name}"`)
    .join(", ")
  return names.length > most ? `${shown} and ${names.length - most} more` : shown === "" ? "none" : shown
}
