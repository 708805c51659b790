/**
 * The small numbers that stand for names of pipelines in rows. A number, once given, keeps its name for ever, so
 * both ways are remembered by this process: one entry for each pipeline in the code, not for each delivery.
 */
import { Effect } from "effect"
import { type SqlClient, type SqlError } from "effect/sql"
import { int2s, texts } from "./Parameters.ts"

interface Named {
  readonly id: number
  readonly name: string
}

export class PipelineNames {
  readonly #sql: SqlClient.SqlClient
  readonly #ids = new Map<string, number>()
  readonly #names = new Map<number, string>()
  readonly #known = Effect.succeed((name: string) => found(this.#ids.get(name), name))

  constructor(sql: SqlClient.SqlClient) {
    this.#sql = sql
  }

  /** Answers the number of a name, for these names; unknown ones are given one, in the caller's transaction. */
  idsOf(names: ReadonlyArray<string>): Effect.Effect<(name: string) => number, SqlError.SqlError> {
    if (names.every((name) => this.#ids.has(name))) return this.#known
    const missing = [...new Set(names)].filter((name) => !this.#ids.has(name)).toSorted()
    const sql = this.#sql
    const remember = (rows: ReadonlyArray<Named>) => this.#remember(rows)
    const known = this.#ids
    return Effect.gen(function* () {
      yield* sql.unsafe("insert into pipelines (name) select * from unnest($1::text[]) on conflict do nothing", [
        texts(missing)
      ])
      const rows = yield* sql.unsafe<Named>("select id, name from pipelines where name = any ($1::text[])", [
        texts(missing)
      ])
      // A number given in a transaction that is rolled back was never given.
      yield* sql.afterCommit(Effect.sync(() => remember(rows)))
      const fresh = new Map(rows.map(({ id, name }) => [name, id]))
      return (name: string) => found(known.get(name) ?? fresh.get(name), name)
    })
  }

  /** Answers the name of a number, for these numbers. */
  namesOf(ids: ReadonlyArray<number>): Effect.Effect<(id: number) => string, SqlError.SqlError> {
    const missing = [...new Set(ids)].filter((id) => !this.#names.has(id))
    const nameOf = (id: number) => found(this.#names.get(id), String(id))
    if (missing.length === 0) return Effect.succeed(nameOf)
    return this.#sql
      .unsafe<Named>("select id, name from pipelines where id = any ($1::smallint[])", [int2s(missing)])
      .pipe(
        Effect.map((rows) => {
          this.#remember(rows)
          return nameOf
        })
      )
  }

  #remember(rows: ReadonlyArray<Named>): void {
    for (const { id, name } of rows) {
      this.#ids.set(name, id)
      this.#names.set(id, name)
    }
  }
}

const found = <A>(value: A | undefined, what: string): A => {
  if (value === undefined) throw new Error(`the pipeline ${what} is not registered`)
  return value
}
