/**
 * A span of time as people read it: `2 min 5 s`.
 */
const units: ReadonlyArray<readonly [string, number]> = [
  ["d", 86_400],
  ["h", 3600],
  ["min", 60],
  ["s", 1]
]

/** Milliseconds, in the two largest units that say something. */
export const of = (millis: number): string => {
  const seconds = Math.max(0, Math.round(millis / 1000))
  const first = units.findIndex(([, size]) => seconds >= size)
  if (first < 0) return "0 s"
  const [unit, size] = units[first] ?? ["s", 1]
  const next = units[first + 1]
  const whole = Math.floor(seconds / size)
  const rest = next === undefined ? 0 : Math.floor((seconds - whole * size) / next[1])
  return rest === 0 || next === undefined ? `${whole} ${unit}` : `${whole} ${unit} ${rest} ${next[0]}`
}
