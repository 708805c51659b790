/**
 * Keeps a message that comes again and again from filling the screen: it is shown the 1st, 10th, 100th …
 * time, with its count. Remembers 200 different messages; with more, the oldest are taken for new again.
 */
export interface Notes {
  /** What to show for this message now, if anything. */
  readonly count: (message: string) => string | null
}

const remembered = 200

export const make = (): Notes => {
  const counts = new Map<string, number>()
  return {
    count: (message) => {
      const times = (counts.get(message) ?? 0) + 1
      counts.set(message, times)
      const [oldest] = counts.keys()
      if (counts.size > remembered && oldest !== undefined) counts.delete(oldest)
      if (times === 1) return message
      return /^10+$/u.test(String(times)) ? `${message} (${times} times)` : null
    }
  }
}
