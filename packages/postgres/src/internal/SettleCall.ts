/**
 * The settle of the Ledger: one statement, the leanest that can write what is asked; or one transaction of two, where claims
 * that completed as a whole come with other ends.
 */
import { type Owned } from "@fibercast/ports/Owned"
import { type Settle, type Settled } from "@fibercast/ports/Settlement"
import { traced } from "@fibercast/ports/Traced"
import { Effect } from "effect"
import { type SqlClient } from "effect/sql"
import { errorClassCode, states } from "./Codes.ts"
import * as CompleteStatements from "./CompleteStatements.ts"
import { type Days } from "./Days.ts"
import { fenced } from "./Fenced.ts"
import * as FinishStatements from "./FinishStatements.ts"
import { int2s, int4, int8, int8s, range, texts } from "./Parameters.ts"
import { translate } from "./Translate.ts"

export const make = (sql: SqlClient.SqlClient, days: Days) => {
  const ask = Effect.fnUntraced(function* (owned: Owned, statement: string, parameters: ReadonlyArray<unknown>) {
    const { epoch, now, workspaceId } = owned
    const rows = yield* sql.unsafe<Settled>(statement, [int4(workspaceId), int4(epoch), int8(now), ...parameters])
    return yield* fenced(owned, rows)
  })

  const everything = ({ finishedClaims, givenBack = [], settlements, ...owned }: Settle) => {
    const ids = settlements.map(({ id }) => id)
    return ask(owned, FinishStatements.settle, [
      int8s(ids),
      int8s(settlements.map(({ wasDue }) => wasDue)),
      int2s(settlements.map(({ state }) => states[state])),
      int8s(settlements.map((settlement) => ("dueAt" in settlement ? settlement.dueAt : null))),
      texts(settlements.map((settlement) => ("providerId" in settlement ? settlement.providerId : null))),
      int2s(settlements.map(({ errorClass }) => errorClassCode(errorClass))),
      texts(settlements.map(({ reason }) => reason)),
      int8s(finishedClaims),
      givenBack.length > 0 || settlements.some(({ state }) => state === "retry" || state === "snooze"),
      ...range(ids),
      int8s(givenBack.map(({ claimId }) => claimId)),
      int8s(givenBack.map(({ id }) => id))
    ])
  }

  const completed = ({ finishedClaims, settlements, ...owned }: Settle) => {
    const ids = settlements.map(({ id }) => id)
    const providerIds = settlements.map((settlement) => ("providerId" in settlement ? settlement.providerId : null))
    return ask(owned, CompleteStatements.deliveries, [
      int8s(ids),
      int8s(settlements.map(({ wasDue }) => wasDue)),
      texts(providerIds.some((providerId) => providerId !== null) ? providerIds : []),
      int8s(finishedClaims),
      ...range(ids)
    ])
  }

  const named = (options: Settle) => {
    const { finishedClaims, givenBack = [], settlements } = options
    if (settlements.length + givenBack.length + finishedClaims.length === 0) return null
    const isPlain = settlements.length > 0 && givenBack.length === 0 && settlements.every(isCompleted)
    return isPlain ? completed(options) : everything(options)
  }

  return Effect.fnUntraced(
    function* (options: Settle) {
      yield* days.make(options.now)
      const { completedClaims = [] } = options
      const first = named(options)
      if (completedClaims.length === 0) return yield* first ?? everything(options)
      const whole = ask(options, CompleteStatements.claims, [int8s(completedClaims)])
      if (first === null) return yield* whole
      return yield* sql.withTransaction(
        Effect.zipWith(first, whole, (one, other) => ({ final: one.final + other.final, later: one.later }))
      )
    },
    translate("settle"),
    traced("Ledger.settle")
  )
}

const isCompleted = ({ errorClass, reason, state }: Settle["settlements"][number]): boolean =>
  state === "completed" && errorClass === null && reason === null
