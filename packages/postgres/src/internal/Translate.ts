/**
 * Where errors of the database become errors of the ledger.
 */
import { LedgerUnavailable } from "@fibercast/ports/Ledger"
import { Effect } from "effect"
import { SqlError } from "effect/sql"

/** `operation` completes "the ledger could not …". */
export const translate =
  (operation: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, Exclude<E, SqlError.SqlError> | LedgerUnavailable, R> =>
    Effect.mapError(effect, (error) => (isOurs(error) ? error : new LedgerUnavailable({ operation, cause: error })))

const isOurs = <E>(error: E): error is Exclude<E, SqlError.SqlError> => !SqlError.isSqlError(error)
