/**
 * What a campaign came to: the conservation law in figures, how fast it went, who was left out, where it all lies.
 */
import { type Campaign } from "@fibercast/domain/Campaign"
import { type Counts, isBalanced } from "@fibercast/domain/Counts"
import { finalStates } from "@fibercast/domain/DeliveryState"
import * as Figures from "./Figures.ts"
import { type Ink } from "./Ink.ts"
import { type Tally, type Written } from "./NotSent.ts"
import * as Table from "./Table.ts"

/** As `--json` prints it. */
export interface CampaignReport {
  readonly campaign: {
    readonly id: number
    readonly name: string
    readonly key: string
    readonly status: Campaign["status"]
    /** Why it is paused or cancelled. */
    readonly note: string | null
    readonly guarantee: string
    readonly pipeline: string
  }
  readonly counts: Counts
  /** planned = completed + failed + skipped + cancelled + expired + unknown + open. */
  readonly balanced: boolean
  /** ISO 8601, UTC. */
  readonly startedAt: string | null
  readonly completedAt: string | null
  /** From the start to the end, pauses included; null before both are known. */
  readonly seconds: number | null
  /** Recipients that were tried per second of that time. */
  readonly perSecond: number | null
  readonly notSent: { readonly file: string | null; readonly rows: number; readonly reasons: Tally }
  /** Where the ledger is: a folder, or host, port and database. */
  readonly database: string
}

/** Deliveries that reached the provider, or may have; not what was skipped, cancelled or expired. */
export const tried = (counts: Counts): number => counts.completed + counts.failed + counts.unknown

export const of = (campaign: Campaign, notSent: Written, database: string): CampaignReport => {
  const { completedAt, counts, startedAt } = campaign
  const seconds = startedAt === null || completedAt === null ? null : (completedAt - startedAt) / 1000
  return {
    campaign: {
      id: campaign.id,
      name: campaign.spec.name,
      key: campaign.key,
      status: campaign.status,
      note: campaign.note,
      guarantee: campaign.spec.guarantee,
      pipeline: campaign.spec.pipeline
    },
    counts,
    balanced: isBalanced(counts),
    startedAt: iso(startedAt),
    completedAt: iso(completedAt),
    seconds,
    perSecond: seconds === null || seconds === 0 ? null : Math.round((tried(counts) / seconds) * 10) / 10,
    notSent: { file: notSent.file, rows: notSent.rows, reasons: notSent.tally },
    database
  }
}

/** ISO 8601, UTC. */
export const iso = (millis: number | null): string | null => (millis === null ? null : new Date(millis).toISOString())

/** The law, as a sum: `5,000 planned = 4,745 sent + 255 skipped`. Terms of 0 are left out. `done`: what is said of completed ones. */
export const law = (counts: Counts, done = "sent"): string => {
  const named: ReadonlyArray<readonly [string, number]> = [
    ...finalStates.map((state) => [state === "completed" ? done : state, counts[state]] as const),
    ["open", counts.open]
  ]
  const terms = named.filter(([name, count]) => count > 0 || name === done)
  return `${Figures.amount(counts.planned)} planned = ${terms
    .map(([name, count]) => `${Figures.amount(count)} ${name}`)
    .join(" + ")}`
}

export const mark = (holds: boolean, ink: Ink): string => (holds ? ink.green("✓") : ink.red("✗"))

/** Facts under short names, aligned. */
export const facts = (pairs: ReadonlyArray<readonly [string, string]>, ink: Ink): ReadonlyArray<string> => {
  const wide = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, text]) => `  ${ink.dim(name.padEnd(wide))}  ${text}`)
}

const shownReasons = 8

/** For a person. */
export const lines = (report: CampaignReport, ink: Ink): ReadonlyArray<string> => {
  const { balanced, campaign, counts, notSent, perSecond, seconds } = report
  const status = campaign.status === "completed" ? ink.green("completed") : ink.yellow(campaign.status)
  const why = campaign.note === null ? "" : `: ${Table.visible(campaign.note)}`
  const speed =
    perSecond === null || seconds === null ? "" : `${Figures.perSecond(perSecond)} over ${Figures.span(seconds * 1000)}`
  return [
    `${ink.bold(Table.shown(campaign.name))} (campaign ${campaign.id}) is ${status}${why}`,
    "",
    ...facts(
      [
        ["law", `${law(counts)} ${mark(balanced, ink)}`],
        ...(speed === "" ? [] : [["speed", speed] as const]),
        ["guarantee", campaign.guarantee],
        ["data", report.database],
        ...(notSent.file === null
          ? []
          : [["not sent", `${Figures.counted(notSent.rows, "row")} in ${notSent.file}`] as const])
      ],
      ink
    ),
    ...reasons(notSent.reasons, ink)
  ]
}

const reasons = (tally: Tally, ink: Ink): ReadonlyArray<string> => {
  if (tally.length === 0) return []
  const more = tally.length - shownReasons
  return [
    "",
    ...Table.format(
      [
        { title: "", align: "right" },
        { title: "", align: "left" },
        { title: "", align: "left" }
      ],
      tally.slice(0, shownReasons).map(({ count, reason, state }) => [`  ${Figures.amount(count)}`, state, reason])
    ).slice(1),
    ...(more > 0 ? [ink.dim(`  and ${Figures.counted(more, "more reason")}`)] : [])
  ]
}
