/**
 * Brings a database to the schema this code was written for.
 *
 * Each migration is applied in one transaction together with its row in `fibercast_migrations`, so it is
 * there wholly or not at all. Two that start at once wait for each other: every migration is applied once.
 * A database is refused when it was migrated by newer code, or by another text of a released migration.
 */
import { Clock, Effect, Schema } from "effect"
import { SqlClient, SqlError } from "effect/sql"
import { type Migration } from "./Migration.ts"
import * as Initial from "./migrations/0001_initial.ts"
import * as Triggers from "./migrations/0002_triggers.ts"
import * as Recalls from "./migrations/0003_recalls.ts"
import * as FreeRetries from "./migrations/0004_free_retries.ts"
import * as Nodes from "./migrations/0005_nodes.ts"
import * as Jobs from "./migrations/0006_jobs.ts"
import * as Dispatch from "./migrations/0007_dispatch.ts"
import * as Batches from "./migrations/0008_batches.ts"
import * as Pauses from "./migrations/0009_pauses.ts"
import * as Doubts from "./migrations/0010_doubts.ts"
import * as RunsByDelivery from "./migrations/0011_runs_by_delivery.ts"
import * as OverBatches from "./migrations/0012_over_batches.ts"
import * as CampaignConsequences from "./migrations/0013_campaign_consequences.ts"
import * as WholeClaims from "./migrations/0014_whole_claims.ts"

/** Every migration ever released, in order. Append only. */
export const all: ReadonlyArray<Migration> = [
  Initial.migration,
  Triggers.migration,
  Recalls.migration,
  FreeRetries.migration,
  Nodes.migration,
  Jobs.migration,
  Dispatch.migration,
  Batches.migration,
  Pauses.migration,
  Doubts.migration,
  RunsByDelivery.migration,
  OverBatches.migration,
  CampaignConsequences.migration,
  WholeClaims.migration
]

/** The database has migrations this code does not know. Run the newer release, or restore a backup. */
export class DatabaseNewer extends Schema.TaggedError<DatabaseNewer>()("DatabaseNewer", {
  unknown: Schema.Array(Schema.Int),
  newestKnown: Schema.Int
}) {
  override get message(): string {
    return (
      `The database has migrations (${this.unknown.join(", ")}) that this release does not know (it ends at ` +
      `${this.newestKnown}): it was migrated by a newer release. Run that release, or restore an older backup.`
    )
  }
}

/** A migration was edited after it was applied. Restore its text, and put the change into a new migration. */
export class MigrationChanged extends Schema.TaggedError<MigrationChanged>()("MigrationChanged", {
  id: Schema.Int,
  name: Schema.String
}) {
  override get message(): string {
    return (
      `Migration ${this.id} (${this.name}) differs from the one this database was migrated with. A released ` +
      `migration never changes: restore its text, and put the change into a new migration.`
    )
  }
}

/** A statement of a migration failed. Nothing of that migration was applied; the ones before it were. */
export class MigrationFailed extends Schema.TaggedError<MigrationFailed>()("MigrationFailed", {
  id: Schema.Int,
  name: Schema.String,
  statement: Schema.String,
  cause: SqlError.SqlError
}) {
  override get message(): string {
    const { cause } = this.cause.reason
    const reason = cause instanceof Error ? cause.message : this.cause.message
    return `Migration ${this.id} (${this.name}) failed: ${reason}\n${this.statement.trim()}`
  }
}

export type Failure = DatabaseNewer | MigrationChanged | MigrationFailed

/** What a run did: the migrations it applied itself, in order. Empty when there was nothing to do. */
export type Applied = ReadonlyArray<Migration>

/** Applies `migrations` that this database lacks. Another runner's are waited for, not repeated. */
export const runList = Effect.fn("Migrations.run")(function* (
  migrations: ReadonlyArray<Migration>
): Effect.fn.Return<Applied, Failure | SqlError.SqlError, SqlClient.SqlClient> {
  const applied: Array<Migration> = []
  for (;;) {
    const next = yield* applyNext(migrations)
    if (next === undefined) return applied
    applied.push(next)
    yield* Effect.logInfo(`migration ${next.id} applied: ${next.name}`)
  }
})

/** Applies what this database lacks. */
export const run: Effect.Effect<Applied, Failure | SqlError.SqlError, SqlClient.SqlClient> = Effect.suspend(() =>
  runList(all)
)

/** What `runList` would apply now. Changes nothing. */
export const pendingOf = Effect.fn("Migrations.pending")(function* (
  migrations: ReadonlyArray<Migration>
): Effect.fn.Return<
  ReadonlyArray<Migration>,
  DatabaseNewer | MigrationChanged | SqlError.SqlError,
  SqlClient.SqlClient
> {
  const sql = yield* SqlClient.SqlClient
  const [table] = yield* sql<{ readonly present: boolean }>`
    SELECT to_regclass('fibercast_migrations') IS NOT NULL AS present`
  return table?.present === true ? yield* missing(migrations) : migrations
})

/** What `run` would apply now. Changes nothing. */
export const pending: Effect.Effect<
  ReadonlyArray<Migration>,
  DatabaseNewer | MigrationChanged | SqlError.SqlError,
  SqlClient.SqlClient
> = Effect.suspend(() => pendingOf(all))

/** Any two runners take the same lock; the number is arbitrary and must never change. */
const advisoryLock = 4_650_721_938

const applyNext = Effect.fnUntraced(function* (
  migrations: ReadonlyArray<Migration>
): Effect.fn.Return<Migration | undefined, Failure | SqlError.SqlError, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  return yield* sql.withTransaction(
    Effect.gen(function* () {
      yield* sql`SET LOCAL statement_timeout = 0`
      yield* sql`SELECT pg_advisory_xact_lock(${sql.literal(String(advisoryLock))})`
      yield* sql`CREATE TABLE IF NOT EXISTS fibercast_migrations (
        id int PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz(3) NOT NULL)`
      const [next] = yield* missing(migrations)
      if (next === undefined) return undefined
      for (const statement of next.statements) {
        yield* sql
          .unsafe(statement)
          .unprepared.pipe(
            Effect.mapError((cause) => new MigrationFailed({ id: next.id, name: next.name, statement, cause }))
          )
      }
      const now = yield* Clock.currentTimeMillis
      yield* sql`INSERT INTO fibercast_migrations (id, name, checksum, applied_at)
        VALUES (${next.id}, ${next.name}, ${next.checksum}, ${new Date(now)})`
      return next
    })
  )
})

const missing = Effect.fnUntraced(function* (
  migrations: ReadonlyArray<Migration>
): Effect.fn.Return<
  ReadonlyArray<Migration>,
  DatabaseNewer | MigrationChanged | SqlError.SqlError,
  SqlClient.SqlClient
> {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ readonly id: number; readonly checksum: string }>`
    SELECT id, checksum FROM fibercast_migrations ORDER BY id`
  const checksums = new Map(rows.map((row) => [row.id, row.checksum]))
  const known = new Set(migrations.map((migration) => migration.id))
  const unknown = rows.map((row) => row.id).filter((id) => !known.has(id))
  if (unknown.length > 0) {
    return yield* new DatabaseNewer({ unknown, newestKnown: Math.max(0, ...known) })
  }
  for (const { checksum, id, name } of migrations) {
    const recorded = checksums.get(id)
    if (recorded !== undefined && recorded !== checksum) return yield* new MigrationChanged({ id, name })
  }
  return migrations.filter((migration) => !checksums.has(migration.id))
})
