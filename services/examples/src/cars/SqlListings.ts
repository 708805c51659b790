/**
 * Listings in Postgres.
 */
import { Effect, Layer } from "effect"
import { type Migrator, SqlClient, type SqlError } from "effect/sql"
import { type Ended, type Listing, Listings } from "./Listings.ts"
import * as Tables from "./Tables.ts"

type Row = Omit<Listing, "featured"> & { readonly featuredUntil: number | null; readonly position: number | null }

const listingOf = ({ featuredUntil, position, ...rest }: Row): Listing => ({
  ...rest,
  featured: featuredUntil === null || position === null ? null : { until: featuredUntil, position }
})

const millis = (column: string, name: string) => `(extract(epoch from ${column}) * 1000)::float8 as "${name}"`

const all = `id, provider_id as provider, slug, is_available as "isAvailable", is_hidden as "isHidden",
  featured_position as position, views_count as views, photos, ${millis("updated_at", "updatedAt")},
  ${millis("sponsored_until", "sponsoredUntil")}, ${millis("featured_until", "featuredUntil")},
  ${millis("deleted_at", "deletedAt")}`

const dateOf = (at: number | null): Date | null => (at === null ? null : new Date(at))

export const layer: Layer.Layer<Listings, SqlError.SqlError | Migrator.MigrationError, SqlClient.SqlClient> =
  Layer.effect(
    Listings,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* Tables.bringUp
      const columns = sql.literal(all)

      return Listings.of({
        put: ({
          deletedAt = null,
          featured = null,
          id,
          isAvailable = true,
          isHidden = false,
          provider,
          slug,
          sponsoredUntil = null,
          updatedAt
        }) =>
          Effect.asVoid(sql`
          insert into cars.listings (id, provider_id, slug, is_available, is_hidden, sponsored_until, featured_until,
            featured_position, updated_at, deleted_at)
          values (${id}, ${provider}, ${slug}, ${isAvailable}, ${isHidden}, ${dateOf(sponsoredUntil)},
            ${dateOf(featured?.until ?? null)}, ${featured?.position ?? null}, ${dateOf(updatedAt)}, ${dateOf(deletedAt)})
          on conflict (id) do update set provider_id = excluded.provider_id, slug = excluded.slug,
            is_available = excluded.is_available, is_hidden = excluded.is_hidden,
            sponsored_until = excluded.sponsored_until, featured_until = excluded.featured_until,
            featured_position = excluded.featured_position, updated_at = excluded.updated_at,
            deleted_at = excluded.deleted_at`),

        get: (id) =>
          Effect.map(sql<Row>`select ${columns} from cars.listings where id = ${id}`, ([row]) =>
            row === undefined ? null : listingOf(row)
          ),

        expireSponsored: ({ limit, now }, tell) =>
          sql.withTransaction(
            Effect.gen(function* () {
              const ended = yield* sql<Ended>`
              with due as (
                select id, provider_id, sponsored_until from cars.listings
                where sponsored_until <= ${dateOf(now)} and deleted_at is null order by id limit ${limit} for update)
              update cars.listings l set sponsored_until = null from due where l.id = due.id
              returning l.id as listing, due.provider_id as provider,
                ${sql.literal(millis("due.sponsored_until", "until"))}`
              if (ended.length > 0) yield* tell(ended.toSorted((a, b) => a.listing - b.listing))
              return ended.length
            })
          ),

        expireFeatured: (now) =>
          Effect.map(
            sql`update cars.listings set featured_until = null, featured_position = null
            where featured_until <= ${dateOf(now)} and deleted_at is null returning id`,
            (rows) => rows.length
          ),

        addView: (id) => Effect.asVoid(sql`update cars.listings set views_count = views_count + 1 where id = ${id}`),

        setPhotos: (id, photos) =>
          Effect.asVoid(sql`update cars.listings set photos = ${JSON.stringify(photos)}::text::jsonb where id = ${id}`),

        purge: (deletedBy, limit) =>
          Effect.map(
            sql`delete from cars.listings where id in (
            select id from cars.listings where deleted_at <= ${dateOf(deletedBy)} order by id limit ${limit}) returning id`,
            (rows) => rows.length
          ),

        shown: ({ after, limit }) =>
          Effect.map(
            sql<Row>`select ${columns} from cars.listings
            where id > ${after} and is_available and not is_hidden and deleted_at is null order by id limit ${limit}`,
            (rows) => rows.map(listingOf)
          )
      })
    })
  )
