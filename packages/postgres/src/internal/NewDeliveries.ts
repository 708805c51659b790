/**
 * New deliveries as the parameters of the statements that insert them: $3 to $11.
 */
import { type NewDelivery } from "@fibercast/domain/Delivery"
import { rank } from "@fibercast/domain/Lane"
import { type PgTypes } from "@effect/sql-pg"
import { campaignCode } from "./Codes.ts"
import { bools, int2s, int4s, int8s, texts } from "./Parameters.ts"

export const newDeliveries = (
  some: ReadonlyArray<NewDelivery>,
  pipelineId: (name: string) => number
): ReadonlyArray<PgTypes.Parameter> => [
  int2s(some.map(({ lane }) => rank(lane))),
  int4s(some.map(({ campaignId }) => campaignCode(campaignId))),
  int2s(some.map(({ pipeline }) => pipelineId(pipeline))),
  int8s(some.map(({ dueAt }) => dueAt)),
  int8s(some.map(({ deadline }) => deadline)),
  texts(some.map(({ payload }) => payload)),
  int4s(some.map(({ batchId }) => batchId ?? null)),
  bools(some.map(({ temporary }) => temporary ?? null)),
  texts(some.map(({ tags }) => (tags === undefined || tags.length === 0 ? null : JSON.stringify(tags))))
]
