/**
 * The Ledger in Postgres. Each call is one statement, or one transaction of two where a lock must come first.
 *
 * Callers may rely on the contract of `Ledger`, and on this:
 * - a call that failed as unavailable or was interrupted may have been written. All but a claim can simply be
 *   repeated; after such a claim, `giveBack` gives back what nobody knows is claimed;
 * - claims of a workspace are made one at a time in this process: an owner claims through one such layer;
 * - memory: the names of pipelines, and jobs that are being dispatched, as `JobDispatch` bounds them.
 */
import { BatchId } from "@fibercast/domain/Batch"
import { DeliveryId } from "@fibercast/domain/Delivery"
import * as Lane from "@fibercast/domain/Lane"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { type Claim, type DueWorkspace, Ledger, strangersPassed, strangeWait } from "@fibercast/ports/Ledger"
import { traced } from "@fibercast/ports/Traced"
import { Effect, flow, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import * as ClaimStatement from "./internal/ClaimStatement.ts"
import { campaignCode, errorClassOf, finalStateOf, states } from "./internal/Codes.ts"
import { Days } from "./internal/Days.ts"
import { fenced } from "./internal/Fenced.ts"
import * as FinishStatements from "./internal/FinishStatements.ts"
import * as HandOverCalls from "./internal/HandOverCalls.ts"
import { batchSize, insertDeliveries } from "./internal/InsertDeliveries.ts"
import * as JobDispatch from "./internal/JobDispatch.ts"
import { KeyedLock } from "./internal/KeyedLock.ts"
import * as OpenStatements from "./internal/OpenStatements.ts"
import * as OwnerCalls from "./internal/OwnerCalls.ts"
import * as OwnerStatements from "./internal/OwnerStatements.ts"
import { int2, int2s, int4, int8, int8s, text, texts } from "./internal/Parameters.ts"
import { PipelineNames } from "./internal/PipelineNames.ts"
import * as RecallStatements from "./internal/RecallStatements.ts"
import * as SettleCall from "./internal/SettleCall.ts"
import { takeBack } from "./internal/TakeBack.ts"
import * as NextDue from "./internal/NextDue.ts"
import { translate } from "./internal/Translate.ts"

export const layer: Layer.Layer<Ledger, never, SqlClient.SqlClient> = Layer.effect(
  Ledger,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const names = new PipelineNames(sql)
    const days = new Days(sql)
    const claiming = new KeyedLock<WorkspaceId>()
    const dispatch = yield* JobDispatch.make(sql, names)
    const nextDue = NextDue.make(sql)

    return Ledger.of({
      insert: Effect.fn("Ledger.insert")((options) => insertDeliveries(sql, names, options), translate("insert")),

      ...OwnerCalls.of(sql, days, names),
      ...HandOverCalls.of(sql),

      dispatch,

      claim: Effect.fnUntraced(
        function* (options: Claim) {
          const { after, limit, now, source, workspaceId } = options
          const once = sql.unsafe<ClaimStatement.ClaimedRow>(ClaimStatement.claim, [
            int4(workspaceId),
            int4(options.epoch),
            int2(Lane.rank(source.lane)),
            int4(campaignCode(source.campaignId)),
            int8(after?.dueAt ?? beforeAll.dueAt),
            int8(after?.id ?? beforeAll.id),
            int8(now),
            int8(Math.min(Math.max(limit, 1), batchSize))
          ])
          const fresh: Effect.Effect<ReadonlyArray<ClaimStatement.ClaimedRow>, SqlError.SqlError> = Effect.flatMap(
            once,
            (rows) => (rows[0]?.is_stale === true ? fresh : Effect.succeed(rows))
          )
          const rows = yield* claiming.withLock(workspaceId, Effect.uninterruptible(fresh))
          const { claim_id: claimId } = yield* fenced(options, rows)
          if (claimId === null) return null
          const pipeline = yield* names.namesOf(rows.map((row) => row.pipeline_id))
          const deliveries = rows.map((row) => ({
            id: DeliveryId.make(row.id, { disableChecks: true }),
            pipeline: pipeline(row.pipeline_id),
            lane: source.lane,
            campaignId: source.campaignId,
            attempt: row.attempt,
            rescues: row.rescues,
            dueAt: row.due_at,
            deadline: row.deadline,
            payload: row.payload,
            batchId: row.batch_id === null ? null : BatchId.make(row.batch_id, { disableChecks: true })
          }))
          return { claimId, claimedAt: now, deliveries }
        },
        translate("claim"),
        traced("Ledger.claim")
      ),

      giveBack: Effect.fn("Ledger.giveBack")(function* (options) {
        const rows = yield* sql.unsafe(ClaimStatement.giveBack, [
          int4(options.workspaceId),
          int4(options.epoch),
          int8s(options.except)
        ])
        yield* fenced(options, rows)
      }, translate("give back")),

      start: Effect.fnUntraced(
        function* (options) {
          const rows = yield* sql.unsafe(ClaimStatement.start, [
            int4(options.workspaceId),
            int4(options.epoch),
            int8(options.claimId),
            int8s(options.ids)
          ])
          yield* fenced(options, rows)
        },
        translate("start"),
        traced("Ledger.start")
      ),

      settle: SettleCall.make(sql, days),

      cancel: Effect.fn("Ledger.cancel")(function* (options) {
        yield* days.make(options.now)
        return yield* sql.withTransaction(
          Effect.gen(function* () {
            const locked = yield* sql.unsafe(OwnerStatements.lock, [int4(options.workspaceId), int4(options.epoch)])
            yield* fenced(options, locked)
            const [row] = yield* sql.unsafe<{ readonly cancelled: number }>(FinishStatements.cancel, [
              int4(options.workspaceId),
              int4(options.campaignId),
              int8(options.now),
              text(options.reason),
              int8(options.limit)
            ])
            return row?.cancelled ?? 0
          })
        )
      }, translate("cancel")),

      recall: Effect.fn("Ledger.recall")(function* (options) {
        if (options.ids.length === 0) return { cancelled: [], asked: [] }
        const lock = sql.unsafe(RecallStatements.lock, [int4(options.workspaceId)])
        return yield* sql.withTransaction(Effect.andThen(lock, takeBack(sql, options)))
      }, translate("take work back")),

      recalled: Effect.fn("Ledger.recalled")(function* (options) {
        const owner = [int4(options.workspaceId), int4(options.epoch)]
        const pending = yield* sql.unsafe<{ readonly is_any: boolean }>(RecallStatements.pending, owner)
        if (!(yield* fenced(options, pending)).is_any) return []
        yield* days.make(options.now)
        const rows = yield* sql.withTransaction(
          Effect.gen(function* () {
            yield* fenced(options, yield* sql.unsafe(OwnerStatements.lock, owner))
            return yield* sql.unsafe<RecallStatements.StopRow>(RecallStatements.recalled, [...owner, int8(options.now)])
          })
        )
        return rows.map(({ id, reason }) => ({ id: DeliveryId.make(id, { disableChecks: true }), reason }))
      }, translate("find what was taken back")),

      nextDue: flow(nextDue, translate("find the next due time"), traced("Ledger.nextDue")),

      dueWorkspaces: Effect.fn("Ledger.dueWorkspaces")(function* ({ after, by, lanes, limit, now, pipelines }) {
        const rows = yield* sql.unsafe<{
          readonly id: number
          readonly owner: string | null
          readonly owned_until: number | null
        }>(OpenStatements.dueWorkspaces, [
          int8(by),
          int8(now),
          int8(limit),
          pipelines === undefined ? null : texts(pipelines),
          int8(by - strangeWait),
          int8(strangersPassed),
          int4(after ?? 0),
          lanes === undefined ? null : int2s(lanes.map(Lane.rank))
        ])
        return rows.map((row): DueWorkspace => ({
          workspaceId: WorkspaceId.make(row.id),
          owner: row.owner,
          ownedUntil: row.owned_until
        }))
      }, translate("find due workspaces")),

      holding: Effect.fn("Ledger.holding")(function* (workspaceId) {
        const rows = yield* sql.unsafe<OpenStatements.HoldingRow>(OpenStatements.holding, [int4(workspaceId)])
        const held = { urgent: 0, high: 0, normal: 0, bulk: 0 }
        for (const { held: count, lane } of rows) {
          const name = lane === null ? undefined : Lane.lanes[lane]
          if (name !== undefined) held[name] = count ?? 0
        }
        const [row] = rows
        const { owned_until: ownedUntil = null, owner = null, started = 0 } = row ?? {}
        return { owner, ownedUntil, held, started }
      }, translate("find what is held")),

      attemptsSince: Effect.fn("Ledger.attemptsSince")(function* ({ since, workspaceId }) {
        const [row] = yield* sql.unsafe<{ readonly attempts: number }>(OpenStatements.attemptsSince, [
          int4(workspaceId),
          int8(since)
        ])
        return row?.attempts ?? 0
      }, translate("count attempts")),

      done: Effect.fn("Ledger.done")(function* ({ after, campaignId, limit, states: wanted }) {
        const statement = wanted.includes("completed") ? OpenStatements.doneOfAll : OpenStatements.doneUncompleted
        const rows = yield* sql.unsafe<OpenStatements.DoneRow>(statement, [
          int4(campaignId),
          int2s(wanted.map((state) => states[state])),
          int8(after ?? 0n),
          int8(limit)
        ])
        return rows.map((row) => ({
          id: DeliveryId.make(row.id, { disableChecks: true }),
          state: finalStateOf(row.state),
          attempt: row.attempt,
          settledAt: row.settled_at,
          providerId: row.provider_id,
          errorClass: errorClassOf(row.error_class),
          reason: row.reason,
          payload: row.payload
        }))
      }, translate("read final records"))
    })
  })
)

/** Before any place in a source. */
const beforeAll = { dueAt: Number.MIN_SAFE_INTEGER, id: 0n }
