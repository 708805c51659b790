/**
 * The calls of the Ledger about deliveries that were handed over.
 */
import { DeliveryId } from "@fibercast/domain/Delivery"
import { type Begin, type HeldDelivery } from "@fibercast/ports/HandOver"
import { type Ledger } from "@fibercast/ports/Ledger"
import { type Owned } from "@fibercast/ports/Owned"
import { type Context, Effect } from "effect"
import { type SqlClient } from "effect/sql"
import * as BeginStatements from "./BeginStatements.ts"
import { campaignCode } from "./Codes.ts"
import { fenced } from "./Fenced.ts"
import * as FinishStatements from "./FinishStatements.ts"
import * as OwnerStatements from "./OwnerStatements.ts"
import { int4, int8s, range } from "./Parameters.ts"
import { translate } from "./Translate.ts"

/** What every statement of `BeginStatements` is given. */
const namedAs = ({ epoch, workspaceId }: Pick<Owned, "workspaceId" | "epoch">, held: ReadonlyArray<HeldDelivery>) => [
  int4(workspaceId),
  int4(epoch),
  int8s(held.map(({ claimId }) => claimId)),
  int8s(held.map(({ id }) => id)),
  int8s(held.map(({ wasDue }) => wasDue)),
  ...range(held.map(({ claimId }) => claimId))
]

type Calls = Pick<Context.Service.Shape<typeof Ledger>, "begin" | "beginClaims" | "standing" | "rescue">

export const of = (sql: SqlClient.SqlClient): Calls => ({
  begin: Effect.fn("Ledger.begin")(function* ({ campaign, held, mark, ...owned }: Begin) {
    const rows = yield* sql
      .unsafe<BeginStatements.BegunRow>(mark ? BeginStatements.beginMarked : BeginStatements.begin, [
        ...namedAs(owned, held),
        int4(campaignCode(campaign?.id ?? null)),
        int4(campaign?.epoch ?? 0)
      ])
      .pipe(Effect.repeat({ while: ([row]) => row?.is_stale === true }))
    yield* fenced(owned, rows)
    const idsWhere = (isGo: boolean) =>
      rows.flatMap((row) => (row.is_go === isGo ? [DeliveryId.make(row.id, { disableChecks: true })] : []))
    return { go: idsWhere(true), back: idsWhere(false) }
  }, translate("begin")),

  beginClaims: Effect.fn("Ledger.beginClaims")(function* ({ campaign, claims, ...owned }) {
    const rows = yield* sql.unsafe<{ readonly claim_id: bigint | null }>(BeginStatements.claims, [
      int4(owned.workspaceId),
      int4(owned.epoch),
      int8s(claims),
      int4(campaignCode(campaign?.id ?? null)),
      int4(campaign?.epoch ?? 0),
      ...range(claims)
    ])
    yield* fenced(owned, rows)
    return rows.flatMap(({ claim_id: claimId }) => (claimId === null ? [] : [claimId]))
  }, translate("begin claims")),

  standing: Effect.fn("Ledger.standing")(function* ({ held, ...owned }) {
    const rows = yield* sql.unsafe<BeginStatements.StandingRow>(BeginStatements.standing, namedAs(owned, held))
    yield* fenced(owned, rows)
    return rows.flatMap(({ id, started }) =>
      id === null ? [] : [{ id: DeliveryId.make(id, { disableChecks: true }), started }]
    )
  }, translate("find what stands")),

  rescue: Effect.fn("Ledger.rescue")(function* ({ held, ...owned }) {
    const owner = [int4(owned.workspaceId), int4(owned.epoch)]
    yield* sql.withTransaction(
      Effect.gen(function* () {
        yield* fenced(owned, yield* sql.unsafe(OwnerStatements.lock, owner))
        yield* sql.unsafe(FinishStatements.rescueHeld, [
          int4(owned.workspaceId),
          int8s(held.map(({ claimId }) => claimId)),
          int8s(held.map(({ id }) => id)),
          int8s(held.map(({ wasDue }) => wasDue))
        ])
      })
    )
  }, translate("rescue"))
})
