/**
 * CPU time of a Postgres server with all its processes, from /proc (Linux only).
 */
import { readdirSync, readFileSync } from "node:fs"

interface Process {
  readonly pid: number
  readonly parent: number
  /** Clock ticks of its own, and of its children that ended. */
  readonly ticks: number
}

const ticksPerSecond = 100

const read = (pid: string): ReadonlyArray<Process> => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8")
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
    const number = (index: number) => Number(fields[index] ?? 0)
    return [{ pid: Number(pid), parent: number(1), ticks: number(11) + number(12) + number(13) + number(14) }]
  } catch {
    return []
  }
}

/** Seconds of CPU that the process and its descendants have used so far. */
export const seconds = (root: number): number => {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap(read)
  const wanted = new Set([root])
  for (let grew = true; grew;) {
    grew = false
    for (const { pid, parent } of all) {
      if (wanted.has(parent) && !wanted.has(pid)) {
        wanted.add(pid)
        grew = true
      }
    }
  }
  return all.filter(({ pid }) => wanted.has(pid)).reduce((sum, { ticks }) => sum + ticks, 0) / ticksPerSecond
}
