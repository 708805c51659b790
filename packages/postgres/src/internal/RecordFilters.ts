/**
 * Filters of records as conditions of SQL. What a filter leaves out is no part of its condition, so a statement is
 * planned for what was asked: these are sent unprepared, with the values at hand when they are planned.
 */
import { rank } from "@fibercast/domain/Lane"
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type EndedFilter, type WorkFilter } from "@fibercast/ports/Records"
import { type PgTypes } from "@effect/sql-pg"
import { campaignCode, errorClassCode, states } from "./Codes.ts"
import { int2, int4, int8, int8s, text } from "./Parameters.ts"

/** The parameters of one statement, numbered as they are added. */
export class Given {
  readonly parameters: Array<PgTypes.Parameter> = []

  /** Answers what stands for it in the statement. */
  add(parameter: PgTypes.Parameter): string {
    this.parameters.push(parameter)
    return `$${this.parameters.length}`
  }
}

/** Of rows `d` of `deliveries` or `deliveries_done`. Workspace 0 is nobody's: see `deliveries`. */
export const isIn = (filter: WorkFilter, given: Given): string => {
  const { batchId, campaignId, lane, pipeline, tag, workspaceId } = filter
  const conditions = [workspaceId === null ? "d.workspace_id > 0" : `d.workspace_id = ${given.add(int4(workspaceId))}`]
  if (pipeline !== undefined) {
    conditions.push(`d.pipeline_id = (select id from pipelines where name = ${given.add(text(pipeline))})`)
  }
  if (lane !== undefined) conditions.push(`d.lane = ${given.add(int2(rank(lane)))}`)
  if (campaignId !== undefined) conditions.push(`d.campaign_id = ${given.add(int4(campaignCode(campaignId)))}`)
  if (batchId !== undefined) conditions.push(`d.batch_id = ${given.add(int4(batchId))}`)
  if (tag !== undefined) conditions.push(`${given.add(text(tag))} = any (d.tags)`)
  return conditions.join(" and ")
}

/** Of rows `d` of `deliveries_done`. What was forgotten has no payload, and is left out. */
export const isEnded = (filter: EndedFilter, given: Given, ids: ReadonlyArray<DeliveryId> | null = null): string => {
  const { errorClass, from, reason, states: wanted, until } = filter
  // As literals, so that a plan can tell that the index of failures has them all.
  const codes = wanted.map((state) => states[state]).join(", ")
  const conditions = [isIn(filter, given), codes === "" ? "false" : `d.state in (${codes})`]
  if (wanted.includes("completed")) conditions.push("(d.state = 1 or d.payload is not null)")
  else conditions.push("d.payload is not null")
  if (errorClass !== undefined) conditions.push(`d.error_class = ${given.add(int2(errorClassCode(errorClass)))}`)
  if (reason !== undefined) conditions.push(`position(lower(${given.add(text(reason))}) in lower(d.reason)) > 0`)
  if (from !== undefined) conditions.push(`d.settled_at >= ${given.add(int8(from))}`)
  if (until !== undefined) conditions.push(`d.settled_at < ${given.add(int8(until))}`)
  if (ids !== null) conditions.push(`d.id = any (${given.add(int8s(ids))})`)
  return conditions.join(" and ")
}
