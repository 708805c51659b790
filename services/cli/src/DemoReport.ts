/**
 * What the demo came to: the campaign's report, beside what the provider knows and what the script measured.
 */
import * as CampaignReport from "./CampaignReport.ts"
import { type Played } from "./DemoScript.ts"
import * as Figures from "./Figures.ts"
import { type Ink } from "./Ink.ts"
import * as ProviderTruth from "./ProviderTruth.ts"

/** As `--json` prints it. */
export interface DemoReport extends CampaignReport.CampaignReport, Played {
  readonly provider: ProviderTruth.ProviderTruth
  /** Milliseconds from the scheduled instant to the start. */
  readonly late: number
  readonly scheduledFor: string
  /** The law holds, and ledger and provider agree on everybody. */
  readonly ok: boolean
}

export const isOk = (report: Omit<DemoReport, "ok">): boolean =>
  report.balanced &&
  report.campaign.status === "completed" &&
  report.counts.open === 0 &&
  ProviderTruth.isHonest(report.provider)

export const lines = (report: DemoReport, ink: Ink): ReadonlyArray<string> => {
  const { late, outage, pause, provider, scheduledFor } = report
  const doubt = provider.unknown - provider.unknownAccepted
  const good = (holds: boolean) => CampaignReport.mark(holds, ink)
  return [
    ...CampaignReport.lines(report, ink),
    "",
    ink.bold("What the provider says"),
    "",
    ...CampaignReport.facts(
      [
        ["accepted", Figures.counted(provider.accepted, "message")],
        ["duplicates", `${provider.duplicates} ${good(provider.duplicates === 0)}`],
        ["lost", `${provider.lost} ${good(provider.lost === 0)}`],
        ["unaccounted", `${provider.unaccounted} ${good(provider.unaccounted === 0)}`],
        [
          "in doubt",
          `${provider.unknown} without an answer: ${provider.unknownAccepted} had been accepted, ${doubt} not; none was sent again`
        ]
      ],
      ink
    ),
    "",
    ink.bold("What happened on the way"),
    "",
    ...CampaignReport.facts(
      [
        ["start", `scheduled for ${scheduledFor}, began ${late} ms after`],
        [
          "outage",
          `offline for ${Figures.span(outage.offline)}: ${Figures.counted(outage.requests, "request")} to find out, on again ${Figures.span(outage.recovery)} after`
        ],
        [
          "pause",
          `silent after ${pause.millis} ms (${pause.escaped} under way went out); ${pause.requestsWhilePaused} requests in the next ${Figures.span(pause.paused)}`
        ]
      ],
      ink
    )
  ]
}

/** What to try after the demo; `fibercast` is how the program is started. */
export const next = (
  fibercast: string,
  inPlace: (words: string) => string,
  campaignId: number,
  contacts: string
): ReadonlyArray<string> => [
  inPlace(`campaign failures ${campaignId}`),
  `${fibercast} audience check ${contacts} --to phone --region ID`,
  `${fibercast} send --audience ${contacts} --to phone --region ID --template "Halo {{ name }}" --provider log --dry-run`
]
