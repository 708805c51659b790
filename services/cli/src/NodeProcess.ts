/**
 * A `fibercast-node` as a child process, for trying out several nodes on one machine.
 *
 * Callers may rely on:
 * - it is drained when the scope closes, and killed if that takes longer than it may;
 * - when its owner dies otherwise, even by SIGKILL, it is killed within moments;
 * - an interrupt typed at the terminal reaches its owner alone.
 *
 * Held in memory: its last 20 lines on stderr.
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as NodeConfig from "@fibercast/node/NodeConfig"
import * as NodeSettings from "@fibercast/node/NodeSettings"
import { Clock, Effect, Exit, Fiber, Scope, Stream } from "effect"
import {
  type ChildProcess,
  spawn,
  type SpawnOptionsWithStdioTuple,
  type StdioNull,
  type StdioPipe
} from "node:child_process"
import { type Readable } from "node:stream"
import { fileURLToPath } from "node:url"

const launcher = fileURLToPath(new URL("../../node/bin/fibercast-node.mjs", import.meta.url))

/** As `pnpm fibercast-node` and the units of `deploy` start it: how far each half of the young generation may grow, in MiB. */
const flags = ["--max-semi-space-size=16"]

export interface Options {
  readonly name: string
  readonly args: ReadonlyArray<string>
  /** All of its environment. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** For each line that it writes, in order; nothing more is read meanwhile. */
  readonly told: (line: string, from: "stdout" | "stderr") => Effect.Effect<void>
}

export interface Ended {
  /** Null: a signal ended it. */
  readonly code: number | null
  readonly signal: string | null
  /** Epoch milliseconds. */
  readonly at: number
  /** Its last words on stderr. */
  readonly said: string
}

export interface NodeProcess {
  readonly name: string
  readonly pid: number
  /** Returns once it has ended and all that it wrote is told. */
  readonly ended: Effect.Effect<Ended>
}

const remembered = 20

export const start = (options: Options): Effect.Effect<NodeProcess, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(launch(options), ({ child, ended, reading }) =>
      Effect.ensuring(stop(child, ended), Scope.close(reading, Exit.void))
    ),
    ({ child, ended }) => ({ name: options.name, pid: child.pid ?? 0, ended })
  )

const launch = Effect.fnUntraced(function* ({ args, env, name, told }: Options) {
  const child = spawn(process.execPath, [...flags, launcher, ...args, "--name", name], { ...piped, env })
  watch(child)
  const last: Array<string> = []
  const read = (output: Readable, from: "stdout" | "stderr") =>
    NodeStream.fromReadable({ evaluate: () => output }).pipe(
      Stream.decodeText,
      Stream.splitLines,
      Stream.runForEach((line) => {
        if (from === "stderr") last.splice(0, last.push(line) - remembered)
        return told(line, from)
      }),
      Effect.ignore
    )
  const all = Effect.gen(function* () {
    const [ending] = yield* Effect.all([exit(child), read(child.stdout, "stdout"), read(child.stderr, "stderr")], {
      concurrency: "unbounded"
    })
    return { ...ending, said: last.join("\n").trim() }
  })
  // What it writes while it ends is told as well.
  const reading = yield* Scope.make()
  const ended = Fiber.join(yield* Effect.forkIn(all, reading))
  return { child, ended, reading }
}, Effect.interruptible)

/** In a session of its own. */
const piped: SpawnOptionsWithStdioTuple<StdioNull, StdioPipe, StdioPipe> = {
  detached: true,
  stdio: ["ignore", "pipe", "pipe"]
}

const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null

const exit = (child: ChildProcess): Effect.Effect<Omit<Ended, "said">> =>
  Effect.callback<void>((resume) => {
    const finish = () => resume(Effect.void)
    if (hasEnded(child)) return finish()
    child.once("exit", finish)
    child.once("error", finish)
  }).pipe(
    Effect.andThen(Clock.currentTimeMillis),
    Effect.map((at) => ({ code: child.exitCode, signal: child.signalCode, at }))
  )

const signal = (child: ChildProcess, which: "SIGTERM" | "SIGKILL") =>
  Effect.sync(() => (hasEnded(child) ? false : child.kill(which)))

const stop = (child: ChildProcess, ended: Effect.Effect<Ended>) =>
  Effect.andThen(signal(child, "SIGTERM"), Effect.interruptible(ended)).pipe(
    Effect.timeoutOrElse({
      duration: NodeConfig.stopSeconds(NodeSettings.defaults.drainSeconds) * 1000,
      orElse: () => Effect.andThen(signal(child, "SIGKILL"), ended)
    })
  )

/** Waits on a pipe from the owner, which closes however the owner dies, and kills what it left running. */
const watchScript = `read -r _; kill -9 "$1" 2>/dev/null`

const watch = (child: ChildProcess): void => {
  const watcher = spawn("/bin/sh", ["-c", watchScript, "fibercast-watch", String(child.pid)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"]
  })
  watcher.on("error", () => {})
  watcher.stdin.on("error", () => {})
  child.once("exit", () => watcher.kill("SIGKILL"))
}
