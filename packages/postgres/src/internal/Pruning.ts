/**
 * Drops what is older than it is kept, from the tables of days and the default ones beside them.
 *
 * Callers may rely on this:
 * - each step is a transaction of its own, and one caller at a time is in a step;
 * - a day's table is dropped under a lock that is waited for `lockWait` at most: where a reader holds it longer, that
 *   is left for another time, so nobody who settles waits behind it for longer than that;
 * - memory: a few words for each day's table that had nothing old in it any more but is kept, so that it is not read
 *   again before more of it can be old.
 */
import { Effect, Predicate } from "effect"
import { type SqlClient, SqlError } from "effect/sql"
import { int2s, int8, int8s, text } from "./Parameters.ts"
import * as PruneStatements from "./PruneStatements.ts"

const day = 86_400_000

/** How long the ends of attempts are known to rate limits: the longest period of a rate, and as much again. */
const tallied = 2 * day

/** Milliseconds that a lock on all of a history is waited for; nobody who settles waits longer for it. */
const lockWait = 50

/** Before any record. */
const never = Number.MIN_SAFE_INTEGER

/** Up to when what each pipeline has recorded is old. */
interface Cutoffs {
  readonly pipelines: ReadonlyArray<{ readonly id: number; readonly before: number }>
  /** Of what has no pipeline. */
  readonly otherwise: number
}

interface Table {
  readonly name: string
  readonly history: PruneStatements.History
  /** Null: the default one, of any day. */
  readonly from: number | null
}

/** Another is in a step. */
class Busy {
  readonly _tag = "Busy"
}

export interface Options {
  readonly now: number
  readonly otherwise: number
  readonly limit: number
}

const dayOf = (table: string): number | null => {
  const [, year, month, date] = /_(\d{4})(\d{2})(\d{2})$/u.exec(table) ?? []
  return year === undefined ? null : Date.UTC(Number(year), Number(month) - 1, Number(date))
}

const cutoffOf = (now: number, retention: number): number => Math.max(never, now - retention)

/** A lock was not to be had in time. */
const isLocked = (error: SqlError.SqlError): boolean => codeOf(error) === "55P03"

/** The tables belong to another role: rows can be deleted, tables cannot be dropped. */
const isForbidden = (error: SqlError.SqlError): boolean => codeOf(error) === "42501"

const codeOf = ({ reason: { cause } }: SqlError.SqlError): unknown =>
  Predicate.hasProperty(cause, "code") ? cause.code : undefined

export class Pruning {
  readonly #sql: SqlClient.SqlClient
  /** By table: for which pipelines all of it is old and gone. */
  readonly #clean = new Map<string, string>()

  constructor(sql: SqlClient.SqlClient) {
    this.#sql = sql
  }

  /** Null: another is at it. */
  run(options: Options) {
    return Effect.catchIf(
      this.#run(options),
      (error): error is Busy => error instanceof Busy,
      () => Effect.succeed(null)
    )
  }

  readonly #run = Effect.fnUntraced({ self: this }, function* (this: Pruning, options: Options) {
    const { limit, now } = options
    const { cutoffs, tables } = yield* this.#step(this.#look(options))
    for (const known of this.#clean.keys()) if (!tables.some(({ name }) => name === known)) this.#clean.delete(known)
    let days = 0
    let records = 0
    let isMore = false
    for (const table of tables) {
      const cutoff = table.history === "tallies" ? tallies(now) : cutoffs
      const found = yield* this.#table(table, cutoff, limit - records, now)
      days += found.dropped
      records += found.deleted
      isMore ||= found.isMore
    }
    const keys = yield* this.#step(this.#keys(now, limit))
    const batches = yield* this.#step(this.#batches(cutoffs.otherwise, limit))
    return { days, records, keys, batches, isMore: isMore || keys >= limit || batches >= limit }
  })

  /** One step, in a transaction of its own. */
  #step<A, R>(effect: Effect.Effect<A, SqlError.SqlError, R>) {
    const sql = this.#sql
    return sql.withTransaction(
      Effect.gen(function* () {
        const [row] = yield* sql.unsafe<{ readonly got: boolean }>(PruneStatements.tryLock)
        if (row?.got !== true) return yield* Effect.fail(new Busy())
        return yield* effect
      })
    )
  }

  #look({ now, otherwise }: Options) {
    const sql = this.#sql
    return Effect.gen(function* () {
      const kept = yield* sql.unsafe<{ readonly id: number; readonly retention: number | null }>(
        PruneStatements.retentions
      )
      const cutoffs: Cutoffs = {
        otherwise: cutoffOf(now, otherwise),
        pipelines: kept.map(({ id, retention }) => {
          const period = retention ?? otherwise
          return { id, before: cutoffOf(now, period < 0 ? Infinity : period) }
        })
      }
      const rows = yield* sql.unsafe<{ readonly name: string; readonly history: PruneStatements.History }>(
        PruneStatements.tables
      )
      const tables = rows.map((row): Table => ({ ...row, from: dayOf(row.name) }))
      return { cutoffs, tables }
    })
  }

  readonly #table = Effect.fnUntraced(
    { self: this },
    function* (this: Pruning, table: Table, cutoffs: Cutoffs, budget: number, now: number) {
      const nothing = { dropped: 0, deleted: 0, isMore: false }
      const { from, name } = table
      const all = [...cutoffs.pipelines.map(({ before }) => before), cutoffs.otherwise]
      if (from !== null && !all.some((before) => before > from)) return nothing
      if (from !== null && all.every((before) => before >= from + day)) {
        const dropped = yield* this.#drop(table)
        if (dropped !== "forbidden") return { ...nothing, dropped: Number(dropped), isMore: !dropped }
      }
      // Days of which some is old now and more will be are read each time.
      const isPart = from === null || all.some((before) => before > from && before < from + day)
      const old = from === null ? [] : cutoffs.pipelines.filter(({ before }) => before >= from + day)
      const clean = `${cutoffs.otherwise >= (from ?? 0) + day}/${old.map(({ id }) => id).join(",")}`
      if (!isPart && this.#clean.get(name) === clean) return nothing
      // A day that is over for a day is not written to any more.
      if (from !== null && from + 2 * day <= now && !(yield* this.#step(this.#keeps(table, cutoffs)))) {
        const dropped = yield* this.#drop(table)
        if (dropped !== "forbidden") return { ...nothing, dropped: Number(dropped), isMore: !dropped }
      }
      if (budget <= 0) return { ...nothing, isMore: true }
      const deleted = yield* this.#step(this.#delete(table, cutoffs, budget))
      if (deleted < budget && !isPart) this.#clean.set(name, clean)
      return { dropped: 0, deleted, isMore: deleted >= budget }
    }
  )

  #drop({ name, history }: Table) {
    const sql = this.#sql
    return this.#step(
      Effect.gen(function* () {
        yield* sql.unsafe("select set_config('lock_timeout', $1, true)", [text(`${lockWait}ms`)])
        yield* sql.unsafe(PruneStatements.drop(name, history)).unprepared
        return true as boolean | "forbidden"
      })
    ).pipe(
      Effect.catchIf(
        (error): error is SqlError.SqlError => SqlError.isSqlError(error) && (isLocked(error) || isForbidden(error)),
        (error) => Effect.succeed(isForbidden(error) ? ("forbidden" as const) : false)
      )
    )
  }

  /** Whether anything in the table is not old. */
  #keeps({ name, history }: Table, cutoffs: Cutoffs) {
    return this.#sql
      .unsafe<{ readonly keeps: boolean }>(PruneStatements.keeps(name, history), parametersOf(cutoffs))
      .unprepared.pipe(Effect.map(([row]) => row?.keeps ?? false))
  }

  #delete({ name, history }: Table, cutoffs: Cutoffs, limit: number) {
    return this.#sql
      .unsafe<{ readonly count: number }>(PruneStatements.deleteOld(name, history), [
        ...parametersOf(cutoffs),
        int8(limit)
      ])
      .unprepared.pipe(Effect.map(([row]) => row?.count ?? 0))
  }

  #batches(before: number, limit: number) {
    return this.#sql
      .unsafe<{ readonly count: number }>(PruneStatements.deleteBatches, [int8(before), int8(limit)])
      .pipe(Effect.map(([row]) => row?.count ?? 0))
  }

  #keys(now: number, limit: number) {
    return this.#sql
      .unsafe<{ readonly count: number }>(PruneStatements.deleteKeys, [int8(now), int8(limit)])
      .pipe(Effect.map(([row]) => row?.count ?? 0))
  }
}

const tallies = (now: number): Cutoffs => ({ pipelines: [], otherwise: now - tallied })

const parametersOf = ({ otherwise, pipelines }: Cutoffs) => [
  int2s(pipelines.map(({ id }) => id)),
  int8s(pipelines.map(({ before }) => before)),
  int8(otherwise)
]
