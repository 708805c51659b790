/**
 * The statement that dispatches one background job which has no key, no cap, no tag and no batch, to a workspace without a
 * limit on its backlog: most single dispatches. It is an insert, so it costs about as much as one.
 */
import { DeliveryId } from "@fibercast/domain/Delivery"
import { rank } from "@fibercast/domain/Lane"
import { type Dispatch } from "@fibercast/ports/Dispatch"
import { PgTypes } from "@effect/sql-pg"
import { Effect } from "effect"
import { type SqlClient, type SqlError } from "effect/sql"
import { type Asked } from "./DispatchStatement.ts"
import { int2, int4, int8, text } from "./Parameters.ts"

/**
 * $1 workspace, $2 now, $3 lane, $4 pipeline, $5 due_at, $6 deadline, $7 payload, $8 whether it is temporary. Answers no
 * row, and writes nothing, when there is no such workspace or it has a limit.
 */
const statement = `insert into deliveries (workspace_id, lane, campaign_id, pipeline_id, due_at, deadline, payload,
  dispatched_at, temporary)
select id, $3, 0, $4, greatest($5::bigint, $2::bigint), $6, $7::json, $2, $8
from workspaces where id = $1 and limits ->> 'backlog' is null
returning id`

const isPlain = ({ backlog, delivery, idempotencyKey, unique }: Dispatch): boolean =>
  unique === null &&
  idempotencyKey === null &&
  backlog === null &&
  (delivery.batchId ?? null) === null &&
  (delivery.tags ?? []).length === 0

/** The job, if it is all that is asked, and is such a one. */
const loneOf = (asked: ReadonlyArray<Asked>): (Omit<Asked, "dispatches"> & { readonly job: Dispatch }) | null => {
  const [first, second] = asked
  if (first === undefined || second !== undefined) return null
  const { dispatches, ...of } = first
  const [job, another] = dispatches
  return job !== undefined && another === undefined && isPlain(job) ? { ...of, job } : null
}

/** Its number; null: it is not such a job, or not for such a workspace, and nothing was written. */
export const insert = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  asked: ReadonlyArray<Asked>
): Effect.fn.Return<DeliveryId | null, SqlError.SqlError> {
  const lone = loneOf(asked)
  if (lone === null) return null
  const { job, now, pipelineId, workspaceId } = lone
  const { deadline, dueAt, lane, payload, pipeline, temporary } = job.delivery
  const [row] = yield* sql.unsafe<{ readonly id: bigint }>(statement, [
    int4(workspaceId),
    int8(now),
    int2(rank(lane)),
    int2(pipelineId(pipeline)),
    int8(dueAt),
    int8(deadline),
    text(payload),
    PgTypes.bool(temporary ?? null)
  ])
  return row === undefined ? null : DeliveryId.make(row.id, { disableChecks: true })
})
