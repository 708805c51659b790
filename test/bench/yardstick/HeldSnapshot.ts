/**
 * A session that once asked something within a transaction and was forgotten, as a terminal is: while it is open, no row that
 * dies can be cleaned away.
 */
import { Deferred, Effect } from "effect"
import { type Servers } from "./Servers.ts"
import * as Session from "./Session.ts"

/** Holds a snapshot from now until the scope closes; answers what dies if it lost it before. */
export const hold = Effect.fnUntraced(function* (servers: Servers) {
  const sql = yield* Session.open(servers, "bench-forgotten")
  const held = yield* Deferred.make<void>()
  const session = Effect.gen(function* () {
    yield* sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`
    yield* sql`SET LOCAL idle_in_transaction_session_timeout = 0`
    yield* sql`SELECT count(*) FROM pg_class`
    yield* Deferred.succeed(held, undefined)
    return yield* Effect.never
  })
  const fiber = yield* Effect.forkScoped(sql.withTransaction(session))
  yield* Deferred.await(held)
  return Effect.suspend(() => {
    const ended = fiber.pollUnsafe()
    return ended === undefined ? Effect.void : Effect.die(new Error("the snapshot was lost before its time"))
  })
}, Effect.orDie)
