/**
 * The statements that dispatch background jobs which have no key, no cap, no tag and no batch, to workspaces without a limit on
 * their backlog: most of them. They are inserts, of one row or of many, and cost about as much as those.
 */
import { DeliveryId } from "@fibercast/domain/Delivery"
import { rank } from "@fibercast/domain/Lane"
import { type Dispatch } from "@fibercast/ports/Dispatch"
import { PgTypes } from "@effect/sql-pg"
import { Effect } from "effect"
import { type SqlClient, type SqlError } from "effect/sql"
import * as DispatchStatement from "./DispatchStatement.ts"
import { int2, int4, int8, text, texts } from "./Parameters.ts"

const into = `insert into deliveries (workspace_id, lane, campaign_id, pipeline_id, due_at, deadline, payload,
  dispatched_at, temporary)`

/**
 * $1 workspace, $2 now, $3 lane, $4 pipeline, $5 due_at, $6 deadline, $7 payload, $8 whether it is temporary. Answers no
 * row, and writes nothing, when there is no such workspace or it has a limit.
 */
const insertOne = `${into}
select id, $3, 0, $4, greatest($5::bigint, $2::bigint), $6, $7::json, $2, $8
from workspaces where id = $1 and limits ->> 'backlog' is null
returning id`

/** The same of many that differ in their payloads $7 alone, in the order given. */
const insertAlike = `with added as (
  ${into}
  select $1, $3, 0, $4, greatest($5::bigint, $2::bigint), $6, payload::json, $2, $8 from unnest($7::text[]) as payload
  where exists (select 1 from workspaces where id = $1 and limits ->> 'backlog' is null)
  returning id)
select id from added order by id`

/** The same of any, in the order given; nothing is written unless all of the workspaces are there and have no limit. */
const insertMany = `with x as materialized (
  select * from unnest($1::int[], $2::bigint[], $3::smallint[], $4::smallint[], $5::bigint[], $6::bigint[], $7::text[],
    $8::boolean[]) with ordinality as x (workspace_id, now, lane, pipeline_id, due_at, deadline, payload, temporary, place)),
added as (
  ${into}
  select workspace_id, lane, 0, pipeline_id, greatest(due_at, now), deadline, payload::json, now, temporary from x
  where (select count(distinct x.workspace_id) from x) = (
    select count(*) from workspaces where id = any ($1::int[]) and limits ->> 'backlog' is null)
  order by place
  returning id)
select id from added order by id`

const isPlain = ({ backlog, delivery, idempotencyKey, unique }: Dispatch): boolean =>
  unique === null &&
  idempotencyKey === null &&
  backlog === null &&
  (delivery.batchId ?? null) === null &&
  (delivery.tags ?? []).length === 0

interface Row {
  readonly id: bigint
}

/** What the first is, with the payload of it or of all. */
const parametersOf = (
  { now, pipelineId, workspaceId }: DispatchStatement.Asked,
  { delivery }: Dispatch,
  payload: PgTypes.Parameter
): ReadonlyArray<PgTypes.Parameter> => [
  int4(workspaceId),
  int8(now),
  int2(rank(delivery.lane)),
  int2(pipelineId(delivery.pipeline)),
  int8(delivery.dueAt),
  int8(delivery.deadline),
  payload,
  PgTypes.bool(delivery.temporary ?? null)
]

const isAlike = ({ delivery: one }: Dispatch, { delivery: other }: Dispatch): boolean =>
  one.pipeline === other.pipeline &&
  one.lane === other.lane &&
  one.dueAt === other.dueAt &&
  one.deadline === other.deadline &&
  one.temporary === other.temporary

const manyOf = (sql: SqlClient.SqlClient, asked: ReadonlyArray<DispatchStatement.Asked>) => {
  const jobs = DispatchStatement.jobsOf(asked)
  return sql.unsafe<Row>(insertMany, [...DispatchStatement.common(jobs), DispatchStatement.temporary(jobs)])
}

const idOf = ({ id }: Row): DeliveryId => DeliveryId.make(id, { disableChecks: true })

const idsOf = (rows: ReadonlyArray<Row>): ReadonlyArray<DeliveryId> | null =>
  rows.length === 0 ? null : rows.map(idOf)

/** Their numbers, in the order given; null: not all are such jobs, for such workspaces, and nothing was written. */
export const insert = (
  sql: SqlClient.SqlClient,
  asked: ReadonlyArray<DispatchStatement.Asked>
): Effect.Effect<ReadonlyArray<DeliveryId> | null, SqlError.SqlError> => {
  const [first] = asked
  const [job] = first?.dispatches ?? []
  if (first === undefined || job === undefined || !asked.every(isAllPlain)) return nothing
  const { dispatches } = first
  const isOfOne = asked.length === 1 && dispatches.every((other) => isAlike(job, other))
  if (!isOfOne) return Effect.map(manyOf(sql, asked), idsOf)
  const [statement, payload] =
    dispatches.length === 1
      ? [insertOne, text(job.delivery.payload)]
      : [insertAlike, texts(dispatches.map(({ delivery }) => delivery.payload))]
  return Effect.map(sql.unsafe<Row>(statement, parametersOf(first, job, payload)), idsOf)
}

const nothing = Effect.succeed(null)

const isAllPlain = ({ dispatches }: DispatchStatement.Asked): boolean => dispatches.every(isPlain)
