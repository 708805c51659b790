/** Tells processes apart for good: a pid is used again, a pid with its start is not. */
import { Effect } from "effect"
import * as fs from "node:fs/promises"
import * as Program from "./Program.ts"

/**
 * Something that names this very run of a live process: it differs for every later process with the same
 * pid, also after a reboot. `undefined` when no such process lives; a zombie does not.
 */
export const identity = (pid: number): Effect.Effect<string | undefined> =>
  process.platform === "linux" ? linuxIdentity(pid) : portableIdentity(pid)

/** Whether `pid` is a Postgres server running in `dataFolder` (a real path). */
export const isPostgresIn = Effect.fnUntraced(function* (pid: number, dataFolder: string) {
  if ((yield* identity(pid)) === undefined) return false
  if (process.platform === "linux") {
    return (yield* attempt(() => fs.readlink(`/proc/${pid}/cwd`))) === dataFolder
  }
  const { output } = yield* Program.run("ps", ["-o", "command=", "-p", String(pid)], { user: {} })
  return output.includes("postgres") && output.includes(dataFolder)
})

/**
 * Whether `pid` has ended but still takes a place in the table, because its parent has not collected it. Postgres
 * takes such a process for a living one. Known on Linux only; elsewhere orphans are collected at once.
 */
export const isZombie = Effect.fnUntraced(function* (pid: number) {
  const stat = process.platform === "linux" ? yield* attempt(() => fs.readFile(`/proc/${pid}/stat`, "utf8")) : undefined
  return stat !== undefined && statFields(stat)[0] === "Z"
})

/** Whether any process works in `folder` (a real path). Known on Linux only. */
export const isAnyIn = Effect.fnUntraced(function* (folder: string) {
  const pids = (yield* attempt(() => fs.readdir("/proc"))) ?? []
  const places = yield* Effect.forEach(
    pids.filter((name) => /^\d+$/.test(name)),
    (pid) => attempt(() => fs.readlink(`/proc/${pid}/cwd`))
  )
  return places.includes(folder)
})

/** Sends a signal; a process that is gone already is fine. */
export const signal = (pid: number, name: NodeJS.Signals): Effect.Effect<void> =>
  Effect.sync(() => {
    try {
      process.kill(pid, name)
    } catch {
      // Gone, which is what signals are for.
    }
  })

const linuxIdentity = Effect.fnUntraced(function* (pid: number) {
  const stat = yield* attempt(() => fs.readFile(`/proc/${pid}/stat`, "utf8"))
  if (stat === undefined) return undefined
  const fields = statFields(stat)
  const boot = yield* attempt(() => fs.readFile("/proc/sys/kernel/random/boot_id", "utf8"))
  return fields[0] === "Z" || fields[0] === "X" ? undefined : `${boot?.trim() ?? ""}/${fields[19] ?? ""}`
})

/**
 * proc_pid_stat(5) from its third field on: state first, start time (22) twentieth. The name before them stands in
 * parentheses and may hold anything, more parentheses too.
 */
const statFields = (stat: string): ReadonlyArray<string> => stat.slice(stat.lastIndexOf(")") + 2).split(" ")

const portableIdentity = Effect.fnUntraced(function* (pid: number) {
  const { code, output } = yield* Program.run("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { user: {} })
  const [state = "", ...started] = output.trim().split(/\s+/)
  return code !== 0 || state.startsWith("Z") || started.length === 0 ? undefined : started.join(" ")
})

const attempt = <A>(evaluate: () => Promise<A>): Effect.Effect<A | undefined> =>
  Effect.promise(() => evaluate().catch(() => undefined))
