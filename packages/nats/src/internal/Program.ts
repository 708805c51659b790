/** Programs of the operating system; the edge to `node:child_process`. */
import { Effect } from "effect"
import { spawn } from "node:child_process"

export interface Ended {
  /** The exit code; `undefined` when it could not be started or was killed. */
  readonly code: number | undefined
  /** What it wrote, both streams together, or why it could not be started. At most 64 kB are kept. */
  readonly output: string
}

/** Runs a program to its end, or kills it when interrupted. Never fails: how it ended is the answer. */
export const run = (command: string, args: ReadonlyArray<string>, folder: string): Effect.Effect<Ended> =>
  Effect.callback<Ended>((resume) => {
    const child = spawn(command, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-65_536)
    }
    child.stdout.on("data", keep)
    child.stderr.on("data", keep)
    child.on("error", (error) => resume(Effect.succeed({ code: undefined, output: error.message })))
    child.on("close", (code) => resume(Effect.succeed({ code: code ?? undefined, output })))
    return Effect.sync(() => {
      child.kill("SIGKILL")
    })
  })
