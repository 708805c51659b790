/**
 * What visitors do, one raw event for each thing done, and what it came to for each listing and day. Raw events are kept
 * for a while, daily stats for good.
 *
 * Instants are epoch milliseconds. Which instants a day is made of is said by the caller: it is a day of the business.
 */
import { Context, Effect, Layer } from "effect"
import { type Migrator, SqlClient, type SqlError } from "effect/sql"
import { type Day } from "./Days.ts"
import * as Tables from "./Tables.ts"

export type EventType = "view" | "call" | "chat" | "favourite" | "share"

export interface Event {
  /** Whoever records it chooses it, and may record it again. */
  readonly id: string
  readonly listing: number
  readonly type: EventType
  /** Tells visitors apart. */
  readonly visitor: string
  readonly at: number
}

export interface DailyStats {
  readonly listing: number
  readonly views: number
  /** How many did anything. */
  readonly visitors: number
  readonly calls: number
  readonly chats: number
  readonly favourites: number
  readonly shares: number
}

const statsOf = (listing: number, events: ReadonlyArray<Event>): DailyStats => {
  const count = (type: EventType) => events.filter((event) => event.type === type).length
  return {
    listing,
    views: count("view"),
    visitors: new Set(events.map(({ visitor }) => visitor)).size,
    calls: count("call"),
    chats: count("chat"),
    favourites: count("favourite"),
    shares: count("share")
  }
}

export class Analytics extends Context.Service<
  Analytics,
  {
    /** Keeps the event and does `also`, both or neither, and once for each id. */
    readonly once: <E, R>(
      event: Event,
      also: Effect.Effect<unknown, E, R>
    ) => Effect.Effect<void, E | SqlError.SqlError, R>
    /**
     * Makes the stats of a day from its raw events, in place of those that there are. Of listings whose events are
     * archived they stay. Answers how many listings have some.
     */
    readonly aggregate: (day: Day) => Effect.Effect<number, SqlError.SqlError>
    /** Of a day like `2026-01-31`, by listing. */
    readonly stats: (day: string) => Effect.Effect<ReadonlyArray<DailyStats>, SqlError.SqlError>
    /** Removes at most `limit` raw events from before the instant. Answers how many. */
    readonly archive: (before: number, limit: number) => Effect.Effect<number, SqlError.SqlError>
  }
>()("fibercast/examples/cars/Analytics") {
  static readonly layerMemory: Layer.Layer<Analytics> = Layer.sync(Analytics, () => {
    const events = new Map<string, Event>()
    const days = new Map<string, Map<number, DailyStats>>()
    return Analytics.of({
      once: Effect.fnUntraced(function* (event, also) {
        if (events.has(event.id)) return
        events.set(event.id, event)
        yield* Effect.onError(also, () => Effect.sync(() => events.delete(event.id)))
      }),
      aggregate: ({ from, name, until }) =>
        Effect.sync(() => {
          const some = [...events.values()].filter(({ at }) => at >= from && at < until)
          const stats = days.get(name) ?? new Map<number, DailyStats>()
          const listings = new Set(some.map(({ listing }) => listing))
          for (const id of listings) {
            const own = some.filter(({ listing }) => listing === id)
            stats.set(id, statsOf(id, own))
          }
          days.set(name, stats)
          return listings.size
        }),
      stats: (day) => Effect.sync(() => [...(days.get(day)?.values() ?? [])].toSorted((a, b) => a.listing - b.listing)),
      archive: (before, limit) =>
        Effect.sync(() => {
          const old = [...events.values()].filter(({ at }) => at < before).slice(0, limit)
          for (const { id } of old) events.delete(id)
          return old.length
        })
    })
  })

  static readonly layerSql: Layer.Layer<Analytics, SqlError.SqlError | Migrator.MigrationError, SqlClient.SqlClient> =
    Layer.effect(
      Analytics,
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* Tables.bringUp
        return Analytics.of({
          once: ({ at, id, listing, type, visitor }, also) =>
            sql.withTransaction(
              Effect.gen(function* () {
                const kept = yield* sql`insert into cars.events (id, listing_id, type, visitor, at)
                values (${id}, ${listing}, ${type}, ${visitor}, ${new Date(at)}) on conflict do nothing returning id`
                if (kept.length > 0) yield* also
              })
            ),
          aggregate: ({ from, name, until }) =>
            Effect.map(
              sql`insert into cars.daily_stats (day, listing_id, views, visitors, calls, chats, favourites, shares)
              select ${name}::text::date, listing_id, count(*) filter (where type = 'view'), count(distinct visitor),
                count(*) filter (where type = 'call'), count(*) filter (where type = 'chat'),
                count(*) filter (where type = 'favourite'), count(*) filter (where type = 'share')
              from cars.events where at >= ${new Date(from)} and at < ${new Date(until)} group by listing_id
              on conflict (day, listing_id) do update set views = excluded.views, visitors = excluded.visitors,
                calls = excluded.calls, chats = excluded.chats, favourites = excluded.favourites,
                shares = excluded.shares returning listing_id`,
              (rows) => rows.length
            ),
          stats: (day) => sql<DailyStats>`
          select listing_id as listing, views, visitors, calls, chats, favourites, shares from cars.daily_stats
          where day = ${day}::text::date order by listing_id`,
          archive: (before, limit) =>
            Effect.map(
              sql<{ readonly count: number }>`with gone as (delete from cars.events where id in (
                select id from cars.events where at < ${new Date(before)} order by at limit ${limit}) returning 1)
              select count(*)::int4 as count from gone`,
              ([row]) => row?.count ?? 0
            )
        })
      })
    )
}
