/**
 * Makes the row of a campaign, and that of its counts, in the caller's transaction. Null: its key is taken; a
 * statement that comes after sees by whom.
 */
import { CampaignId } from "@fibercast/domain/Campaign"
import { rank } from "@fibercast/domain/Lane"
import { type NewCampaign } from "@fibercast/ports/CampaignStore"
import { Effect } from "effect"
import { type SqlClient } from "effect/sql"
import * as CampaignStatements from "./CampaignStatements.ts"
import * as ConsequenceStatements from "./ConsequenceStatements.ts"
import { int2, int4, int8, text } from "./Parameters.ts"
import { type PipelineNames } from "./PipelineNames.ts"
import { storedJob } from "./StoredBatches.ts"

export const createCampaign = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  pipelines: PipelineNames,
  { audienceHash, consequences, key, now, spec, templateHash, workspaceId }: NewCampaign
) {
  const pipelineId = yield* pipelines.idsOf([spec.pipeline])
  const [made] = yield* sql.unsafe<{ readonly id: number }>(CampaignStatements.create, [
    int4(workspaceId),
    int2(rank(spec.lane)),
    int2(pipelineId(spec.pipeline)),
    int8(spec.dueAt),
    int8(spec.deadline),
    text(key),
    text(JSON.stringify(spec)),
    text(templateHash),
    text(audienceHash),
    int8(now)
  ])
  if (made === undefined) return null
  if (consequences !== undefined) {
    yield* sql.unsafe(ConsequenceStatements.add, [
      int4(made.id),
      int4(workspaceId),
      text(storedJob(consequences.then)),
      text(storedJob(consequences.catch)),
      text(storedJob(consequences.finally))
    ])
  }
  return CampaignId.make(made.id)
})
