/**
 * Gives an occurrence that waits its outcome, in one transaction; see `RecordAdvances` for the order of its locks.
 */
import { type Outcome, ran, type Reason } from "@fibercast/domain/OccurrenceOutcome"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { type Work } from "@fibercast/ports/TriggerStore"
import { Effect } from "effect"
import { type SqlClient } from "effect/sql"
import { outcomes, reasonCode, reasonOf } from "./Codes.ts"
import { dispatch } from "./Dispatch.ts"
import * as OccurrenceStatements from "./OccurrenceStatements.ts"
import { type Key, OverlapKeys } from "./OverlapKeys.ts"
import { int2, int4, int8, text } from "./Parameters.ts"
import { type PipelineNames } from "./PipelineNames.ts"
import * as RunStatements from "./RunStatements.ts"
import { TallyChanges } from "./TallyChanges.ts"

interface WaitingKey extends Key {
  readonly trigger_id: number
}

export const releaseOccurrence = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  pipelines: PipelineNames,
  options: {
    readonly now: number
    readonly occurrenceId: bigint
    readonly outcome: Exclude<Outcome, "waiting">
    readonly reason: Reason | null
    readonly detail: string | null
    readonly work: Work | null
  }
) {
  const { detail, now, occurrenceId, outcome, reason, work } = options
  const [key] = yield* sql.unsafe<WaitingKey>(RunStatements.lockTriggerOfWaiting, [int8(occurrenceId)])
  if (key === undefined) return false
  if (ran(outcome)) yield* OverlapKeys.lock(sql, [key])
  const [waiting] = yield* sql.unsafe<{ readonly reason: number | null }>(RunStatements.lockWaiting, [
    int8(occurrenceId),
    ran(outcome)
  ])
  if (waiting === undefined) return false

  const workspaceId = WorkspaceId.make(key.workspace_id, { disableChecks: true })
  const [dispatched] = yield* dispatch(sql, pipelines, now, [{ workspaceId, work }])
  yield* sql.unsafe(OccurrenceStatements.release, [
    int8(occurrenceId),
    int2(outcomes[outcome]),
    int2(reasonCode(reason)),
    text(detail),
    int8(dispatched?.deliveryId ?? null),
    int4(dispatched?.campaignId ?? null),
    int8(now)
  ])
  const tallies = new TallyChanges()
  tallies.move(
    { triggerId: key.trigger_id, workspaceId: key.workspace_id },
    ["waiting", reasonOf(waiting.reason)],
    [outcome, reason]
  )
  yield* tallies.write(sql)
  return true
})
