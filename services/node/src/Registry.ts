/**
 * The registry of the nodes on a database. Its table is made when it is first asked for; times are epoch milliseconds.
 */
import { LedgerUnavailable } from "@fibercast/ports/Ledger"
import {
  type KnownNode,
  type NodeBeat,
  NodeNotFound,
  NodeRegistry,
  NodeRole,
  NodeWish
} from "@fibercast/ports/NodeRegistry"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"

const inOrder = (a: KnownNode, b: KnownNode): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1)

/** Lives and dies with this process. */
export const layerMemory: Layer.Layer<NodeRegistry> = Layer.sync(NodeRegistry, () => {
  const nodes = new Map<string, KnownNode>()
  return NodeRegistry.of({
    beat: (beat, now) =>
      Effect.sync(() => {
        const wish = nodes.get(beat.id)?.wish ?? "working"
        nodes.set(beat.id, { ...beat, seenAt: now, wish })
        return wish
      }),
    list: (since) => Effect.sync(() => [...nodes.values()].filter(({ seenAt }) => seenAt >= since).toSorted(inOrder)),
    wish: Effect.fnUntraced(function* (id, wish) {
      const node = nodes.get(id)
      if (node === undefined) return yield* new NodeNotFound({ id })
      nodes.set(id, { ...node, wish })
    }),
    forget: (before) =>
      Effect.sync(() => {
        const old = [...nodes.values()].filter(({ seenAt }) => seenAt < before)
        for (const { id } of old) nodes.delete(id)
        return old.length
      })
  })
})

const Row = Schema.Struct({
  seen_at: Schema.NumberFromString,
  wish: NodeWish,
  said: Schema.fromJsonString(
    Schema.Struct({
      id: Schema.String,
      name: Schema.String,
      roles: Schema.Array(NodeRole),
      app: Schema.String,
      release: Schema.NullOr(Schema.String),
      address: Schema.NullOr(Schema.String),
      startedAt: Schema.Number,
      state: Schema.Literals(["starting", "working", "cordoned", "draining", "gone"]),
      workspaces: Schema.Int,
      sending: Schema.Int,
      capacity: Schema.Int
    })
  )
})

const unavailable =
  (operation: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.mapError(effect, (cause) => new LedgerUnavailable({ operation, cause }))

/** On the database of the client. */
export const layer: Layer.Layer<NodeRegistry, LedgerUnavailable, SqlClient.SqlClient> = Layer.effect(
  NodeRegistry,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`
      CREATE TABLE IF NOT EXISTS node_beats (
        id text PRIMARY KEY, seen_at bigint NOT NULL, wish text NOT NULL DEFAULT 'working', said text NOT NULL
      )`.pipe(Effect.retry({ times: 3 }), unavailable("make its table of nodes"))
    return NodeRegistry.of({
      beat: Effect.fn("Registry.beat")(function* (beat: NodeBeat, now: number) {
        const rows = yield* sql`
          INSERT INTO node_beats (id, seen_at, said) VALUES (${beat.id}, ${now}, ${JSON.stringify(beat)})
          ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, said = excluded.said
          RETURNING wish`.pipe(unavailable("keep the beat"))
        return yield* Effect.orDie(Schema.decodeUnknownEffect(NodeWish)(rows[0]?.["wish"]))
      }),
      list: Effect.fn("Registry.list")(function* (since: number) {
        const rows = yield* sql`
          SELECT seen_at::text, wish, said FROM node_beats WHERE seen_at >= ${since}`.pipe(unavailable("list nodes"))
        const known = yield* Effect.orDie(Schema.decodeUnknownEffect(Schema.Array(Row))(rows))
        return known.map(({ said, seen_at, wish }): KnownNode => ({ ...said, seenAt: seen_at, wish })).toSorted(inOrder)
      }),
      wish: Effect.fn("Registry.wish")(function* (id: string, wish: NodeWish) {
        const rows = yield* sql`UPDATE node_beats SET wish = ${wish} WHERE id = ${id} RETURNING id`.pipe(
          unavailable("keep the wish")
        )
        if (rows.length === 0) return yield* new NodeNotFound({ id })
      }),
      forget: Effect.fn("Registry.forget")(function* (before: number) {
        const rows = yield* sql`DELETE FROM node_beats WHERE seen_at < ${before} RETURNING id`.pipe(
          unavailable("forget nodes")
        )
        return rows.length
      })
    })
  })
)
