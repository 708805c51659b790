/**
 * The WorkspaceStore in Postgres. Each call is one statement.
 */
import { Limits } from "@fibercast/domain/Limits"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { type Workspace, WorkspaceNotFound, WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { lanesCode, lanesOf } from "./internal/Codes.ts"
import { int2, int4, int8, text } from "./internal/Parameters.ts"
import { translate } from "./internal/Translate.ts"

interface Row {
  readonly id: number
  readonly name: string
  readonly zone: string
  readonly limits: string
  readonly quarantine: string | null
  readonly paused_lanes: number
  readonly pause_note: string | null
  readonly paused_at: number | null
}

const columns =
  "id, name, zone, limits::text as limits, quarantine, paused_lanes, pause_note, paused_at::float8 as paused_at"

interface OwnedRow extends Row {
  readonly owner: string | null
  readonly owned_until: number | null
}

const list = `select ${columns}, owner, owned_until::float8 as owned_until from workspaces order by id`

const decodeLimits = Schema.decodeUnknownSync(Schema.fromJsonString(Limits))

const workspaceOf = ({ id, limits, name, quarantine, zone, ...row }: Row): Workspace => ({
  id: WorkspaceId.make(id),
  name,
  zone,
  limits: decodeLimits(limits),
  quarantine,
  paused:
    row.paused_lanes === 0
      ? null
      : { lanes: lanesOf(row.paused_lanes), note: row.pause_note, since: row.paused_at ?? 0 }
})

/** $1 workspace, $2 lanes, $3 note, $4 now. */
const pause = `update workspaces set paused_lanes = paused_lanes | $2, pause_note = $3,
  paused_at = case when paused_lanes = 0 then $4 else paused_at end
where id = $1 returning ${columns}`

/** $1 workspace, $2 lanes. */
const resume = `update workspaces set paused_lanes = paused_lanes & ~$2,
  pause_note = case when paused_lanes & ~$2 = 0 then null else pause_note end,
  paused_at = case when paused_lanes & ~$2 = 0 then null else paused_at end
where id = $1 returning ${columns}`

export const layer: Layer.Layer<WorkspaceStore, never, SqlClient.SqlClient> = Layer.effect(
  WorkspaceStore,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient

    const named = (name: string) => sql.unsafe<Row>(`select ${columns} from workspaces where name = $1`, [text(name)])

    return WorkspaceStore.of({
      ensure: Effect.fn("WorkspaceStore.ensure")(function* ({ limits, name, zone }) {
        const [known] = yield* named(name)
        if (known !== undefined) return workspaceOf(known)
        const [made] = yield* sql.unsafe<Row>(
          `insert into workspaces (name, zone, limits) values ($1, $2, $3::text::json)
           on conflict (name) do nothing returning ${columns}`,
          [text(name), text(zone), text(JSON.stringify(limits))]
        )
        // Another may have made it since; then it is there now.
        const [row] = made === undefined ? yield* named(name) : [made]
        return row === undefined ? yield* Effect.die(new Error(`the workspace ${name} vanished`)) : workspaceOf(row)
      }, translate("ensure a workspace")),

      find: Effect.fn("WorkspaceStore.find")(function* (name) {
        const [row] = yield* named(name)
        return row === undefined ? null : workspaceOf(row)
      }, translate("find a workspace")),

      get: Effect.fn("WorkspaceStore.get")(function* (id) {
        return yield* one(id, yield* sql.unsafe<Row>(`select ${columns} from workspaces where id = $1`, [int4(id)]))
      }, translate("read a workspace")),

      list: Effect.suspend(() => sql.unsafe<OwnedRow>(list)).pipe(
        Effect.map((rows) =>
          rows.map((row) => ({ ...workspaceOf(row), owner: row.owner, ownedUntil: row.owned_until }))
        ),
        translate("list the workspaces"),
        Effect.withSpan("WorkspaceStore.list")
      ),

      setLimits: Effect.fn("WorkspaceStore.setLimits")(function* (id, limits) {
        const statement = `update workspaces set limits = $2::text::json where id = $1 returning ${columns}`
        yield* one(id, yield* sql.unsafe<Row>(statement, [int4(id), text(JSON.stringify(limits))]))
      }, translate("set limits")),

      setQuarantine: Effect.fn("WorkspaceStore.setQuarantine")(function* (id, reason) {
        const statement = `update workspaces set quarantine = $2 where id = $1 returning ${columns}`
        yield* one(id, yield* sql.unsafe<Row>(statement, [int4(id), text(reason)]))
      }, translate("set the quarantine")),

      pauseLanes: Effect.fn("WorkspaceStore.pauseLanes")(function* (id, { lanes, note, now }) {
        const parameters = [int4(id), int2(lanesCode(lanes)), text(note), int8(now)]
        return yield* one(id, yield* sql.unsafe<Row>(pause, parameters))
      }, translate("pause lanes")),

      resumeLanes: Effect.fn("WorkspaceStore.resumeLanes")(function* (id, lanes) {
        return yield* one(id, yield* sql.unsafe<Row>(resume, [int4(id), int2(lanesCode(lanes))]))
      }, translate("resume lanes"))
    })
  })
)

const one = (id: WorkspaceId, rows: ReadonlyArray<Row>): Effect.Effect<Workspace, WorkspaceNotFound> =>
  rows[0] === undefined ? Effect.fail(new WorkspaceNotFound({ workspaceId: id })) : Effect.succeed(workspaceOf(rows[0]))
