/**
 * The TriggerStore in Postgres. Each call is one statement, or one transaction of a few; it joins the caller's.
 *
 * Callers may rely on the contract of `TriggerStore`, and on this:
 * - a call that failed as unavailable or was interrupted may have been written; it can simply be repeated;
 * - `record` is one transaction for each 500 advances, of some ten statements whatever their workspaces;
 * - a trigger whose definition this release cannot read is in no list, nor due, nor ready; one warning says so. Asked
 *   for by its name, it is a failure that says what is wrong.
 */
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Occurrences from "./internal/Occurrences.ts"
import * as Schedulers from "./internal/Schedulers.ts"
import { StoredTriggers } from "./internal/StoredTriggers.ts"
import * as Triggers from "./internal/Triggers.ts"

export const layer: Layer.Layer<TriggerStore, never, SqlClient.SqlClient> = Layer.effect(
  TriggerStore,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const triggers = new StoredTriggers()
    return TriggerStore.of({
      ...Triggers.make(sql, triggers),
      ...Occurrences.make(sql, triggers),
      ...Schedulers.make(sql)
    })
  })
)
