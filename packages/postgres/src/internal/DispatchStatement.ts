/**
 * The statement that dispatches background jobs, those of several callers and workspaces together.
 */
import { DeliveryId } from "@fibercast/domain/Delivery"
import { rank } from "@fibercast/domain/Lane"
import { type Conflict, type Taken } from "@fibercast/domain/Unique"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type PgTypes } from "@effect/sql-pg"
import { type Dispatch, type Dispatched, idempotencyPeriod } from "@fibercast/ports/Dispatch"
import { bools, int2s, int4, int4s, int8s, texts } from "./Parameters.ts"

/** Parameters as `asked` makes them; `migrations/0007_dispatch.ts` says what they mean. */
export const statement = `select verdict, delivery, most from fibercast_dispatch($1::int[], $2::bigint[], $3::smallint[],
  $4::smallint[], $5::bigint[], $6::bigint[], $7::text[], $8::int[], $9::boolean[], $10::text[], $11::int[], $12::text[],
  $13::smallint[], $14::bigint[], $15::smallint[], $16::bigint[], $17::text[], $18::bigint[], $19::int) order by job`

export interface Row {
  readonly verdict: number
  readonly delivery: bigint | null
  readonly most: number | null
}

/** One caller's jobs, and the numbers of their pipelines. */
export interface Asked {
  readonly workspaceId: WorkspaceId
  readonly now: number
  readonly dispatches: ReadonlyArray<Dispatch>
  readonly pipelineId: (name: string) => number
}

const conflicts = { keep: 1, replace: 2, reject: 3 } as const satisfies Record<Conflict, number>

const takenCode = (taken: Taken): number => (taken === "ended" ? 1 : taken === "started" ? 2 : 3)

/** All that are asked for, in order. */
export const jobsOf = (asked: ReadonlyArray<Asked>) =>
  asked.flatMap(({ dispatches, now, pipelineId, workspaceId }) =>
    dispatches.map((dispatch) => ({ ...dispatch, now, pipeline: pipelineId(dispatch.delivery.pipeline), workspaceId }))
  )

/** What every job has: workspace, now, lane, pipeline, due_at, deadline, payload. */
export const common = (jobs: ReturnType<typeof jobsOf>): ReadonlyArray<PgTypes.Parameter> => [
  int4s(jobs.map(({ workspaceId }) => workspaceId)),
  int8s(jobs.map(({ now }) => now)),
  int2s(jobs.map(({ delivery }) => rank(delivery.lane))),
  int2s(jobs.map(({ pipeline }) => pipeline)),
  int8s(jobs.map(({ delivery }) => delivery.dueAt)),
  int8s(jobs.map(({ delivery }) => delivery.deadline)),
  texts(jobs.map(({ delivery }) => delivery.payload))
]

export const temporary = (jobs: ReturnType<typeof jobsOf>): PgTypes.Parameter =>
  bools(jobs.map(({ delivery }) => delivery.temporary ?? null))

/** `patience`: how many milliseconds it waits for a lock; null: as long as the session lets it. */
export const parameters = (asked: ReadonlyArray<Asked>, patience: number | null): ReadonlyArray<PgTypes.Parameter> => {
  const jobs = jobsOf(asked)
  return [
    ...common(jobs),
    int4s(jobs.map(({ delivery }) => delivery.batchId ?? null)),
    temporary(jobs),
    texts(jobs.map(({ delivery: { tags = [] } }) => (tags.length === 0 ? null : JSON.stringify(tags)))),
    int4s(jobs.map(({ backlog }) => backlog)),
    texts(jobs.map(({ unique }) => unique?.key ?? null)),
    int2s(jobs.map(({ unique }) => (unique === null ? null : takenCode(unique.taken)))),
    int8s(jobs.map(({ now, unique }) => (typeof unique?.taken === "number" ? now + unique.taken : null))),
    int2s(jobs.map(({ unique }) => (unique === null ? null : conflicts[unique.onConflict]))),
    int8s(jobs.map(({ unique }) => unique?.atMost ?? null)),
    texts(jobs.map(({ idempotencyKey }) => idempotencyKey)),
    int8s(jobs.map(({ idempotencyKey, now }) => (idempotencyKey === null ? null : now + idempotencyPeriod))),
    int4(patience)
  ]
}

/** What the row says; null: there is no such workspace. */
export const dispatched = ({ delivery, most, verdict }: Row): Dispatched | null => {
  const id = DeliveryId.make(delivery ?? 0n, { disableChecks: true })
  switch (verdict) {
    case 0:
      return null
    case 1:
      return { _tag: "Inserted", id }
    case 2:
      return { _tag: "Deduplicated", id, replaced: false }
    case 3:
      return { _tag: "Deduplicated", id, replaced: true }
    case 4:
      return { _tag: "Refused", reason: { _tag: "KeyTaken", by: id } }
    case 5:
      return { _tag: "Refused", reason: { _tag: "BacklogFull", of: "pipeline", cap: most ?? 0 } }
    case 6:
      return { _tag: "Refused", reason: { _tag: "BacklogFull", of: "workspace", cap: most ?? 0 } }
    default:
      throw new RangeError(`${verdict} is no answer to a dispatch`)
  }
}
