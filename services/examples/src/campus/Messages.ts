/**
 * The messages of all rooms, in tables of the chat's own.
 *
 * Each message has a place in its room. Places grow in the order of the commits, so whoever sees a place sees all lower
 * ones; there may be gaps. An id is stored once, so storing may be repeated.
 */
import { Context, Effect, Layer, Schema } from "effect"
import { SqlClient, SqlError } from "effect/sql"

export const name = Schema.String.check(Schema.isPattern(/^[\p{L}\p{N}._-]{1,40}$/u))

/** Postgres stores no NUL. */
export const text = Schema.String.check(Schema.isPattern(/^[^\0]{1,2000}$/))

export const Message = Schema.Struct({
  /** `author/nonce`; the client chooses the nonce, and may send it again. */
  id: Schema.String,
  room: name,
  author: name,
  text,
  /** Milliseconds since the epoch. */
  at: Schema.Int
})
export type Message = typeof Message.Type

export const Stored = Schema.Struct({ ...Message.fields, place: Schema.Int })
export type Stored = typeof Stored.Type

/** The database did not answer as it should. Safe to retry. */
export class MessagesUnavailable extends Schema.TaggedError<MessagesUnavailable>()("MessagesUnavailable", {
  cause: Schema.Defect()
}) {
  override get message(): string {
    return "the messages cannot be reached: the database is away"
  }
}

export interface Range {
  readonly room: string
  /** Only places after this one. */
  readonly after?: number | undefined
  /** Only places before this one. */
  readonly before?: number | undefined
  /** The oldest of them; else the newest. */
  readonly oldest?: boolean | undefined
  readonly limit: number
}

const isOther = <E>(error: E): error is Exclude<E, SqlError.SqlError> => !SqlError.isSqlError(error)

const translate = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, Exclude<E, SqlError.SqlError> | MessagesUnavailable, R> =>
  Effect.mapError(effect, (error) => (isOther(error) ? error : new MessagesUnavailable({ cause: error })))

export class Messages extends Context.Service<
  Messages,
  {
    /** Stores it and does `also`, both or neither. Null, and nothing done, when its id is stored already. */
    readonly store: <E, R>(
      message: Message,
      also: (stored: Stored) => Effect.Effect<unknown, E, R>
    ) => Effect.Effect<Stored | null, E | MessagesUnavailable, R>
    /** In the order of their places. */
    readonly read: (range: Range) => Effect.Effect<ReadonlyArray<Stored>, MessagesUnavailable>
  }
>()("fibercast/examples/campus/Messages") {
  static readonly layerMemory: Layer.Layer<Messages> = Layer.sync(Messages, () => {
    const all: Array<Stored> = []
    let last = 0
    return Messages.of({
      store: Effect.fnUntraced(function* (message, also) {
        if (all.some(({ id }) => id === message.id)) return null
        const stored = { ...message, place: ++last }
        all.push(stored)
        yield* Effect.onError(also(stored), () => Effect.sync(() => all.splice(all.indexOf(stored), 1)))
        return stored
      }),
      read: ({ after = 0, before = Infinity, limit, oldest = false, room }) =>
        Effect.sync(() => {
          const found = all.filter((one) => one.room === room && one.place > after && one.place < before)
          return oldest ? found.slice(0, limit) : found.slice(-limit)
        })
    })
  })

  static readonly layerSql: Layer.Layer<Messages, MessagesUnavailable, SqlClient.SqlClient> = Layer.effect(
    Messages,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`create table if not exists campus_rooms (room text primary key, last int not null)`
      yield* sql`create table if not exists campus_messages (
        room text not null, place int not null, id text not null unique, author text not null, text text not null,
        at bigint not null, primary key (room, place))`

      // The row of the room is locked until the commit: that is what orders its places.
      const append = ({ at, author, id, room, text }: Message) => sql<{ readonly place: number }>`
        with taken as (
          insert into campus_rooms (room, last) values (${room}, 1)
          on conflict (room) do update set last = campus_rooms.last + 1 returning last)
        insert into campus_messages (room, place, id, author, text, at)
        select ${room}, last, ${id}, ${author}, ${text}, ${at} from taken
        on conflict (id) do nothing returning place`

      return Messages.of({
        store: (message, also) =>
          translate(
            sql.withTransaction(
              Effect.gen(function* () {
                const [row] = yield* append(message)
                if (row === undefined) return null
                const stored = { ...message, place: row.place }
                yield* also(stored)
                return stored
              })
            )
          ),
        read: Effect.fnUntraced(function* ({ after = 0, before = 2_147_483_647, limit, oldest = false, room }) {
          const order = sql.literal(oldest ? "asc" : "desc")
          const rows = yield* translate(sql<Omit<Stored, "at"> & { readonly at: bigint }>`
            select room, place, id, author, text, at from campus_messages
            where room = ${room} and place > ${after} and place < ${before} order by place ${order} limit ${limit}`)
          const found = rows.map((row): Stored => ({ ...row, at: Number(row.at) }))
          return oldest ? found : found.toReversed()
        })
      })
    }).pipe(translate)
  )
}
