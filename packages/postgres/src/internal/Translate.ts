/**
 * Where errors of the database become errors of the ledger.
 */
import { LedgerUnavailable } from "@fibercast/ports/Ledger"
import { Effect, Predicate } from "effect"
import { SqlError } from "effect/sql"

/** `operation` completes "the ledger could not …". */
export const translate =
  (operation: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, Exclude<E, SqlError.SqlError> | LedgerUnavailable, R> =>
    Effect.mapError(effect, (error) =>
      isOurs(error) ? error : new LedgerUnavailable({ operation, cause: root(error) })
    )

const isOurs = <E>(error: E): error is Exclude<E, SqlError.SqlError> => !SqlError.isSqlError(error)

/** What the server or the system said itself, such as "No space left on device", where it said something. */
const root = (error: unknown): unknown =>
  SqlError.isSqlError(error) && Predicate.isError(error.reason.cause) && error.reason.cause.message !== ""
    ? error.reason.cause
    : error
