/**
 * How a campaign stands, for people: a few lines for a terminal, or one line for a log.
 */
import { type Campaign } from "@fibercast/domain/Campaign"
import { finalStates } from "@fibercast/domain/DeliveryState"
import { formatRate } from "@fibercast/domain/Limits"
import { DateTime, Option } from "effect"
import * as Figures from "./Figures.ts"
import { type Ink } from "./Ink.ts"
import * as Paused from "./Paused.ts"
import * as Table from "./Table.ts"

/** Something that keeps the campaign from going on. */
export interface Obstacle {
  readonly what: string
  readonly why: string
  readonly since: number
  /** When it is tried again; null: nobody knows. */
  readonly retryAt: number | null
}

export interface Snapshot {
  readonly campaign: Campaign
  readonly now: number
  /** Per second over the last seconds; null while nobody can say. */
  readonly recent: number | null
  /** Milliseconds for which nothing was tried, though it runs. */
  readonly still: number
  readonly obstacle: Obstacle | null
  /** This process does not work on it: another one does, or held it until it died moments ago. */
  readonly elsewhere: boolean
  /** A command as it can be pasted: `Hint`. */
  readonly command: (words: string) => string
}

/** Recipients that the campaign writes to, and how many of them are settled. Skipped rows are no recipients. */
const reached = ({ counts }: Campaign) => {
  const total = counts.planned - counts.skipped
  return { total, settled: total - counts.open }
}

const share = (campaign: Campaign): number => {
  const { settled, total } = reached(campaign)
  return total === 0 ? 0 : settled / total
}

const eta = ({ campaign, recent }: Snapshot): number | null =>
  campaign.status === "running" && campaign.expanded && recent !== null && recent > 0
    ? (campaign.counts.open / recent) * 1000
    : null

const clockTime = (millis: number): string =>
  DateTime.formatLocal(DateTime.makeUnsafe(millis), { timeStyle: "medium", hourCycle: "h23" })

/** An instant as the campaign's own zone writes it. */
export const wallTime = (millis: number, zone: string): string => {
  const named = Option.getOrElse(DateTime.zoneMakeNamed(zone), () => DateTime.zoneMakeNamedUnsafe("UTC"))
  const iso = DateTime.formatIsoOffset(DateTime.setZone(DateTime.makeUnsafe(millis), named))
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} ${zone}`
}

/** What it is doing now, in a few words. */
const doing = ({ campaign, command, elsewhere, now, obstacle, still }: Snapshot): string => {
  if (obstacle !== null) {
    const again =
      obstacle.retryAt === null ? "" : `, next try in ${Figures.span(Math.max(1000, obstacle.retryAt - now))}`
    return `${obstacle.what} since ${clockTime(obstacle.since)}${again}: ${obstacle.why}`
  }
  const { spec, status } = campaign
  if (status === "paused") {
    return `paused ${Table.visible(campaign.note ?? "")}; \`${command(`campaign ${Paused.isByHand(campaign) ? "resume" : "show"} ${campaign.id}`)}\``
  }
  if (status === "running" && elsewhere) return "held by another process; goes on here when that one stops"
  if (status === "running" && still > 0) return `running; nothing sent for ${Figures.span(still)}`
  if (status !== "scheduled") return status
  if (spec.dueAt > now) {
    const zone = spec.zone ?? "UTC"
    return `starts at ${wallTime(spec.dueAt, zone)}, in ${Figures.span(spec.dueAt - now)}`
  }
  return campaign.expanded ? "starting" : "reading the audience"
}

/** Sent, and every other state that has any, and what is left. */
const states = ({ counts }: Campaign): ReadonlyArray<readonly [string, number]> => [
  ["sent", counts.completed],
  ...finalStates
    .filter((state) => state !== "completed" && counts[state] > 0)
    .map((state) => [state, counts[state]] as const),
  ["open", counts.open]
]

/** So many columns wide; `part` of 1 is done. */
export const bar = (part: number, cells: number, ink: Ink): string => {
  const full = Math.floor(part * cells)
  return ink.green("━".repeat(full)) + ink.dim("─".repeat(cells - full))
}

const urgency = ({ campaign, obstacle }: Snapshot, ink: Ink): ((text: string) => string) =>
  obstacle !== null ? ink.red : campaign.status === "running" ? ink.green : ink.yellow

/** What kind of campaign it is, in so many columns: on a narrow terminal first the pipeline is left out. */
const kind = ({ id, spec }: Campaign, columns: number): string => {
  const pipeline = [spec.pipeline]
  const rate = spec.rate === null ? [] : [`at most ${formatRate(spec.rate)}`]
  const [whole = "", ...shorter] = [pipeline, []].map((first) =>
    [`campaign ${id}`, ...first, spec.guarantee, ...rate].join(" · ")
  )
  return [whole, ...shorter].find((text) => Table.width(text) <= columns) ?? `campaign ${id}`
}

/** Parted at blanks into lines of so many columns; a longer word is left to the screen to cut. */
const wrapped = (text: string, columns: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1) ?? ""} ${word}`
    if (lines.length > 0 && Table.width(longer) <= columns) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

/** For a terminal of so many columns; what does not fit and has no blanks is left to the screen to cut. */
export const lines = (snapshot: Snapshot, ink: Ink, columns: number): ReadonlyArray<string> => {
  const { campaign, recent } = snapshot
  const { spec } = campaign
  const { settled, total } = reached(campaign)
  const remaining = eta(snapshot)
  const name = Table.shown(spec.name)
  const figures = `${Figures.percent(share(campaign))}  ${Figures.amount(settled)} of ${Figures.amount(total)}`
  const pace = [
    ...(recent === null ? [] : [Figures.perSecond(recent)]),
    ...(remaining === null ? [] : [`${Figures.span(remaining)} left`])
  ].join(" · ")
  const colour = (name: string, text: string) =>
    name === "sent" ? ink.green(text) : name === "failed" || name === "unknown" ? ink.red(text) : text
  return [
    "",
    `  ${ink.bold(name)} ${ink.dim(kind(campaign, columns - 4 - Table.width(name)))}`,
    `  ${bar(share(campaign), Math.max(10, Math.min(50, columns - 40)), ink)} ${figures}`,
    `  ${states(campaign)
      .map(([name, count]) => colour(name, `${name} ${Figures.amount(count)}`))
      .join("   ")}`,
    ...wrapped(`${doing(snapshot)}${pace === "" ? "" : ` · ${pace}`}`, columns - 3).map(
      (part) => `  ${urgency(snapshot, ink)(part)}`
    ),
    ""
  ]
}

/** For a log. */
export const line = (snapshot: Snapshot): string => {
  const { campaign, recent } = snapshot
  const remaining = eta(snapshot)
  return [
    `[${clockTime(snapshot.now)}]`,
    Figures.percent(share(campaign)).padStart(7),
    ...states(campaign).map(([name, count]) => `${name} ${Figures.amount(count)}`),
    ...(recent === null ? [] : [Figures.perSecond(recent)]),
    ...(remaining === null ? [] : [`${Figures.span(remaining)} left`]),
    doing(snapshot)
  ].join("  ")
}
