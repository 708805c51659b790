/**
 * When the next work of a source is due. What is asked of several sources of a workspace at the same time, as by an actor
 * that is woken and looks at all of its lanes, is one round trip.
 */
import { rank } from "@fibercast/domain/Lane"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Source } from "@fibercast/ports/Ledger"
import { Effect, Exit, Option, Request, RequestResolver } from "effect"
import { type SqlClient, type SqlError } from "effect/sql"
import { campaignCode } from "./Codes.ts"
import { int2s, int4, int4s } from "./Parameters.ts"

/**
 * The heads of sources that are not paused, work that is claimed or taken back left out. Of claims, all of the workspace
 * are looked into, so that it is done once for all sources. $1 workspace; per source $2 lane, $3 campaign or 0.
 */
const statement = `select (
  select due_at::float8 from deliveries
  where workspace_id = $1 and lane = source.lane and campaign_id = source.campaign
    and id not in (select unnest(ids) from claims where workspace_id = $1)
    and id not in (select delivery_id from recalls where workspace_id = $1)
    and exists (select 1 from workspaces where id = $1 and (paused_lanes >> source.lane) & 1 = 0)
  order by deliveries.due_at, id limit 1) as due_at
from unnest($2::smallint[], $3::int[]) with ordinality as source (lane, campaign, place)
order by source.place`

interface Asked extends Request.Request<number | null, SqlError.SqlError> {
  readonly workspaceId: WorkspaceId
  readonly source: Source
}

const Asked = Request.of<Asked>()

export type NextDue = (of: {
  readonly workspaceId: WorkspaceId
  readonly source: Source
}) => Effect.Effect<number | null, SqlError.SqlError>

/** Within a transaction of the caller it is a statement of that transaction. */
export const make = (sql: SqlClient.SqlClient): NextDue => {
  const read = (workspaceId: WorkspaceId, sources: ReadonlyArray<Source>) =>
    sql.unsafe<{ readonly due_at: number | null }>(statement, [
      int4(workspaceId),
      int2s(sources.map(({ lane }) => rank(lane))),
      int4s(sources.map(({ campaignId }) => campaignCode(campaignId)))
    ])
  const resolver = RequestResolver.makeGrouped<Asked, WorkspaceId>({
    key: ({ request }) => request.workspaceId,
    resolver: (entries, workspaceId) => {
      const sources = entries.map(({ request }) => request.source)
      return Effect.map(read(workspaceId, sources), (rows) => {
        for (const [place, entry] of entries.entries()) entry.completeUnsafe(Exit.succeed(rows[place]?.due_at ?? null))
      })
    }
  })
  return ({ source, workspaceId }) =>
    Effect.flatMap(Effect.serviceOption(sql.transactionService), (transaction) =>
      Option.isSome(transaction)
        ? Effect.map(read(workspaceId, [source]), ([row]) => row?.due_at ?? null)
        : Effect.request(Asked({ workspaceId, source }), resolver)
    )
}
