/**
 * Campaigns in a table, and one campaign in full.
 */
import { type Campaign } from "@fibercast/domain/Campaign"
import { type Counts } from "@fibercast/domain/Counts"
import { formatRate } from "@fibercast/domain/Limits"
import * as CampaignReport from "./CampaignReport.ts"
import * as Figures from "./Figures.ts"
import { type Ink } from "./Ink.ts"
import * as ProgressView from "./ProgressView.ts"
import * as Table from "./Table.ts"

/** As `--json` prints it; instants in ISO 8601, UTC. */
export const json = (campaign: Campaign) => {
  const { audienceHash: _audience, templateHash: _template, ...rest } = campaign
  const { completedAt, createdAt, spec, startedAt } = campaign
  return {
    ...rest,
    spec: { ...spec, dueAt: CampaignReport.iso(spec.dueAt), deadline: CampaignReport.iso(spec.deadline) },
    createdAt: CampaignReport.iso(createdAt),
    startedAt: CampaignReport.iso(startedAt),
    completedAt: CampaignReport.iso(completedAt)
  }
}

/** Terminal columns that the table may take. */
const widest = 80
const shortestName = 8

const figures: ReadonlyArray<readonly [string, (counts: Counts) => number]> = [
  ["sent", ({ completed }) => completed],
  ["open", ({ open }) => open],
  ["failed", ({ failed }) => failed],
  ["unknown", ({ unknown }) => unknown],
  ["other", ({ cancelled, expired, skipped }) => skipped + cancelled + expired]
]

/** Under a campaign: when it is due, if it has not begun, and its note. */
const below = ({ note, spec, status }: Campaign): ReadonlyArray<string> => {
  const due = status === "scheduled" ? [`due ${ProgressView.wallTime(spec.dueAt, spec.zone ?? "UTC")}`] : []
  const told = [...due, ...(note === null ? [] : [note])].join("; ")
  return told === "" ? [] : [`      ${Table.shown(told)}`]
}

/** One line each, at most 80 columns wide, with its figures, which add up to what was planned; and one below if there is more. */
export const lines = (campaigns: ReadonlyArray<Campaign>): ReadonlyArray<string> => {
  const rows = (nameWidth: number) =>
    Table.format(
      [
        { title: "id", align: "right" },
        { title: "name", align: "left" },
        { title: "status", align: "left" },
        ...figures.map(([title]) => ({ title, align: "right" as const }))
      ],
      campaigns.map(({ counts, id, spec, status }) => [
        String(id),
        Table.shownIn(spec.name, nameWidth),
        status,
        ...figures.map(([, of]) => Figures.amount(of(counts)))
      ])
    )
  const wide = Math.max(...rows(Table.maxWidth).map(Table.width))
  const longest = Math.max(...campaigns.map(({ spec }) => Table.width(Table.shown(spec.name))))
  const [title = "", ...rest] = rows(Math.max(shortestName, longest - Math.max(0, wide - widest)))
  return [title, ...campaigns.flatMap((campaign, at) => [rest[at] ?? "", ...below(campaign)])]
}

/** Everything a person may ask of one campaign. */
export const full = (campaign: Campaign, ink: Ink): ReadonlyArray<string> => {
  const { completedAt, counts, createdAt, epoch, expanded, expandedRows, id, key, note, spec, startedAt, status } =
    campaign
  const zone = spec.zone ?? "UTC"
  const at = (millis: number | null) => (millis === null ? "not yet" : ProgressView.wallTime(millis, zone))
  const audience = spec.audience._tag === "Csv" ? spec.audience.path : spec.audience._tag
  return [
    `${ink.bold(Table.shown(spec.name))} (campaign ${id}) is ${status}${note === null ? "" : `: ${Table.visible(note)}`}`,
    "",
    ...CampaignReport.facts(
      [
        ["law", CampaignReport.law(counts)],
        [
          "audience",
          `${audience}, column ${spec.addressColumn}; ${Figures.counted(expandedRows, "row")} read${expanded ? "" : " so far"}`
        ],
        ["template", Table.visible(spec.template)],
        ["pipeline", `${spec.pipeline}, ${spec.guarantee}, lane ${spec.lane}`],
        ["rate", spec.rate === null ? "no limit of its own" : `at most ${formatRate(spec.rate)}`],
        ["created", at(createdAt)],
        ["due", at(spec.dueAt)],
        ...(spec.deadline === null ? [] : [["deadline", at(spec.deadline)] as const]),
        ["started", at(startedAt)],
        ["completed", at(completedAt)],
        ["key", Table.shown(key)],
        ["epoch", String(epoch)]
      ],
      ink
    )
  ]
}
