/**
 * Makes the daily tables of finished work before they are needed: today's when work first ends on a day, and
 * tomorrow's with it. Work never waits or fails for want of one, as the default tables take it; a day made late
 * is given its rows from there.
 */
import { Effect } from "effect"
import { type SqlClient } from "effect/sql"
import { int8 } from "./Parameters.ts"

const day = 86_400_000

export class Days {
  readonly #sql: SqlClient.SqlClient
  /** The latest day that was made or is being made by this process. */
  #made = -1

  constructor(sql: SqlClient.SqlClient) {
    this.#sql = sql
  }

  /** To be called outside any transaction, as the tables are locked while one is added. */
  make(now: number): Effect.Effect<void> {
    const today = Math.floor(now / day)
    if (today <= this.#made || today < 0) return Effect.void
    this.#made = today
    const make = (instant: number) => this.#sql.unsafe("select fibercast_make_day($1)", [int8(instant)])
    return make(now).pipe(
      Effect.andThen(make(now + day)),
      Effect.catch((error) =>
        Effect.logWarning("the tables of a day could not be made; the default ones serve", error)
      ),
      Effect.asVoid
    )
  }
}
