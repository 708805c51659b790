/**
 * Makes the work of occurrences, in the caller's transaction: all deliveries in one statement, whatever their
 * workspaces, and campaigns one by one. A campaign whose key is taken is the one that has it.
 */
import { CampaignId } from "@fibercast/domain/Campaign"
import { DeliveryId, type NewDelivery } from "@fibercast/domain/Delivery"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type NewCampaign } from "@fibercast/ports/CampaignStore"
import { type Work } from "@fibercast/ports/TriggerStore"
import { Effect } from "effect"
import { type SqlClient } from "effect/sql"
import * as CampaignStatements from "./CampaignStatements.ts"
import { createCampaign } from "./CreateCampaign.ts"
import { newDeliveries } from "./NewDeliveries.ts"
import * as OpenStatements from "./OpenStatements.ts"
import { int4, int4s, int8, text } from "./Parameters.ts"
import { type PipelineNames } from "./PipelineNames.ts"

export interface Asked {
  readonly workspaceId: WorkspaceId
  readonly work: Work | null
}

export interface Dispatched {
  readonly deliveryId: DeliveryId | null
  readonly campaignId: CampaignId | null
}

const nothing: Dispatched = { deliveryId: null, campaignId: null }

interface Asking {
  readonly workspaceId: WorkspaceId
  readonly delivery: NewDelivery
}

/** One for each that was asked for, in the same order. */
export const dispatch = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  pipelines: PipelineNames,
  now: number,
  asked: ReadonlyArray<Asked>
) {
  const deliveries = asked.flatMap(({ work, workspaceId }) =>
    work?._tag === "Deliver" ? [{ workspaceId, delivery: work.delivery }] : []
  )
  // All names at once: whoever else gives numbers to new ones does so in the same order.
  const pipelineId = yield* pipelines.idsOf(asked.flatMap(({ work }) => (work === null ? [] : [pipelineOf(work)])))
  const ids = (yield* insertAll(sql, pipelineId, now, deliveries)).values()
  const dispatched: Array<Dispatched> = []
  for (const { work } of asked) {
    if (work === null) dispatched.push(nothing)
    else if (work._tag === "Launch") {
      dispatched.push({ deliveryId: null, campaignId: yield* launch(sql, pipelines, work.campaign) })
    } else dispatched.push({ deliveryId: ids.next().value ?? null, campaignId: null })
  }
  return dispatched
})

const pipelineOf = (work: Work): string =>
  work._tag === "Deliver" ? work.delivery.pipeline : work.campaign.spec.pipeline

const insertAll = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  pipelineId: (name: string) => number,
  now: number,
  some: ReadonlyArray<Asking>
) {
  if (some.length === 0) return []
  const rows = yield* sql.unsafe<{ readonly id: bigint }>(OpenStatements.insertOfMany, [
    int4s(some.map(({ workspaceId }) => workspaceId)),
    int8(now),
    ...newDeliveries(
      some.map(({ delivery }) => delivery),
      pipelineId
    )
  ])
  return rows.map(({ id }) => DeliveryId.make(id, { disableChecks: true }))
})

const launch = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, pipelines: PipelineNames, campaign: NewCampaign) {
  const made = yield* createCampaign(sql, pipelines, campaign)
  if (made !== null) return made
  const [taken] = yield* sql.unsafe<{ readonly id: number }>(CampaignStatements.idByKey, [
    int4(campaign.workspaceId),
    text(campaign.key)
  ])
  return taken === undefined
    ? yield* Effect.die(new Error(`the campaign ${campaign.key} vanished`))
    : CampaignId.make(taken.id)
})
