/** Programs of the operating system, run as a given user; the edge to `node:child_process`. */
import { Effect } from "effect"
import { spawn, type SpawnOptions } from "node:child_process"

/** As whom a program runs. Empty: as this process. */
export interface User {
  readonly uid?: number | undefined
  readonly gid?: number | undefined
}

export interface Ended {
  /** The exit code; `undefined` when it could not be started or was killed. */
  readonly code: number | undefined
  /** What it wrote, both streams together; or why it could not be started. At most 64 kB are kept. */
  readonly output: string
}

/** What every program of ours is started with: settings of the caller's own Postgres must not leak into it. */
export const spawnOptions = (user: User): SpawnOptions => ({
  ...(user.uid === undefined ? {} : { uid: user.uid }),
  ...(user.gid === undefined ? {} : { gid: user.gid }),
  cwd: "/",
  env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" }
})

/** Runs a program to its end, or kills it when interrupted. Never fails: how it ended is the answer. */
export const run = (
  command: string,
  args: ReadonlyArray<string>,
  options: { readonly user: User; readonly input?: string | undefined }
): Effect.Effect<Ended> =>
  Effect.callback<Ended>((resume) => {
    const child = spawn(command, args, { ...spawnOptions(options.user), stdio: "pipe" })
    let output = ""
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-65_536)
    }
    child.stdout?.on("data", keep)
    child.stderr?.on("data", keep)
    child.stdin?.on("error", () => {})
    child.on("error", (error) => resume(Effect.succeed({ code: undefined, output: error.message })))
    child.on("close", (code) => resume(Effect.succeed({ code: code ?? undefined, output })))
    child.stdin?.end(options.input ?? "")
    return Effect.sync(() => {
      child.kill("SIGKILL")
    })
  })
