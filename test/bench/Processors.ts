/**
 * How much processor time went where, from /proc (Linux only).
 */
import { readdirSync, readFileSync } from "node:fs"
import { availableParallelism } from "node:os"

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

/** Seconds that the process and its descendants have used so far. */
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

/** Seconds that all processes of the machine have used so far. */
export const busySeconds = (): number => {
  const [, ...fields] = (readFileSync("/proc/stat", "utf8").split("\n")[0] ?? "").trim().split(/\s+/)
  const [user = 0, nice = 0, system = 0, , , interrupts = 0, soft = 0, stolen = 0] = fields.map(Number)
  return (user + nice + system + interrupts + soft + stolen) / ticksPerSecond
}

export const count = availableParallelism()
