/**
 * The NodeRegistry in Postgres. Each call is one statement, on one row or on few.
 */
import { Lane, lanes } from "@fibercast/domain/Lane"
import {
  BrokenAccount,
  type KnownNode,
  NodeNotFound,
  NodeRegistry,
  NodeRole,
  NodeWish,
  Vanished
} from "@fibercast/ports/NodeRegistry"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { int8, text } from "./internal/Parameters.ts"
import { translate } from "./internal/Translate.ts"

const Said = Schema.fromJsonString(
  Schema.Struct({
    id: Schema.String,
    name: Schema.String,
    roles: Schema.Array(NodeRole),
    // A node of a release that served all of them does not say.
    lanes: Schema.Array(Lane).pipe(Schema.withDecodingDefaultKey(Effect.succeed(lanes))),
    app: Schema.String,
    release: Schema.NullOr(Schema.String),
    address: Schema.NullOr(Schema.String),
    startedAt: Schema.Number,
    state: Schema.Literals(["starting", "working", "cordoned", "draining", "gone"]),
    workspaces: Schema.Number,
    sending: Schema.Number,
    capacity: Schema.Number,
    // What releases before did not say.
    pipelines: Schema.NullOr(Schema.Array(Schema.String)).pipe(Schema.withDecodingDefaultKey(Effect.succeed(null))),
    brokenAccounts: Schema.Array(BrokenAccount).pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
    vanished: Schema.Array(Vanished).pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
    clockAhead: Schema.NullOr(Schema.Number).pipe(Schema.withDecodingDefaultKey(Effect.succeed(null)))
  })
)

const encodeSaid = Schema.encodeSync(Said)
const decodeSaid = Schema.decodeUnknownSync(Said)
const decodeWish = Schema.decodeUnknownSync(NodeWish)

interface Row {
  readonly said: string
  readonly seen_at: number
  readonly wish: string
}

const nodeOf = ({ said, seen_at: seenAt, wish }: Row): KnownNode => ({
  ...decodeSaid(said),
  seenAt,
  wish: decodeWish(wish)
})

/** $1 id, $2 name, $3 when it started, $4 now, $5 what it says. */
const beat = `insert into nodes (id, name, started_at, seen_at, said) values ($1, $2, $3, $4, $5::text::json)
on conflict (id) do update set name = excluded.name, started_at = excluded.started_at, seen_at = excluded.seen_at,
  said = excluded.said
returning wish`

/** $1 since. In the order of code points, whatever the language of the database. */
const list = `select said::text as said, seen_at::float8 as seen_at, wish from nodes where seen_at >= $1
order by name collate "C", started_at, id collate "C"`

/** Not a due time: what a node compares its own clock with. */
const clock = `select (extract(epoch from clock_timestamp()) * 1000)::float8 as now`

/** $1 before. */
const forget = `with gone as (delete from nodes where seen_at < $1 returning 1)
select count(*)::int as forgotten from gone`

export const layer: Layer.Layer<NodeRegistry, never, SqlClient.SqlClient> = Layer.effect(
  NodeRegistry,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient

    return NodeRegistry.of({
      beat: Effect.fn("NodeRegistry.beat")(function* (said, now) {
        const [row] = yield* sql.unsafe<Pick<Row, "wish">>(beat, [
          text(said.id),
          text(said.name),
          int8(said.startedAt),
          int8(now),
          text(encodeSaid(said))
        ])
        return row === undefined ? yield* Effect.die(new Error(`the node ${said.id} vanished`)) : decodeWish(row.wish)
      }, translate("write down a node")),

      list: Effect.fn("NodeRegistry.list")(function* (since) {
        return (yield* sql.unsafe<Row>(list, [int8(since)])).map(nodeOf)
      }, translate("list the nodes")),

      wish: Effect.fn("NodeRegistry.wish")(function* (id, wish) {
        const rows = yield* sql.unsafe("update nodes set wish = $2 where id = $1 returning 1", [text(id), text(wish)])
        if (rows.length === 0) return yield* new NodeNotFound({ id })
      }, translate("wish something of a node")),

      clock: Effect.suspend(() => sql.unsafe<{ readonly now: number }>(clock)).pipe(
        Effect.flatMap(([row]) =>
          row === undefined
            ? Effect.die(new Error("the database does not say what time it is"))
            : Effect.succeed(row.now)
        ),
        translate("ask what time it is"),
        Effect.withSpan("NodeRegistry.clock")
      ),

      forget: Effect.fn("NodeRegistry.forget")(function* (before) {
        const [row] = yield* sql.unsafe<{ readonly forgotten: number }>(forget, [int8(before)])
        return row?.forgotten ?? 0
      }, translate("forget nodes"))
    })
  })
)
