/**
 * What a campaign would do, without doing any of it: who would get which message, who would be skipped and why, when
 * it would begin and how long it would take. Rows are judged as the engine judges them.
 *
 * Holds the counts, the first messages and `FirstRows`, however long the audience.
 */
import { type CsvRow } from "@fibercast/content/CsvAudience"
import * as Template from "@fibercast/content/Template"
import { formatRate, type Rate } from "@fibercast/domain/Limits"
import * as AudienceExpander from "@fibercast/engine/AudienceExpander"
import { mask } from "@fibercast/messengers/Log"
import { Result } from "effect"
import * as CampaignReport from "./CampaignReport.ts"
import * as Figures from "./Figures.ts"
import * as FirstRows from "./FirstRows.ts"
import { type Ink } from "./Ink.ts"
import * as ProgressView from "./ProgressView.ts"
import * as Table from "./Table.ts"

/** As `--json` prints it. */
export interface Preview {
  readonly dryRun: true
  readonly rows: number
  readonly sendable: number
  readonly skipped: ReadonlyArray<{ readonly reason: string; readonly count: number }>
  /** The first ones; numbers are masked. */
  readonly messages: ReadonlyArray<{ readonly row: number; readonly to: string; readonly text: string }>
  readonly starts: {
    readonly utc: string
    readonly zone: string
    readonly wallTime: string
    /** The time that was asked for; null: at once. */
    readonly asked: string | null
  }
  /** Milliseconds at the given rate; null without one. */
  readonly takes: number | null
}

const shownMessages = 3

export interface Judge {
  readonly add: (row: CsvRow) => void
  readonly preview: (options: {
    readonly startsAt: number
    readonly zone: string
    /** The wall time that was asked for. */
    readonly asked: string | null
    readonly rate: Rate | undefined
  }) => Preview
}

export const make = (options: {
  readonly column: string
  readonly region: string | undefined
  readonly template: Template.Template
}): Judge => {
  const { column, region, template } = options
  const seen = FirstRows.make()
  const reasons = new Map<string, number>()
  const messages: Array<Preview["messages"][number]> = []
  let [rows, sendable] = [0, 0]

  /** Why the row would be skipped; null: it would be sent. */
  const judge = (row: CsvRow): string | null => {
    const judged = AudienceExpander.judge(row, { addressColumn: column, region: region ?? null }, template)
    if (AudienceExpander.isSkipped(judged)) return judged.reason
    if (row._tag === "Bad") return row.reason
    if (seen.visit(judged.address, row.row) !== undefined) return "same number as an earlier row"
    const text = Template.render(template, row.columns)
    if (Result.isFailure(text)) return text.failure.message
    if (messages.length < shownMessages) {
      messages.push({ row: row.row, to: mask(judged.address), text: text.success })
    }
    return null
  }

  return {
    add: (row) => {
      rows += 1
      const reason = judge(row)
      if (reason === null) sendable += 1
      else reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    },
    preview: ({ asked, rate, startsAt, zone }) => ({
      dryRun: true,
      rows,
      sendable,
      skipped: Array.from(reasons, ([reason, count]) => ({ reason, count })).toSorted((a, b) => b.count - a.count),
      messages,
      starts: { utc: new Date(startsAt).toISOString(), zone, wallTime: ProgressView.wallTime(startsAt, zone), asked },
      takes: rate === undefined ? null : (sendable / rate.permits) * rate.per
    })
  }
}

const shownReasons = 10

/** What else there is to say: which campaign goes on, what would go wrong. */
export interface Told {
  readonly found: string | null
  readonly warnings: ReadonlyArray<string>
}

/** The time that was asked for, where clocks skip it: what it means then. */
export const skippedTime = (asked: string, wallTime: string): string | null =>
  wallTime.startsWith(asked.trim().replace("T", " ").slice(0, 16))
    ? null
    : `${asked} does not exist there: clocks are put forward. It means ${wallTime}.`

const begins = ({ asked, utc, wallTime }: Preview["starts"]): string =>
  asked === null ? "at once" : `${wallTime} (${utc.slice(0, 19)}Z)`

/** For a person. `file` as the user wrote it. */
export const lines = (
  file: string,
  preview: Preview,
  rate: Rate | undefined,
  told: Told,
  ink: Ink
): ReadonlyArray<string> => {
  const { messages, rows, sendable, skipped, starts, takes } = preview
  const more = skipped.length - shownReasons
  const skippedHour = starts.asked === null ? null : skippedTime(starts.asked, starts.wallTime)
  const warnings = [...(skippedHour === null ? [] : [skippedHour]), ...told.warnings]
  return [
    `${ink.bold("Dry run")}: nothing is sent and nothing is written`,
    "",
    ...CampaignReport.facts(
      [
        ["audience", `${Table.shown(file)}, ${Figures.counted(rows, "row")}`],
        ...(told.found === null ? [] : [["campaign", told.found] as const]),
        ["would send", Figures.counted(sendable, "message")],
        ["would skip", Figures.counted(rows - sendable, "row")],
        ["starts", begins(starts)],
        [
          "takes",
          rate === undefined || takes === null
            ? "no rate is set: as fast as the provider answers"
            : `about ${Figures.span(takes)} at ${formatRate(rate)}`
        ]
      ],
      ink
    ),
    ...(warnings.length === 0 ? [] : ["", ...warnings.map((warning) => ink.yellow(`! ${warning}`))]),
    ...(skipped.length === 0 ? [] : ["", "Skipped"]),
    ...Table.format(
      [
        { title: "", align: "right" },
        { title: "", align: "left" }
      ],
      skipped.slice(0, shownReasons).map(({ count, reason }) => [`  ${Figures.amount(count)}`, reason])
    ).slice(1),
    ...(more > 0 ? [`  and ${Figures.counted(more, "more reason")}`] : []),
    ...messages.flatMap(({ row, text, to }) => [
      "",
      ink.dim(`To ${to} (row ${row})`),
      ...text.split("\n").map((part) => `  ${part}`)
    ])
  ]
}
