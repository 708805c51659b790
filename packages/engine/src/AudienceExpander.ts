/**
 * The expander reads a campaign's audience once and turns it into deliveries, page by page.
 *
 * A page, its skipped rows and the cursor are one transaction, so a crash in the middle neither
 * loses nor doubles anyone. Memory is bounded by one page, whatever the audience's size. Rows that
 * cannot be written to (unreadable, bad number, no value for the template or the identity) are skipped with a reason.
 */
import * as PhoneNumber from "@fibercast/content/PhoneNumber"
import * as Template from "@fibercast/content/Template"
import { type AudienceRow } from "@fibercast/domain/Audience"
import { type Campaign, type CampaignSpec } from "@fibercast/domain/Campaign"
import { type SkippedRow } from "@fibercast/domain/Recipient"
import { AudienceSource, AudienceUnreadable } from "@fibercast/ports/AudienceSource"
import { type AppendedRecipient, type CampaignNotFound, CampaignStore } from "@fibercast/ports/CampaignStore"
import { Clock, Effect, Result, Stream } from "effect"
import { untilReachable } from "./Ownership.ts"

/** Rows in one transaction. */
export const pageSize = 1000

type Judged = AppendedRecipient | SkippedRow

export const isSkipped = (judged: Judged): judged is SkippedRow => "reason" in judged

/** One row: who to write to, or why not. */
export const judge = (
  row: AudienceRow,
  spec: Pick<CampaignSpec, "addressColumn" | "identityColumn" | "region">,
  template: Template.Template
): Judged => {
  if (row._tag === "Bad") return { row: row.row, input: row.input, reason: row.reason }
  const input = row.columns[spec.addressColumn] ?? ""
  const number = PhoneNumber.parse(input, spec.region ?? undefined)
  if (Result.isFailure(number)) return { row: row.row, input, reason: number.failure.reason }
  const missing = template.required.find((variable) => (row.columns[variable] ?? "").trim() === "")
  if (missing !== undefined) return { row: row.row, input, reason: `no value for {{ ${missing} }}` }
  const address = number.success.e164
  const payload = JSON.stringify({ row: row.row, address, columns: row.columns })
  if (spec.identityColumn === undefined) return { row: row.row, address, payload }
  const identity = (row.columns[spec.identityColumn] ?? "").trim()
  if (identity === "") return { row: row.row, input, reason: `no value in column ${spec.identityColumn}` }
  return { row: row.row, address, identity, payload }
}

/**
 * Read the rest of the audience. Ends when all of it is written; run again after a crash, it goes on. `paged` is told how many
 * recipients each page had.
 */
export const run = Effect.fnUntraced(function* (
  campaign: Campaign,
  paged: (recipients: number) => Effect.Effect<void>
): Effect.fn.Return<void, AudienceUnreadable | CampaignNotFound, AudienceSource | CampaignStore> {
  const store = yield* CampaignStore
  const audience = yield* (yield* AudienceSource).open(campaign.spec.audience)
  if (audience.hash !== campaign.audienceHash) {
    return yield* new AudienceUnreadable({
      source: `audience of campaign ${campaign.id}`,
      reason: `it changed after the launch, with ${campaign.expandedRows} rows read. Cancel the campaign, or put the former content back and resume it.`
    })
  }
  const template = Template.compile(campaign.spec.template)
  if (Result.isFailure(template)) return yield* Effect.die(template.failure)
  let from = campaign.expandedRows

  const append = Effect.fnUntraced(function* (rows: ReadonlyArray<AudienceRow>, last: boolean) {
    const judged = rows.map((row) => judge(row, campaign.spec, template.success))
    const to = rows.at(-1)?.row ?? from
    const recipients = judged.filter((one): one is AppendedRecipient => !isSkipped(one))
    const skipped = judged.filter(isSkipped)
    const now = yield* Clock.currentTimeMillis
    yield* untilReachable(store.append({ campaignId: campaign.id, from, to, last, recipients, skipped, now }))
    from = to
    yield* paged(recipients.length)
  })

  yield* audience.rows(from).pipe(
    Stream.rechunk(pageSize),
    Stream.runForEachArray((rows) => append(rows, false))
  )
  yield* append([], true)
})
