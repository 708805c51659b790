/**
 * What the users of Blazz ask for: a campaign of a workspace, at a wall time in the workspace's zone. Blazz keeps its own
 * record of it, and of what came of it; how the messages fare is in the campaign that it became.
 */
import { Context, Effect, Layer, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

export const Request = Schema.Struct({
  /** Unique in Blazz; the campaign's key. */
  id: Schema.NonEmptyString,
  workspace: Schema.NonEmptyString,
  /** IANA zone of the workspace. */
  zone: Schema.NonEmptyString,
  name: Schema.NonEmptyString,
  /** A template over the columns of the contacts. */
  text: Schema.NonEmptyString,
  /** `2026-10-25 09:00`, as the clock on the workspace's wall shows it. */
  at: Schema.NonEmptyString,
  contacts: Schema.Array(Schema.Record(Schema.String, Schema.String))
})
export type Request = typeof Request.Type

/** `planned`: there is a campaign for it. `refused`: there never will be, for a reason its user can act on. */
export type Answer = { readonly status: "planned" } | { readonly status: "refused"; readonly reason: string }

export interface Kept {
  readonly request: Request
  /** Null: it waits for the planning. */
  readonly answer: Answer | null
}

export class Requests extends Context.Service<
  Requests,
  {
    /** Takes the request down; one whose id is known is left as it is. */
    readonly put: (request: Request) => Effect.Effect<void, SqlError.SqlError>
    /** Those that wait, the oldest first; at most so many. */
    readonly waiting: (limit: number) => Effect.Effect<ReadonlyArray<Request>, SqlError.SqlError>
    readonly answer: (id: string, answer: Answer, now: number) => Effect.Effect<void, SqlError.SqlError>
    readonly get: (id: string) => Effect.Effect<Kept | null, SqlError.SqlError>
    /** Forgets what was answered before the instant. Answers how many. */
    readonly prune: (before: number) => Effect.Effect<number, SqlError.SqlError>
  }
>()("fibercast/examples/blazz/Requests") {
  static readonly layerMemory: Layer.Layer<Requests> = Layer.sync(Requests, () => {
    const all = new Map<string, Kept & { readonly answeredAt: number }>()
    return Requests.of({
      put: (request) =>
        Effect.sync(() => {
          if (!all.has(request.id)) all.set(request.id, { request, answer: null, answeredAt: Infinity })
        }),
      waiting: (limit) =>
        Effect.sync(() =>
          [...all.values()]
            .filter(({ answer }) => answer === null)
            .slice(0, limit)
            .map(({ request }) => request)
        ),
      answer: (id, answer, answeredAt) =>
        Effect.sync(() => {
          const kept = all.get(id)
          if (kept !== undefined) all.set(id, { ...kept, answer, answeredAt })
        }),
      get: (id) =>
        Effect.sync(() => {
          const kept = all.get(id)
          return kept === undefined ? null : { request: kept.request, answer: kept.answer }
        }),
      prune: (before) =>
        Effect.sync(() => {
          const old = [...all].filter(([, { answeredAt }]) => answeredAt < before)
          for (const [id] of old) all.delete(id)
          return old.length
        })
    })
  })

  static readonly layerSql: Layer.Layer<Requests, SqlError.SqlError, SqlClient.SqlClient> = Layer.effect(
    Requests,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`create table if not exists blazz_requests (
        place bigint generated always as identity, id text primary key, request json not null, status text, reason text,
        answered_at bigint)`
      yield* sql`create index if not exists blazz_requests_waiting on blazz_requests (place) where status is null`
      interface Row {
        readonly request: Request
        readonly status: Answer["status"] | null
        readonly reason: string | null
      }
      const answerOf = ({ reason, status }: Row): Answer | null =>
        status === "refused" ? { status, reason: reason ?? "" } : status === null ? null : { status }

      return Requests.of({
        put: (request) =>
          Effect.asVoid(sql`insert into blazz_requests (id, request) values (${request.id}, ${JSON.stringify(request)}::json)
            on conflict do nothing`),
        waiting: (limit) =>
          Effect.map(
            sql<Row>`select request from blazz_requests where status is null order by place limit ${limit}`,
            (rows) => rows.map(({ request }) => request)
          ),
        answer: (id, answer, now) => {
          const reason = answer.status === "refused" ? answer.reason : null
          return Effect.asVoid(sql`update blazz_requests
            set status = ${answer.status}, reason = ${reason}, answered_at = ${now} where id = ${id}`)
        },
        get: (id) =>
          Effect.map(sql<Row>`select request, status, reason from blazz_requests where id = ${id}`, ([row]) =>
            row === undefined ? null : { request: row.request, answer: answerOf(row) }
          ),
        prune: (before) =>
          Effect.map(sql`delete from blazz_requests where answered_at < ${before} returning id`, (rows) => rows.length)
      })
    })
  )
}
