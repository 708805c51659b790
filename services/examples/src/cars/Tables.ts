/**
 * The tables of the site, in a schema of their own, brought up to date by numbered migrations. A migration that was
 * released is never edited: what changes is a new one.
 */
import { Effect } from "effect"
import { Migrator, SqlClient } from "effect/sql"

const first = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`create table cars.providers (
    id int primary key, name text not null, email text not null, wallet_balance numeric(12, 2) not null,
    is_verified boolean not null, is_active boolean not null, updated_at timestamptz(3) not null)`
  yield* sql`create index on cars.providers (id) where wallet_balance > 0 and wallet_balance < 50`
  yield* sql`create table cars.listings (
    id int primary key, provider_id int not null references cars.providers, slug text not null unique,
    is_available boolean not null, is_hidden boolean not null, sponsored_until timestamptz(3),
    featured_until timestamptz(3), featured_position int, views_count int not null default 0,
    photos jsonb not null default '[]', updated_at timestamptz(3) not null, deleted_at timestamptz(3),
    check ((featured_until is null) = (featured_position is null)))`
  yield* sql`create index on cars.listings (sponsored_until) where sponsored_until is not null`
  yield* sql`create index on cars.listings (featured_until) where featured_until is not null`
  yield* sql`create index on cars.listings (deleted_at) where deleted_at is not null`
  yield* sql`create table cars.events (
    id text primary key, listing_id int not null, type text not null, visitor text not null,
    at timestamptz(3) not null)`
  yield* sql`create index on cars.events (at, listing_id)`
  yield* sql`create table cars.daily_stats (
    day date not null, listing_id int not null, views int not null, visitors int not null, calls int not null,
    chats int not null, favourites int not null, shares int not null, primary key (day, listing_id))`
})

const loader = Migrator.fromRecord({ "1_first": first })

/** The number is arbitrary and must never change. */
const advisoryLock = 7_202_611

/** Whoever starts at the same time waits, and then finds nothing to do. */
export const bringUp = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  sql.withTransaction(
    Effect.gen(function* () {
      yield* sql`select pg_advisory_xact_lock(${sql.literal(String(advisoryLock))})`
      yield* sql`create schema if not exists cars`
      yield* Migrator.make({})({ loader, table: "cars.migrations" })
    })
  )
)
