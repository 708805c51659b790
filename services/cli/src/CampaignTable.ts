/**
 * Campaigns in a table, and one campaign in full.
 */
import { type Campaign } from "@fibercast/domain/Campaign"
import { formatRate } from "@fibercast/domain/Limits"
import * as CampaignReport from "./CampaignReport.ts"
import * as Figures from "./Figures.ts"
import { type Ink } from "./Ink.ts"
import * as ProgressView from "./ProgressView.ts"
import * as Table from "./Table.ts"

/** As `--json` prints it. */
export const json = (campaign: Campaign) => {
  const { audienceHash: _audience, templateHash: _template, ...rest } = campaign
  return rest
}

export const lines = (campaigns: ReadonlyArray<Campaign>): ReadonlyArray<string> =>
  Table.format(
    [
      { title: "id", align: "right" },
      { title: "name", align: "left" },
      { title: "status", align: "left" },
      { title: "planned", align: "right" },
      { title: "sent", align: "right" },
      { title: "open", align: "right" },
      { title: "failed", align: "right" },
      { title: "skipped", align: "right" },
      { title: "due", align: "left" },
      { title: "note", align: "left" }
    ],
    campaigns.map(({ counts, id, note, spec, status }) => [
      String(id),
      spec.name,
      status,
      Figures.amount(counts.planned),
      Figures.amount(counts.completed),
      Figures.amount(counts.open),
      Figures.amount(counts.failed + counts.unknown + counts.expired),
      Figures.amount(counts.skipped + counts.cancelled),
      ProgressView.wallTime(spec.dueAt, spec.zone ?? "UTC"),
      note ?? ""
    ])
  )

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
