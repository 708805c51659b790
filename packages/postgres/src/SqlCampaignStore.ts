/**
 * The CampaignStore in Postgres. `append` joins the caller's transaction, or makes one of its own; pages of one
 * campaign wait for each other.
 */
import { Campaign, CampaignId, CampaignSpec } from "@fibercast/domain/Campaign"
import { type Counts } from "@fibercast/domain/Counts"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import {
  type AdvancedCampaign,
  CampaignConflict,
  CampaignNotFound,
  CampaignStore,
  type NewCampaign,
  type Page,
  repeats
} from "@fibercast/ports/CampaignStore"
import { strangeWait } from "@fibercast/ports/Ledger"
import { Effect, Equal, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { advanceCampaign } from "./internal/AdvanceCampaign.ts"
import * as CampaignStatements from "./internal/CampaignStatements.ts"
import * as ConsequenceStatements from "./internal/ConsequenceStatements.ts"
import { createCampaign } from "./internal/CreateCampaign.ts"
import { int2, int4, int4s, int8, text, texts } from "./internal/Parameters.ts"
import { PipelineNames } from "./internal/PipelineNames.ts"
import { translate } from "./internal/Translate.ts"

interface Row extends Counts {
  readonly id: number
  readonly workspace_id: number
  readonly key: string
  readonly spec: string
  readonly status: string
  readonly epoch: number
  readonly note: string | null
  readonly template_hash: string
  readonly audience_hash: string
  readonly expanded_rows: number
  readonly expanded: boolean
  readonly created_at: number
  readonly started_at: number | null
  readonly completed_at: number | null
}

const StoredCampaign = Schema.Struct({ ...Campaign.fields, spec: Schema.fromJsonString(CampaignSpec) })
const decode = Schema.decodeUnknownSync(StoredCampaign)

const campaignOf = (row: Row): Campaign => {
  const { cancelled, completed, expired, failed, open, planned, skipped, unknown } = row
  return decode({
    id: row.id,
    workspaceId: row.workspace_id,
    key: row.key,
    spec: row.spec,
    status: row.status,
    epoch: row.epoch,
    note: row.note,
    templateHash: row.template_hash,
    audienceHash: row.audience_hash,
    expandedRows: row.expanded_rows,
    expanded: row.expanded,
    counts: { planned, open, completed, failed, skipped, cancelled, expired, unknown },
    createdAt: row.created_at,
    startedAt: row.started_at,
    completedAt: row.completed_at
  })
}

/** What the wanted campaign asks for otherwise. Without a wall time, its due time is that of the launch. */
const differences = (kept: Campaign, wanted: NewCampaign): ReadonlyArray<string> => {
  const isImmediate = kept.spec.wallTime === null && wanted.spec.wallTime === null
  const fields = new Set<string>()
  for (const field of Object.keys({ ...kept.spec, ...wanted.spec })) {
    if (field === "dueAt" && isImmediate) continue
    if (!Equal.equals(Reflect.get(kept.spec, field), Reflect.get(wanted.spec, field))) fields.add(field)
  }
  if (kept.templateHash !== wanted.templateHash) fields.add("template")
  if (kept.audienceHash !== wanted.audienceHash) fields.add("audience")
  return [...fields]
}

export const layer: Layer.Layer<CampaignStore, never, SqlClient.SqlClient> = Layer.effect(
  CampaignStore,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const names = new PipelineNames(sql)

    const find = Effect.fnUntraced(function* (workspaceId: WorkspaceId, campaignId: CampaignId) {
      const [row] = yield* sql.unsafe<Row>(CampaignStatements.byId, [int4(workspaceId), int4(campaignId)])
      return row === undefined ? yield* new CampaignNotFound({ campaignId }) : campaignOf(row)
    })

    const appendPage = Effect.fnUntraced(function* (page: Page) {
      const campaignId = int4(page.campaignId)
      const [campaign] = yield* sql.unsafe<{
        readonly workspace_id: number
        readonly lane: number
        readonly pipeline_id: number
        readonly due_at: number
        readonly deadline: number | null
        readonly expanded_rows: number
        readonly is_closed: boolean
      }>(CampaignStatements.lockForPage, [campaignId])
      if (campaign === undefined) return yield* new CampaignNotFound({ campaignId: page.campaignId })
      if (campaign.is_closed || campaign.expanded_rows !== page.from) return { inserted: 0, duplicates: 0, skipped: 0 }

      const late = yield* sql.unsafe<{ readonly place: number; readonly first_row: number }>(
        CampaignStatements.claimIdentities,
        [
          campaignId,
          int4(campaign.workspace_id),
          int4s(page.recipients.map(({ row }) => row)),
          texts(page.recipients.map(({ address, identity = address }) => identity))
        ]
      )
      const firstRow = new Map(late.map(({ first_row, place }) => [place, first_row]))
      const inserted = page.recipients.filter(({ row }) => !firstRow.has(row))
      const duplicates = page.recipients
        .filter(({ row }) => firstRow.has(row))
        .map((one) => ({ row: one.row, input: one.address, reason: repeats(one, firstRow.get(one.row)) }))
      const skipped = [...duplicates, ...page.skipped].toSorted((a, b) => a.row - b.row)

      yield* sql.unsafe(CampaignStatements.appendPage, [
        campaignId,
        int4(campaign.workspace_id),
        int8(page.now),
        int2(campaign.lane),
        int2(campaign.pipeline_id),
        int8(Math.max(campaign.due_at, page.now)),
        int8(campaign.deadline),
        texts(inserted.map(({ payload }) => payload)),
        texts(skipped.map(({ reason }) => reason)),
        texts(skipped.map(({ input, row }) => JSON.stringify({ row, input }))),
        int4(page.to),
        page.last
      ])
      return { inserted: inserted.length, duplicates: duplicates.length, skipped: page.skipped.length }
    })

    return CampaignStore.of({
      create: Effect.fn("CampaignStore.create")(function* (wanted: NewCampaign) {
        const { key, workspaceId } = wanted
        const byKey = sql.unsafe<Row>(CampaignStatements.byKey, [int4(workspaceId), text(key)])
        return yield* sql.withTransaction(
          Effect.gen(function* () {
            const made = yield* createCampaign(sql, names, wanted)
            const [row] = yield* byKey
            if (row === undefined) return yield* Effect.die(new Error(`the campaign ${key} vanished`))
            const campaign = campaignOf(row)
            if (made !== null) return { campaign, created: true }
            const differs = differences(campaign, wanted)
            if (differs.length === 0) return { campaign, created: false }
            return yield* new CampaignConflict({ campaignId: campaign.id, key, differs })
          })
        )
      }, translate("create a campaign")),

      get: Effect.fn("CampaignStore.get")(find, translate("read a campaign")),

      list: Effect.fn("CampaignStore.list")(function* ({ limit, workspaceId }) {
        const rows = yield* sql.unsafe<Row>(CampaignStatements.newest, [int4(workspaceId), int8(limit)])
        return rows.map(campaignOf)
      }, translate("list campaigns")),

      active: Effect.fn("CampaignStore.active")(function* (workspaceId) {
        const rows = yield* sql.unsafe<Row>(CampaignStatements.active, [int4(workspaceId)])
        return rows.map(campaignOf)
      }, translate("list active campaigns")),

      activeWorkspaces: Effect.fn("CampaignStore.activeWorkspaces")(function* (by, pipelines) {
        const rows = yield* sql.unsafe<{
          readonly id: number
          readonly owner: string | null
          readonly owned_until: number | null
        }>(CampaignStatements.activeWorkspaces, [
          int8(by),
          pipelines === undefined ? null : texts(pipelines),
          int8(by - strangeWait)
        ])
        return rows.map((row) => ({
          workspaceId: WorkspaceId.make(row.id),
          owner: row.owner,
          ownedUntil: row.owned_until
        }))
      }, translate("list active workspaces")),

      append: Effect.fn("CampaignStore.append")(
        (page: Page) => sql.withTransaction(appendPage(page)),
        translate("append a page")
      ),

      transition: Effect.fn("CampaignStore.transition")(function* (options) {
        yield* sql.unsafe(CampaignStatements.transition, [
          int4(options.workspaceId),
          int4(options.campaignId),
          texts(options.from),
          text(options.to),
          text(options.note),
          int8(options.now)
        ])
        return yield* find(options.workspaceId, options.campaignId)
      }, translate("change a campaign's status")),

      advance: Effect.fn("CampaignStore.advance")(function* ({ limit, now, workspaceId }) {
        const due = yield* sql.unsafe<{ readonly id: number }>(ConsequenceStatements.due, [
          int4(workspaceId),
          int8(limit)
        ])
        const advanced: Array<AdvancedCampaign> = []
        for (const { id } of due) {
          const one = yield* advanceCampaign(sql, names, { workspaceId, campaignId: CampaignId.make(id), now })
          if (one !== null) advanced.push(one)
        }
        return advanced
      }, translate("advance campaigns"))
    })
  })
)
