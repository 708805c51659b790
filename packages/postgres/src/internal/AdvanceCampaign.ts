/**
 * Dispatches what is to follow from how one campaign stands, in one transaction.
 */
import { type CampaignId } from "@fibercast/domain/Campaign"
import { dispatched } from "@fibercast/domain/Job"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type AdvancedCampaign } from "@fibercast/ports/CampaignStore"
import { Effect } from "effect"
import { type SqlClient } from "effect/sql"
import * as ConsequenceStatements from "./ConsequenceStatements.ts"
import { insertDeliveries } from "./InsertDeliveries.ts"
import { int4 } from "./Parameters.ts"
import { type PipelineNames } from "./PipelineNames.ts"
import { readJob } from "./StoredBatches.ts"

/** Null: there was nothing to do, or somebody else has it in hand. */
export const advanceCampaign = (
  sql: SqlClient.SqlClient,
  names: PipelineNames,
  options: { readonly workspaceId: WorkspaceId; readonly campaignId: CampaignId; readonly now: number }
) => {
  const { campaignId, now, workspaceId } = options
  const one = [int4(workspaceId), int4(campaignId)]
  return sql.withTransaction(
    Effect.gen(function* () {
      const [left] = yield* sql.unsafe<{
        readonly then_job: string | null
        readonly catch_job: string | null
        readonly finally_job: string | null
      }>(ConsequenceStatements.lock, one)
      if (left === undefined) return null
      const [stands] = yield* sql.unsafe<{
        readonly is_completed: boolean
        readonly is_over: boolean
        readonly has_failed: boolean
      }>(ConsequenceStatements.stands, one)
      const { has_failed: hasFailed, is_completed: isCompleted, is_over: isOver } = stands ?? nowhere
      const caught = hasFailed ? left.catch_job : null
      if (caught === null && !isOver) return null
      const jobs = [caught, isCompleted ? left.then_job : null, isOver ? left.finally_job : null]
      yield* sql.unsafe(isOver ? ConsequenceStatements.ended : ConsequenceStatements.caught, one)
      const deliveries = jobs.flatMap((text) => {
        const job = readJob(text)
        return job === null ? [] : [dispatched(job, now)]
      })
      yield* insertDeliveries(sql, names, { workspaceId, now, deliveries })
      return { campaignId, dispatched: deliveries.length } satisfies AdvancedCampaign
    })
  )
}

const nowhere = { has_failed: false, is_completed: false, is_over: false }
