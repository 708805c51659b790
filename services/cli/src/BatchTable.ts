/**
 * Batches in a table, and one batch in full or as it goes.
 */
import { type Counts } from "@fibercast/domain/Counts"
import * as Progress from "@fibercast/engine/Progress"
import { type Batch } from "@fibercast/ports/BatchStore"
import * as CampaignReport from "./CampaignReport.ts"
import * as Figures from "./Figures.ts"
import { type Ink } from "./Ink.ts"
import * as ProgressView from "./ProgressView.ts"
import * as Table from "./Table.ts"

/** As `--json` prints it; instants in ISO 8601, UTC; `share` from 0 to 1. */
export const json = (batch: Batch, now: number) => {
  const { eta, perSecond, settled, share } = Progress.ofBatch(batch, now)
  const { createdAt, endedAt } = batch
  const pace = { settled, share, perSecond, eta }
  return { ...batch, createdAt: CampaignReport.iso(createdAt), endedAt: CampaignReport.iso(endedAt), ...pace }
}

/** What it comes to, and that not all of it has ended. */
const standing = ({ endedAt, status }: Batch): string =>
  status === "running" || endedAt !== null ? status : `${status}, ending`

const figures: ReadonlyArray<readonly [string, (counts: Counts) => number]> = [
  ["done", ({ completed }) => completed],
  ["open", ({ open }) => open],
  ["failed", ({ failed }) => failed],
  ["unknown", ({ unknown }) => unknown],
  ["other", ({ cancelled, expired, skipped }) => skipped + cancelled + expired]
]

const longestName = 24

const below = ({ note }: Batch): ReadonlyArray<string> => (note === null ? [] : [`      ${Table.shown(note)}`])

/** One line each, with its figures, which add up to its jobs; and its note below. */
export const lines = (batches: ReadonlyArray<Batch>): ReadonlyArray<string> => {
  const [title = "", ...rows] = Table.format(
    [
      { title: "id", align: "right" },
      { title: "name", align: "left" },
      { title: "status", align: "left" },
      { title: "stage", align: "right" },
      ...figures.map(([title]) => ({ title, align: "right" as const })),
      { title: "waiting", align: "right" }
    ],
    batches.map((batch) => [
      String(batch.id),
      Table.shownIn(batch.name, longestName),
      standing(batch),
      `${batch.stage}/${batch.stages}`,
      ...figures.map(([, of]) => Figures.amount(of(batch.counts))),
      Figures.amount(batch.waiting)
    ])
  )
  return [title, ...batches.flatMap((batch, at) => [rows[at] ?? "", ...below(batch)])]
}

const allows = ({ allowFailures }: Batch): string =>
  allowFailures === null ? "any number of failures" : Figures.counted(allowFailures, "failure")

const headline = (batch: Batch): string =>
  `(batch ${batch.id}) is ${standing(batch)}${batch.note === null ? "" : `: ${Table.visible(batch.note)}`}`

/** Everything a person may ask of one batch. */
export const full = (batch: Batch, now: number, ink: Ink): ReadonlyArray<string> => {
  const { counts, createdAt, endedAt, stage, stages, waiting } = batch
  const { perSecond, share } = Progress.ofBatch(batch, now)
  return [
    `${ink.bold(Table.shown(batch.name))} ${headline(batch)}`,
    "",
    ...CampaignReport.facts(
      [
        ["law", CampaignReport.law(counts, "done")],
        ["done", `${Figures.percent(share)}${perSecond > 0 ? `, ${Figures.perSecond(perSecond)}` : ""}`],
        [
          "stage",
          `${stage} of ${stages}${waiting === 0 ? "" : `; ${Figures.counted(waiting, "job")} wait for theirs`}`
        ],
        ["allows", allows(batch)],
        ["created", ProgressView.wallTime(createdAt, "UTC")],
        ["ended", endedAt === null ? "not yet" : ProgressView.wallTime(endedAt, "UTC")]
      ],
      ink
    )
  ]
}

const summary = (batch: Batch, now: number): string => {
  const { eta, perSecond } = Progress.ofBatch(batch, now)
  return [
    CampaignReport.law(batch.counts, "done"),
    ...(batch.waiting === 0 ? [] : [`${Figures.amount(batch.waiting)} waiting`]),
    ...(perSecond === 0 ? [] : [Figures.perSecond(perSecond)]),
    ...(eta === null ? [] : [`${Figures.span(eta)} left`])
  ].join(" · ")
}

/** For a terminal of so many columns, while it goes. */
export const view = (batch: Batch, now: number, ink: Ink, columns: number): ReadonlyArray<string> => {
  const { share } = Progress.ofBatch(batch, now)
  return [
    "",
    `  ${ink.bold(Table.shown(batch.name))} ${ink.dim(`${headline(batch)}, stage ${batch.stage} of ${batch.stages}`)}`,
    `  ${ProgressView.bar(share, Math.max(10, Math.min(50, columns - 20)), ink)} ${Figures.percent(share)}`,
    `  ${summary(batch, now)}`,
    ""
  ]
}

/** For a log, while it goes. */
export const line = (batch: Batch, now: number): string =>
  `batch ${batch.id} ${standing(batch)}, stage ${batch.stage}/${batch.stages}, ${Figures.percent(Progress.ofBatch(batch, now).share)}: ${summary(batch, now)}`
