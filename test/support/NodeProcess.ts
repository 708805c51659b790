/**
 * A node of the real program with the app of the fault tests, as a process of its own that a test does harm to. Killed
 * with the scope at the latest, also when it is stopped then.
 */
import { Effect, Fiber, Stream } from "effect"
import { fileURLToPath } from "node:url"
import * as Program from "../cli/Program.ts"

const app = fileURLToPath(new URL("./ChaosApp.ts", import.meta.url))

export interface Options {
  readonly name: string
  readonly roles: string
  readonly folder: string
  readonly databaseUrl: string
  readonly natsUrl: string
  readonly provider: string
}

export interface NodeProcess {
  readonly name: string
  /** What it logged up to now. */
  readonly said: () => string
  readonly signal: (name: "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM") => Effect.Effect<void>
  /** Waits until it has; answers its exit code, -1 when it was killed. */
  readonly ended: Effect.Effect<number>
  /** Waits until its roles are open; fails when it ends before. */
  readonly ready: Effect.Effect<void>
}

/** What a node says when it is. */
const isReady = /its health is at /u

export const start = Effect.fnUntraced(function* (options: Options) {
  const { databaseUrl, folder, name, natsUrl, provider, roles } = options
  const env = {
    DATABASE_URL: databaseUrl,
    NATS_URL: natsUrl,
    CHAOS_PROVIDER: provider,
    FIBERCAST_NODE_NAME: name,
    FIBERCAST_HEALTH_PORT: "0",
    FIBERCAST_LOG: "logfmt"
  }
  const child = yield* Program.start({ folder, env }, ["--roles", roles, "--app", app], Program.nodeLauncher)
  let said = ""
  const reading = (output: typeof child.stdout) =>
    Stream.runForEach(Stream.decodeText(output), (text) => Effect.sync(() => (said += text)))
  const signal = (name: NodeJS.Signals) => Effect.ignoreCause(Effect.sync(() => process.kill(child.pid, name)))
  yield* Effect.addFinalizer(() => signal("SIGKILL"))
  const ending = yield* Effect.forkScoped(
    Effect.all([reading(child.stdout), reading(child.stderr), Effect.orElseSucceed(child.exitCode, () => -1)], {
      concurrency: "unbounded"
    })
  )
  const ended = Effect.map(Effect.orDie(Fiber.join(ending)), ([, , code]) => Number(code))
  const gone = Effect.flatMap(ended, (code) => Effect.die(new Error(`${name} ended with ${code}:\n${said}`)))
  const told = Effect.repeat(
    Effect.delay(
      Effect.sync(() => isReady.test(said)),
      "50 millis"
    ),
    { until: (is) => is }
  )
  const node: NodeProcess = {
    name,
    said: () => said,
    signal,
    ended,
    ready: Effect.raceFirst(Effect.asVoid(told), gone)
  }
  return node
})
