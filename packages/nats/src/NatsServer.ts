/**
 * A real nats-server of one's own, with JetStream: for tests, and for trying out several nodes on one machine.
 *
 * Callers may rely on:
 * - it listens on 127.0.0.1, at a free port or the one asked for, and keeps its streams in one folder;
 * - it ends with the scope; when its owner dies otherwise, even by SIGKILL, it ends within moments;
 * - it can be killed as by `kill -9` and started again at the same port on the same folder.
 *
 * It runs in a session of its own, so an interrupt typed at the terminal reaches its owner alone.
 */
import { Context, Effect, Layer, Schedule, Schema, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs/promises"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import * as ServerBinaries from "./internal/ServerBinaries.ts"

export { NatsServerNotFound } from "./internal/ServerBinaries.ts"

/** It ended before it was ready. */
export class NatsServerFailed extends Schema.TaggedError<NatsServerFailed>()("NatsServerFailed", {
  folder: Schema.String,
  /** Its last words. */
  said: Schema.String
}) {
  override get message(): string {
    return `nats-server did not start in ${this.folder}. It said:\n${this.said || "(nothing)"}`
  }
}

export interface Options extends ServerBinaries.FindOptions {
  /** Kept afterwards. Default: a temporary one, removed with the scope. */
  readonly folder?: string | undefined
  /** Default: one that is free. */
  readonly port?: number | undefined
  /** Default true. */
  readonly jetStream?: boolean | undefined
  /** Further arguments of the program, such as `--user`. */
  readonly args?: ReadonlyArray<string> | undefined
}

export class NatsServer extends Context.Service<
  NatsServer,
  {
    readonly url: string
    readonly port: number
    /** Absolute. */
    readonly folder: string
    readonly executable: string
    /** `2.9.10`. */
    readonly version: string
    /** Of the running server, or the last that ran. */
    readonly pid: Effect.Effect<number>
    /** As `kill -9`. Returns once it is dead. Does nothing when it is. */
    readonly kill: Effect.Effect<void>
    /** Starts it at the same port on the same folder. Does nothing while it runs. */
    readonly start: Effect.Effect<void, NatsServerFailed>
  }
>()("fibercast/nats/NatsServer") {}

export type Failure = ServerBinaries.NatsServerNotFound | NatsServerFailed

export const layer = (options: Options = {}): Layer.Layer<NatsServer, Failure> =>
  Layer.effect(NatsServer, make(options))

/** The program that `make` would run. */
export const find = ServerBinaries.find

export const make = Effect.fnUntraced(function* (
  options: Options = {}
): Effect.fn.Return<NatsServer["Service"], Failure, Scope.Scope> {
  const { executable, version } = yield* find(options)
  const folder = options.folder === undefined ? yield* tempFolder : path.resolve(options.folder)
  yield* Effect.promise(() => fs.mkdir(folder, { recursive: true }))
  const launch = (port: number) =>
    Effect.gen(function* () {
      const running = yield* spawnServer(executable, folder, [
        "--addr=127.0.0.1",
        `--port=${port}`,
        `--ports_file_dir=${folder}`,
        ...(options.jetStream === false ? [] : ["-js", "-sd", path.join(folder, "jetstream")]),
        ...(options.args ?? [])
      ])
      const actual = yield* waitReady(folder, running).pipe(Effect.onError(() => end(running, "SIGKILL")))
      return { ...running, port: actual }
    })

  let running = yield* launch(options.port ?? -1)
  const { port } = running
  yield* Effect.addFinalizer(() =>
    end(running, "SIGTERM").pipe(Effect.timeoutOrElse({ duration: "3 seconds", orElse: () => end(running, "SIGKILL") }))
  )
  return NatsServer.of({
    url: `nats://127.0.0.1:${port}`,
    port,
    folder,
    executable,
    version,
    pid: Effect.sync(() => running.child.pid ?? 0),
    kill: Effect.suspend(() => end(running, "SIGKILL")),
    start: Effect.suspend(() =>
      hasEnded(running.child)
        ? Effect.map(launch(port), (next) => {
            running = next
          })
        : Effect.void
    )
  })
})

interface Running {
  readonly child: ChildProcess
  readonly watch: ChildProcess
}

const tempFolder = Effect.acquireRelease(
  Effect.promise(() => fs.mkdtemp(path.join(os.tmpdir(), "fibercast-nats-"))),
  (folder) => Effect.promise(() => fs.rm(folder, { recursive: true, force: true, maxRetries: 5 }).catch(() => {}))
)

const logOf = (folder: string): string => path.join(folder, "nats-server.log")
const pidFileOf = (folder: string): string => path.join(folder, "nats-server.pid")

const spawnServer = (executable: string, folder: string, args: ReadonlyArray<string>) =>
  Effect.acquireUseRelease(
    Effect.promise(() => fs.open(logOf(folder), "a", 0o600)),
    (log) =>
      Effect.sync((): Running => {
        const child = spawn(executable, [...args, "--pid", pidFileOf(folder)], {
          cwd: folder,
          detached: true,
          stdio: ["ignore", log.fd, log.fd]
        })
        child.on("error", () => {})
        child.unref()
        return { child, watch: spawnWatch(folder, child) }
      }),
    (log) => Effect.promise(() => log.close().catch(() => {}))
  )

/** Waits on a pipe from the owner, which closes however the owner dies, and kills what it left running. */
const watchScript = `read -r _; [ "$(cat "$1" 2>/dev/null)" = "$2" ] && kill -9 "$2"`

const spawnWatch = (folder: string, server: ChildProcess): ChildProcess => {
  const watch = spawn("/bin/sh", ["-c", watchScript, "fibercast-watch", pidFileOf(folder), String(server.pid)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"]
  })
  watch.on("error", () => {})
  watch.stdin?.on("error", () => {})
  watch.unref()
  if (watch.stdin instanceof net.Socket) watch.stdin.unref()
  return watch
}

const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null

const ended = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const done = () => resume(Effect.void)
    if (hasEnded(child)) return done()
    child.ref()
    child.once("exit", done)
    return Effect.sync(() => child.off("exit", done))
  })

const end = ({ child, watch }: Running, signal: "SIGTERM" | "SIGKILL"): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (!hasEnded(child)) child.kill(signal)
    return ended(child)
  }).pipe(Effect.ensuring(Effect.sync(() => watch.kill("SIGKILL"))))

const Ports = Schema.fromJsonString(Schema.Struct({ nats: Schema.NonEmptyArray(Schema.String) }))

/** The port it listens on, once it does. */
const waitReady = Effect.fnUntraced(function* (folder: string, { child }: Running) {
  const file = path.join(folder, `nats-server_${child.pid}.ports`)
  const ready = Effect.promise(() => fs.readFile(file, "utf8").catch(() => "")).pipe(
    Effect.flatMap(Schema.decodeEffect(Ports)),
    Effect.map(({ nats: [url] }) => Number(new URL(url).port)),
    Effect.retry({ schedule: Schedule.spaced("10 millis") }),
    Effect.orDie
  )
  const failed = Effect.andThen(
    ended(child),
    Effect.flatMap(
      Effect.promise(() => fs.readFile(logOf(folder), "utf8").catch(() => "")),
      (said) => new NatsServerFailed({ folder, said: said.trim().split("\n").slice(-8).join("\n") })
    )
  )
  return yield* Effect.raceFirst(ready, failed)
})
