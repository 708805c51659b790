/**
 * What became of the occurrences of a trigger, in a table: when each was due, its outcome, how late it was, how its run
 * ended and how long that took, and the first line of what it printed, or of why it failed.
 */
import { type RecordedOccurrence } from "@fibercast/ports/Run"
import * as OccurrenceOutcome from "@fibercast/domain/OccurrenceOutcome"
import * as ClockText from "./ClockText.ts"
import * as Figures from "./Figures.ts"
import { type Ink } from "./Ink.ts"
import * as Instant from "./Instant.ts"
import * as OccurrenceText from "./OccurrenceText.ts"
import * as Table from "./Table.ts"

/** Milliseconds that the run took, from its decision to its end; null: it is not over, or never ran. */
export const took = ({ endedAt, outcome, recordedAt }: RecordedOccurrence): number | null =>
  endedAt === null || !OccurrenceOutcome.ran(outcome) ? null : Math.max(0, endedAt - recordedAt)

/** The median of what its completed runs took; null: none has completed. */
export const typical = (newest: ReadonlyArray<RecordedOccurrence>): number | null => {
  const spans = newest.flatMap((one) => {
    const span = one.state === "completed" ? took(one) : null
    return span === null ? [] : [span]
  })
  const middle = spans.toSorted((a, b) => a - b)[Math.floor((spans.length - 1) / 2)]
  return middle ?? null
}

/** What there is to say about it: why it failed or was left out, else what it printed. */
const told = ({ covers, detail, failure, output }: RecordedOccurrence): string => {
  const text = failure ?? detail ?? output ?? ""
  const more = covers === null ? "" : `stands for ${Figures.counted(covers.count, "earlier one")} as well; `
  return `${more}${text.split("\n", 1)[0] ?? ""}`
}

const late = (one: RecordedOccurrence): string =>
  OccurrenceOutcome.ran(one.outcome) && one.reason !== "test" ? Figures.brief(one.recordedAt - one.dueAt) : ""

const left = (title: string): Table.Column => ({ title, align: "left" })
const right = (title: string): Table.Column => ({ title, align: "right" })

/** `columns`: of the terminal; null: there is none, and lines may be long. */
export const lines = (
  newest: ReadonlyArray<RecordedOccurrence>,
  zone: string,
  columns: number | null,
  ink: Ink
): ReadonlyArray<string> => {
  const facts = newest.map((one) => {
    const span = took(one)
    return [
      ClockText.toTheSecond(one.nominal, zone),
      OccurrenceText.marked(one),
      late(one),
      span === null ? "" : Figures.brief(span)
    ]
  })
  const titles = [left("due"), left("outcome"), right("late"), right("took")]
  const wide = Math.max(...Table.format(titles, facts).map(Table.width))
  const rest = columns === null ? Table.maxWidth : Math.max(16, columns - wide - 2)
  const [title = "", ...body] = Table.format(
    [...titles, left("says")],
    newest.map((one, at) => [...(facts[at] ?? []), Table.shownIn(told(one), rest)])
  )
  return [ink.dim(title), ...body.map((line) => OccurrenceText.coloured(line, ink))]
}

/** As `--json` prints it; instants in ISO 8601, UTC. */
export const json = (one: RecordedOccurrence) => ({
  nominal: Instant.format(one.nominal),
  dueAt: Instant.format(one.dueAt),
  outcome: one.outcome,
  reason: one.reason,
  detail: one.detail,
  covers: one.covers === null ? null : { from: Instant.format(one.covers.from), count: one.covers.count },
  recordedAt: Instant.format(one.recordedAt),
  state: one.state,
  failure: one.failure,
  endedAt: one.endedAt === null ? null : Instant.format(one.endedAt),
  tookMillis: took(one),
  output: one.output,
  deliveryId: one.deliveryId === null ? null : String(one.deliveryId),
  campaignId: one.campaignId
})
