/**
 * The statements that dispatch background jobs which have no key, no cap, no tag and no batch, to workspaces without a limit on
 * their backlog: most of them. They are inserts, of one row or of many, and cost about as much as those.
 */
import { DeliveryId, type NewDelivery } from "@fibercast/domain/Delivery"
import { rank } from "@fibercast/domain/Lane"
import { type Dispatch } from "@fibercast/ports/Dispatch"
import { PgTypes } from "@effect/sql-pg"
import { type SqlClient, type Statement } from "effect/sql"
import * as DispatchStatement from "./DispatchStatement.ts"
import { int2, int4, int8, literal, text, texts } from "./Parameters.ts"

const into = `insert into deliveries (workspace_id, lane, campaign_id, pipeline_id, due_at, deadline, payload,
  dispatched_at, temporary)`

/**
 * One that is due now, has no deadline and is not temporary: $1 workspace, $2 lane, $3 pipeline, $4 now, $5 payload. Answers
 * no row, and writes nothing, when there is no such workspace or it has a limit. It is short, and has few parameters, as
 * each of them is a good part of what it costs.
 */
const insertNow = `insert into deliveries (workspace_id, lane, campaign_id, pipeline_id, due_at, payload, dispatched_at)
select id, $2, 0, $3, $4, $5::json, $4 from workspaces where id = $1 and limits ->> 'backlog' is null returning id`

/**
 * One: $1 workspace, $2 now, $3 lane, $4 pipeline, $5 due_at, $6 deadline, $7 payload, $8 whether it is temporary. Answers
 * as the one above.
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

export interface Row {
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

const isNow = ({ now }: DispatchStatement.Asked, { deadline, dueAt, temporary }: NewDelivery): boolean =>
  dueAt <= now && deadline === null && temporary !== true

const oneOf = (sql: SqlClient.SqlClient, asked: DispatchStatement.Asked, job: Dispatch) => {
  const { delivery } = job
  if (!isNow(asked, delivery)) return sql.unsafe<Row>(insertOne, parametersOf(asked, job, text(delivery.payload)))
  return sql.unsafe<Row>(insertNow, [
    int4(asked.workspaceId),
    int2(rank(delivery.lane)),
    int2(asked.pipelineId(delivery.pipeline)),
    int8(asked.now),
    literal(delivery.payload)
  ])
}

const isAllPlain = ({ dispatches }: DispatchStatement.Asked): boolean => dispatches.every(isPlain)

/** Null: not all are such jobs. Answers a row each, in the order given; none: nothing was written, for such workspaces. */
export const insertion = (
  sql: SqlClient.SqlClient,
  asked: ReadonlyArray<DispatchStatement.Asked>
): Statement.Statement<Row> | null => {
  const [first] = asked
  const [job] = first?.dispatches ?? []
  if (first === undefined || job === undefined || !asked.every(isAllPlain)) return null
  const { dispatches } = first
  if (asked.length > 1 || !dispatches.every((other) => isAlike(job, other))) return manyOf(sql, asked)
  if (dispatches.length === 1) return oneOf(sql, first, job)
  const payloads = texts(dispatches.map(({ delivery }) => delivery.payload))
  return sql.unsafe<Row>(insertAlike, parametersOf(first, job, payloads))
}

export const idOf = ({ id }: Row): DeliveryId => DeliveryId.make(id, { disableChecks: true })
