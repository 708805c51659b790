/**
 * Sessions of the database that stand in each other's way, in an order that a test decides.
 */
import { Deferred, Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"

/** Runs the effect in a transaction that stays open until `release` is done. */
export const heldOpen = Effect.fnUntraced(function* <A, E, R>(effect: Effect.Effect<A, E, R>) {
  const sql = yield* SqlClient.SqlClient
  const done = yield* Deferred.make<A>()
  const release = yield* Deferred.make<void>()
  const fiber = yield* Effect.forkChild(
    sql.withTransaction(
      effect.pipe(
        Effect.tap((value) => Deferred.succeed(done, value)),
        Effect.tap(() => Deferred.await(release))
      )
    )
  )
  const value = yield* Effect.raceFirst(
    Deferred.await(done),
    Effect.flatMap(Fiber.join(fiber), () => Effect.never)
  )
  return { value, release: Effect.andThen(Deferred.succeed(release, undefined), Fiber.join(fiber)) }
})

const untilWaits = Effect.fnUntraced(function* (isAny: boolean) {
  const sql = yield* SqlClient.SqlClient
  const waiting = sql`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  while ((yield* waiting).length > 0 !== isAny) yield* Effect.yieldNow
})

/** Ends when a session of this database waits for another's lock. */
export const someoneWaits: Effect.Effect<void, unknown, SqlClient.SqlClient> = untilWaits(true)

/** Ends when none does. */
export const nobodyWaits: Effect.Effect<void, unknown, SqlClient.SqlClient> = untilWaits(false)
