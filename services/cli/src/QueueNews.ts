/**
 * What a worker does, a line for each start and each end of a delivery.
 *
 *     12:00:10Z  school.monthly-report  ▸ 1203 started, try 1
 *     12:00:10Z  school.monthly-report  ✓ 1203 completed in 12 ms
 */
import { type News } from "@fibercast/engine/DeliveryListener"
import * as Figures from "./Figures.ts"
import { type Ink } from "./Ink.ts"
import * as Instant from "./Instant.ts"
import * as OccurrenceText from "./OccurrenceText.ts"
import * as Table from "./Table.ts"

/** Columns that a name takes at least, so that lines stand in line. */
const nameWidth = 20

type Ended = Extract<News, { readonly _tag: "Ended" }>

const firstLine = (text: string): string => Table.visible(text.split("\n", 1)[0] ?? "")

const because = ({ settlement: { reason } }: Ended): string =>
  reason === null || reason === "" ? "" : `: ${firstLine(reason)}`

/** Of the try, in words; with a mark before it. */
const ending = (news: Ended): string => {
  const { attempt, begunAt, delivery, endedAt, settlement } = news
  const id = String(delivery.id)
  const took = begunAt === null ? "" : ` in ${Figures.brief(endedAt - begunAt)}`
  const attempted = attempt > 1 ? `, try ${attempt}` : ""
  switch (settlement.state) {
    case "completed":
      return `✓ ${id} completed${took}${attempted}`
    case "retry":
      return `… ${id} failed${took}, try ${attempt}; again in ${Figures.brief(settlement.dueAt - endedAt)}${because(news)}`
    case "snooze":
      return `… ${id} put off for ${Figures.brief(settlement.dueAt - endedAt)}${because(news)}`
    case "unknown":
      return `? ${id} unknown${took}${attempted}${because(news)}`
    case "failed":
      return `✗ ${id} failed for good${took}${attempted}${because(news)}`
    default:
      return `– ${id} ${settlement.state}${because(news)}`
  }
}

export const line = (news: News, ink: Ink): string => {
  const instant = news._tag === "Begun" ? (news.begunAt ?? 0) : news.endedAt
  const at = `${Instant.format(instant).slice(11, 19)}Z`
  const text = news._tag === "Begun" ? `▸ ${news.delivery.id} started, try ${news.attempt}` : ending(news)
  const name = Table.shownIn(news.delivery.pipeline, 40).padEnd(nameWidth)
  return `${ink.dim(at)}  ${name}  ${OccurrenceText.coloured(text, ink)}`
}

/** As `--json` prints it: one object for each end. Instants in ISO 8601, UTC. */
export const json = ({ attempt, begunAt, delivery, endedAt, settlement, workspaceId }: Ended) => ({
  id: String(delivery.id),
  workspaceId,
  pipeline: delivery.pipeline,
  lane: delivery.lane,
  campaignId: delivery.campaignId,
  attempt,
  state: settlement.state,
  millis: begunAt === null ? null : endedAt - begunAt,
  endedAt: Instant.format(endedAt),
  dueAt: "dueAt" in settlement ? Instant.format(settlement.dueAt) : null,
  errorClass: settlement.errorClass,
  reason: settlement.reason
})
