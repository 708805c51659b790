/**
 * A check says in one line whether something that a node needs is well. It never fails, and it tells nothing secret.
 */
import * as SchedulerConfig from "@fibercast/engine/SchedulerConfig"
import * as SchedulerHealth from "@fibercast/engine/SchedulerHealth"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import * as Migrations from "@fibercast/postgres/Migrations"
import { Clock, Effect } from "effect"
import { type SqlClient } from "effect/sql"

export interface HealthCheck {
  /** A word or two. */
  readonly name: string
  /** What is wrong, in one line; null: nothing. */
  readonly check: Effect.Effect<string | null>
}

export interface Checked {
  readonly name: string
  readonly ok: boolean
  readonly reason: string | null
}

/** A check that takes longer, in milliseconds, has failed. */
export const patience = 2000

/** The checks, made at once, in the order given. */
export const run = (checks: ReadonlyArray<HealthCheck>): Effect.Effect<ReadonlyArray<Checked>> =>
  Effect.forEach(
    checks,
    ({ check, name }) =>
      check.pipe(
        Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.succeed(`no answer in ${patience / 1000} s`) }),
        Effect.catchDefect(() => Effect.succeed("the check itself failed")),
        Effect.map((reason): Checked => ({ name, ok: reason === null, reason }))
      ),
    { concurrency: "unbounded" }
  )

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`

/** The database answers, and has the schema of this release. */
export const database: Effect.Effect<HealthCheck, never, SqlClient.SqlClient> = Effect.map(
  Effect.context<SqlClient.SqlClient>(),
  (client): HealthCheck => ({
    name: "database",
    check: Migrations.pending.pipe(
      Effect.provideContext(client),
      Effect.map((pending) => (pending.length === 0 ? null : `it lacks ${counted(pending.length, "migration")}`)),
      Effect.orElseSucceed(() => "it cannot be reached")
    )
  })
)

const away = () => Effect.succeed("it cannot be told: the database cannot be reached")

const seconds = (millis: number): string => `${Math.max(0, Math.round(millis / 1000))} s`

/** Every trigger, of whichever app, is looked after by some scheduler that passed within `deadAfter` milliseconds. */
export const triggers = (deadAfter: number): Effect.Effect<HealthCheck, never, TriggerStore> =>
  Effect.map(Effect.context<TriggerStore>(), (needs): HealthCheck => {
    const attended = Effect.map(SchedulerHealth.look(), ({ unattended }) => {
      const lines = unattended.map(
        (one) =>
          `nobody looks after ${counted(one.triggers, "trigger")} ${one.app === null ? "defined at run time" : `of ${one.app}`} for ${seconds(one.silentMillis)}`
      )
      return lines.length === 0 ? null : lines.join("; ")
    }).pipe(Effect.provideService(SchedulerConfig.SchedulerConfig, { ...SchedulerConfig.defaults, deadAfter }))
    return { name: "triggers", check: attended.pipe(Effect.provideContext(needs), Effect.catch(away)) }
  })

/**
 * `triggers`, and that a scheduler of this app has passed within `deadAfter` milliseconds, or had not yet so long to do
 * so.
 */
export const scheduler = Effect.fnUntraced(function* (
  app: string,
  deadAfter: number
): Effect.fn.Return<ReadonlyArray<HealthCheck>, never, TriggerStore> {
  const store = yield* TriggerStore
  const startedAt = yield* Clock.currentTimeMillis
  const passed = Effect.gen(function* () {
    const own = (yield* store.schedulers).filter((one) => one.app === app).map(({ passedAt }) => passedAt)
    const silent = (yield* Clock.currentTimeMillis) - Math.max(startedAt, ...own)
    return silent <= deadAfter ? null : `no scheduler of ${app} has passed for ${seconds(silent)}`
  })
  return [yield* triggers(deadAfter), { name: "last pass", check: Effect.catch(passed, away) }]
})
