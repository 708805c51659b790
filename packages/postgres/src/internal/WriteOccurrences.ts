/**
 * Writes records of occurrences together with the work they dispatch, in the caller's transaction. The triggers are
 * locked, and these nominal times are free, or locked to be written over.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type NewOccurrence } from "@fibercast/ports/TriggerStore"
import { Effect } from "effect"
import { type SqlClient } from "effect/sql"
import { outcomes, reasonCode } from "./Codes.ts"
import { dispatch } from "./Dispatch.ts"
import * as OccurrenceStatements from "./OccurrenceStatements.ts"
import { int2s, int4s, int8, int8s, texts } from "./Parameters.ts"
import { type PipelineNames } from "./PipelineNames.ts"
import { type TallyChanges } from "./TallyChanges.ts"

/** An occurrence, and whose. */
export interface Owned {
  readonly triggerId: number
  readonly workspaceId: WorkspaceId
  readonly overlapKey: string
  readonly occurrence: NewOccurrence
}

export const writeOccurrences = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  pipelines: PipelineNames,
  tallies: TallyChanges,
  options: { readonly now: number; readonly some: ReadonlyArray<Owned>; readonly over: boolean }
) {
  const { now, over, some } = options
  if (some.length === 0) return
  const dispatched = yield* dispatch(
    sql,
    pipelines,
    now,
    some.map(({ occurrence, workspaceId }) => ({ workspaceId, work: occurrence.work }))
  )
  const occurrences = some.map(({ occurrence }) => occurrence)
  yield* sql.unsafe(over ? OccurrenceStatements.overwrite : OccurrenceStatements.insert, [
    int4s(some.map(({ triggerId }) => triggerId)),
    int4s(some.map(({ workspaceId }) => workspaceId)),
    int8s(occurrences.map(({ nominal }) => nominal)),
    int8s(occurrences.map(({ dueAt }) => dueAt)),
    int2s(occurrences.map(({ outcome }) => outcomes[outcome])),
    int2s(occurrences.map(({ reason }) => reasonCode(reason))),
    texts(occurrences.map(({ detail }) => detail)),
    texts(occurrences.map(({ zone }) => zone)),
    texts(occurrences.map(({ rules }) => rules)),
    int8s(occurrences.map(({ covers }) => covers?.from ?? null)),
    int4s(occurrences.map(({ covers }) => covers?.count ?? null)),
    texts(some.map(({ overlapKey }) => overlapKey)),
    int8s(dispatched.map(({ deliveryId }) => deliveryId)),
    int4s(dispatched.map(({ campaignId }) => campaignId)),
    int8(now)
  ])
  for (const { occurrence, ...of } of some) tallies.add(of, occurrence.outcome, occurrence.reason, 1)
})
