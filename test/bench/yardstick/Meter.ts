/**
 * Measures a stretch of work: its time, what each process used of the processors, what Postgres wrote, and the memory
 * that this process held.
 */
import { Clock, Effect, type Scope } from "effect"
import * as Processors from "../Processors.ts"
import { type Metered } from "./Sample.ts"
import { type Servers } from "./Servers.ts"
import * as Session from "./Session.ts"

/** Milliseconds of a clock that only goes forward, since whenever. */
export const millis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)

/** Seconds of the process so far, from its own account: finer than /proc. */
const ownSeconds = (): number => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1e6
}

const ofServers = (pids: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, Processors.seconds(pid)]))

/** Bytes of write-ahead log, and transactions that wrote, so far. */
const written = Effect.fnUntraced(function* (servers: Servers) {
  if (servers.postgres === null) return Effect.succeed(null)
  const sql = yield* Session.open(servers, "bench-meter")
  return Effect.gen(function* () {
    const [row] = yield* sql<{ wal: string; commits: string }>`
      SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::text AS wal,
        pg_snapshot_xmax(pg_current_snapshot())::text AS commits`
    return { wal: Number(row?.wal), commits: Number(row?.commits) }
  }).pipe(Effect.orDie)
})

const memoryEvery = "50 millis"

/** `items`: of what was done. `helpers`: further processes of the subject, by name. */
export const measure = Effect.fnUntraced(function* <A, E, R>(
  servers: Servers,
  helpers: Readonly<Record<string, number>>,
  work: Effect.Effect<A, E, R>,
  items: (done: A) => number
): Effect.fn.Return<{ readonly done: A; readonly metered: Metered }, E, R | Scope.Scope> {
  const pids: Record<string, number> = { ...helpers }
  for (const name of ["postgres", "redis", "nats", "provider"] as const) {
    const server = servers[name]
    if (server !== null) pids[name] = server.pid
  }
  const look = yield* written(servers)
  let most = 0
  yield* Effect.forkScoped(
    Effect.sync(() => {
      most = Math.max(most, process.memoryUsage.rss())
    }).pipe(Effect.delay(memoryEvery), Effect.forever)
  )
  const before = { written: yield* look, servers: ofServers(pids), all: Processors.busySeconds(), own: ownSeconds() }
  const began = yield* millis
  const done = yield* work
  const took = ((yield* millis) - began) / 1000
  const own = ownSeconds() - before.own
  const all = Processors.busySeconds() - before.all
  const after = ofServers(pids)
  const wrote = yield* look
  const count = items(done)
  const used: Record<string, number> = { node: own }
  for (const name of Object.keys(pids)) used[name] = (after[name] ?? 0) - (before.servers[name] ?? 0)
  const known = Object.values(used).reduce((sum, seconds) => sum + seconds, 0)
  const perItem = (total: number | undefined, since: number | undefined) =>
    total === undefined || since === undefined ? null : (total - since) / count
  return {
    done,
    metered: {
      items: count,
      seconds: took,
      cpu: Object.fromEntries(Object.entries(used).map(([name, seconds]) => [name, (seconds * 1e6) / count])),
      foreign: Math.max(0, all - known) / (took * Processors.count),
      wal: perItem(wrote?.wal, before.written?.wal),
      commits: perItem(wrote?.commits, before.written?.commits),
      rss: Math.max(most, process.memoryUsage.rss()) / 1e6
    }
  }
})
