/**
 * What overlap keys are doing while one transaction decides about them. `lock` makes others who act on the same keys
 * wait for its end; what `lock` found changes only by what is written through it.
 */
import { isAskedFor, ran } from "@fibercast/domain/OccurrenceOutcome"
import { type Busy } from "@fibercast/domain/Overlap"
import { type Advance } from "@fibercast/ports/TriggerStore"
import { Effect } from "effect"
import { type SqlClient, type SqlError } from "effect/sql"
import { int4s, texts } from "./Parameters.ts"
import * as RunStatements from "./RunStatements.ts"

export interface Key {
  readonly workspace_id: number
  readonly overlap_key: string
}

const nameOf = ({ overlap_key, workspace_id }: Key): string => `${workspace_id}/${overlap_key}`

interface Doing {
  running: number
  /** As `busy` counts it: not what is behind a pause of its trigger. */
  waiting: number
  /** Whether one that is only now being written waits. */
  isNews: boolean
}

export class OverlapKeys {
  readonly #doing = new Map<string, Doing>()

  static lock(sql: SqlClient.SqlClient, some: ReadonlyArray<Key>): Effect.Effect<OverlapKeys, SqlError.SqlError> {
    const keys = [...new Map(some.map((key) => [nameOf(key), key])).values()]
    const overlapKeys = new OverlapKeys()
    if (keys.length === 0) return Effect.succeed(overlapKeys)
    const parameters = [
      int4s(keys.map(({ workspace_id }) => workspace_id)),
      texts(keys.map(({ overlap_key }) => overlap_key))
    ]
    return sql.unsafe(RunStatements.lockKeys, parameters).pipe(
      Effect.andThen(sql.unsafe<Busy>(RunStatements.busy, parameters)),
      Effect.map((rows) => {
        for (const [place, key] of keys.entries()) {
          const { running = 0, waiting = 0 } = rows[place] ?? {}
          overlapKeys.#doing.set(nameOf(key), { running, waiting, isNews: false })
        }
        return overlapKeys
      })
    )
  }

  /** Whether the key is doing what the decision found. */
  allows(key: Key, { busy }: Advance): boolean {
    const doing = this.#doing.get(nameOf(key))
    return busy === null || (busy.running === doing?.running && busy.waiting === doing.waiting)
  }

  /** Whether the advance displaces what waits only since this transaction, and so is not to be found yet. */
  displacesNews(key: Key, { displace }: Advance): boolean {
    return displace && this.#doing.get(nameOf(key))?.isNews === true
  }

  write(key: Key & { readonly is_paused: boolean }, { displace, occurrences }: Advance): void {
    const doing = this.#doing.get(nameOf(key))
    if (doing === undefined) return
    if (displace) {
      doing.waiting = 0
      doing.isNews = false
    }
    for (const { outcome, reason } of occurrences) {
      if (ran(outcome)) doing.running += 1
      if (outcome !== "waiting") continue
      if (!key.is_paused || isAskedFor(reason)) doing.waiting += 1
      doing.isNews = true
    }
  }
}
