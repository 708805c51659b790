/**
 * A running Postgres server as a child process that cannot outlive its owner.
 *
 * It runs in a session of its own, so an interrupt typed at the terminal reaches its owner alone. Beside it waits
 * a shell (1 MB) on a pipe from the owner: when the owner dies, however it dies, the pipe closes and the shell
 * tells the server to stop.
 */
import { Effect, Schedule, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs/promises"
import * as net from "node:net"
import * as path from "node:path"
import { dataOf, logOf, touch } from "./DataFolder.ts"
import { type EmbeddedPostgresUnavailable, fromOutput } from "./EmbeddedPostgresUnavailable.ts"
import { type Binaries } from "./PostgresBinaries.ts"
import * as ProcessTable from "./ProcessTable.ts"
import * as Program from "./Program.ts"

const poll = Schedule.spaced("10 millis")

export interface PostgresProcess {
  readonly pid: number
  readonly port: number
  /** Ends when the server has ended. */
  readonly ended: Effect.Effect<void>
}

/** What the server says about itself in `postmaster.pid`. */
interface Announced {
  readonly pid: number
  readonly port: number
  readonly ready: boolean
}

/** The server that runs, or last ran without stopping cleanly, in the folder. */
export const announced = (folder: string): Effect.Effect<Announced | undefined> =>
  Effect.promise(() =>
    fs.readFile(path.join(dataOf(folder), "postmaster.pid"), "utf8").then(
      (text) => {
        // Lines (src/include/utils/pidfile.h): 1 pid, 4 port, 8 status.
        const lines = text.split("\n")
        return { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === "ready" }
      },
      () => undefined
    )
  )

/** Stops a server that its dead owner left running, so that a new one can start. */
export const stopOrphan = Effect.fnUntraced(function* (folder: string) {
  const server = yield* announced(folder)
  if (server === undefined) return
  const data = yield* touch(folder, () => fs.realpath(dataOf(folder)))
  if (yield* ProcessTable.isZombie(server.pid)) return yield* forget(folder, data)
  if (!(yield* ProcessTable.isPostgresIn(server.pid, data))) return
  yield* Effect.logInfo(`stopping the Postgres (process ${server.pid}) that a dead process left running in ${folder}`)
  yield* end(server.pid, Effect.repeat(isGone(server.pid), { until: (gone) => gone, schedule: poll }))
})

/**
 * Removes the announcement of a killed server that nobody collected: the next one would wait for it for ever. Only
 * once its sessions have ended too, which is what the announcement guards against.
 */
const forget = Effect.fnUntraced(function* (folder: string, data: string) {
  const busy = ProcessTable.isAnyIn(data).pipe(
    Effect.repeat({ while: (busy) => busy, schedule: poll.pipe(Schedule.upTo({ duration: "10 seconds" })) })
  )
  if (!(yield* busy)) yield* touch(folder, () => fs.rm(path.join(data, "postmaster.pid"), { force: true }))
})

export interface StartOptions {
  readonly folder: string
  readonly binaries: Binaries
  readonly user: Program.User
  /** As in `postgresql.conf`: `name=value`. */
  readonly settings: ReadonlyArray<string>
  /** Insisted upon when given; else any free one. */
  readonly port?: number | undefined
}

/**
 * Starts the server and waits until it takes connections, however long recovery needs; that it still waits is
 * logged every 10 seconds. Closing the scope stops the server, also when it never got ready.
 */
export const start = Effect.fnUntraced(function* (
  options: StartOptions
): Effect.fn.Return<PostgresProcess, EmbeddedPostgresUnavailable, Scope.Scope> {
  const data = yield* touch(options.folder, () => fs.realpath(dataOf(options.folder)))
  const launch = Effect.fnUntraced(function* () {
    const port = options.port ?? (yield* freePort)
    const server = yield* Effect.acquireRelease(spawnServer(options, data, port), stop)
    yield* waitReady(options.folder, server)
    return server
  })
  return yield* Effect.retry(Effect.suspend(launch), {
    // Another program took the port first, or the processes of a killed server are still on their way out.
    while: (error) => /could not bind|pre-existing shared memory block/.test(error.message),
    schedule: Schedule.spaced("200 millis").pipe(Schedule.upTo({ times: 20 }))
  })
})

/** Ends the server's sessions and then the server; nothing committed is lost. Idempotent. */
const stop = ({ child, ended, pid, watch }: PostgresProcess & Children) =>
  Effect.suspend(() => {
    if (hasEnded(child)) return Effect.void
    child.ref()
    return end(pid, ended)
  }).pipe(Effect.ensuring(Effect.sync(() => watch.kill("SIGKILL"))))

interface Children {
  readonly child: ChildProcess
  readonly watch: ChildProcess
}

const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null

/** Asks politely (sessions are ended), then firmly (as if the power failed; the next start recovers). */
const end = Effect.fnUntraced(function* (pid: number, ended: Effect.Effect<unknown>) {
  for (const name of ["SIGINT", "SIGQUIT"] as const) {
    if (yield* isGone(pid)) return
    yield* ProcessTable.signal(pid, name)
    const patience = name === "SIGINT" ? "20 seconds" : "10 seconds"
    const gone = yield* Effect.timeoutOption(ended, patience)
    if (gone._tag === "Some") return
    yield* Effect.logWarning(`Postgres (process ${pid}) did not stop within ${patience} of ${name}`)
  }
})

const isGone = (pid: number) => Effect.map(ProcessTable.identity(pid), (identity) => identity === undefined)

const spawnServer = (options: StartOptions, data: string, port: number) =>
  Effect.acquireUseRelease(
    Effect.andThen(
      keepLog(options.folder),
      touch(options.folder, () => fs.open(logOf(options.folder), "w", 0o600))
    ),
    (log) =>
      Effect.sync((): PostgresProcess & Children => {
        const settings = [`port=${port}`, "listen_addresses=127.0.0.1", "unix_socket_directories=", ...options.settings]
        const child = spawn(
          path.join(options.binaries.folder, "postgres"),
          ["-D", data, ...settings.flatMap((setting) => ["-c", setting])],
          { ...Program.spawnOptions(options.user), detached: true, stdio: ["ignore", log.fd, log.fd] }
        )
        child.on("error", () => {})
        child.unref()
        return { child, watch: spawnWatch(options.user, data, child), pid: child.pid ?? 0, port, ended: ending(child) }
      }),
    (log) => Effect.ignore(touch(options.folder, () => log.close()))
  )

const ending = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const done = () => resume(Effect.void)
    if (hasEnded(child)) return done()
    child.once("exit", done)
    return Effect.sync(() => child.off("exit", done))
  })

/** The log of the run before is kept too: it says why that one ended. */
const keepLog = (folder: string) => Effect.promise(() => fs.rename(logOf(folder), `${logOf(folder)}.1`).catch(() => {}))

const watchScript = `read -r _; [ "$(head -n 1 "$1/postmaster.pid" 2>/dev/null)" = "$2" ] && kill -INT "$2"`

const spawnWatch = (user: Program.User, data: string, server: ChildProcess): ChildProcess => {
  const watch = spawn("/bin/sh", ["-c", watchScript, "fibercast-watch", data, String(server.pid)], {
    ...Program.spawnOptions(user),
    detached: true,
    stdio: ["pipe", "ignore", "ignore"]
  })
  watch.on("error", () => {})
  watch.stdin?.on("error", () => {})
  watch.unref()
  if (watch.stdin instanceof net.Socket) watch.stdin.unref()
  return watch
}

const waitReady = Effect.fnUntraced(function* (folder: string, server: PostgresProcess) {
  const ready = announced(folder).pipe(
    Effect.repeat({ until: (self) => self?.pid === server.pid && self.ready, schedule: poll })
  )
  const patience = Effect.logWarning(`Postgres in ${folder} is still starting; it may be recovering`).pipe(
    Effect.delay("10 seconds"),
    Effect.forever
  )
  const ended = Effect.flatMap(server.ended, () =>
    Effect.flatMap(
      touch(folder, () => fs.readFile(logOf(folder), "utf8")),
      (said) => Effect.fail(fromOutput(folder, said))
    )
  )
  yield* Effect.raceFirst(ready, Effect.raceFirst(ended, patience))
})

/** A TCP port of 127.0.0.1 that nobody listens on at this moment. */
const freePort: Effect.Effect<number> = Effect.callback<number>((resume) => {
  const server = net.createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})
