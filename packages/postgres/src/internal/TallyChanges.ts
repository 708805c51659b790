/**
 * By how much the counts of outcomes change in one transaction. Written once, as its last statement, so that whoever
 * waits for a count holds no other.
 */
import { type Outcome, type Reason } from "@fibercast/domain/OccurrenceOutcome"
import { Effect } from "effect"
import { type SqlClient, type SqlError } from "effect/sql"
import { outcomes, reasonCode } from "./Codes.ts"
import * as OccurrenceStatements from "./OccurrenceStatements.ts"
import { int2s, int4s, int8s } from "./Parameters.ts"

interface Counted {
  readonly triggerId: number
  readonly workspaceId: number
}

interface Change extends Counted {
  readonly outcome: number
  readonly reason: number
  more: number
}

export class TallyChanges {
  readonly #changes = new Map<string, Change>()

  add(of: Counted, outcome: Outcome, reason: Reason | null, more: 1 | -1): void {
    const change = { ...of, outcome: outcomes[outcome], reason: reasonCode(reason) ?? 0, more }
    const key = `${change.triggerId}/${change.outcome}/${change.reason}`
    const known = this.#changes.get(key)
    if (known === undefined) this.#changes.set(key, change)
    else known.more += more
  }

  move(of: Counted, from: readonly [Outcome, Reason | null], to: readonly [Outcome, Reason | null]): void {
    this.add(of, ...from, -1)
    this.add(of, ...to, 1)
  }

  write(sql: SqlClient.SqlClient): Effect.Effect<void, SqlError.SqlError> {
    const changes = [...this.#changes.values()].filter(({ more }) => more !== 0)
    if (changes.length === 0) return Effect.void
    return Effect.asVoid(
      sql.unsafe(OccurrenceStatements.tally, [
        int4s(changes.map(({ triggerId }) => triggerId)),
        int4s(changes.map(({ workspaceId }) => workspaceId)),
        int2s(changes.map(({ outcome }) => outcome)),
        int2s(changes.map(({ reason }) => reason)),
        int8s(changes.map(({ more }) => more))
      ])
    )
  }
}
