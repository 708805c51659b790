/**
 * Signals that wait for the commit: one that is given within a transaction of the `SqlClient` goes out when that has
 * committed, and not at all when it is rolled back. Others go out at once. So who is woken finds the work.
 */
import { Signal } from "@fibercast/ports/Signal"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"

export const layer: Layer.Layer<Signal, never, Signal | SqlClient.SqlClient> = Layer.effect(
  Signal,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const { notify, signals } = yield* Signal
    return Signal.of({
      notify: (workspaceId, due) =>
        Effect.contextWith((context: Context.Context<never>) => {
          const isWithin = Context.getOrUndefined(context, sql.transactionService) !== undefined
          return isWithin ? sql.afterCommit(notify(workspaceId, due)) : notify(workspaceId, due)
        }),
      signals
    })
  })
)
