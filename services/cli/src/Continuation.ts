/**
 * Finds the campaign that a command launched before, so that starting the command again goes on with it instead of
 * sending to the same people twice. A command that asks for the same campaign otherwise (faster, to another file) is
 * refused. `--again` makes the next of a family of campaigns: `key`, `key#2`, `key#3` …
 */
import { type Campaign, isOver } from "@fibercast/domain/Campaign"
import { type Launch } from "@fibercast/engine/Campaigns"
import { AudienceSource } from "@fibercast/ports/AudienceSource"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Duration, Effect, Equal, Schema } from "effect"

/** The campaign of this command was launched with other options, or from another audience. */
export class Changed extends Schema.TaggedError<Changed>()("Changed", {
  campaignId: Schema.Int,
  differs: Schema.Array(Schema.String),
  over: Schema.Boolean
}) {
  override get message(): string {
    const differs = this.differs.join(", ")
    const goOn = this.over
      ? `Campaign ${this.campaignId} did this before, with another ${differs}, and is over.`
      : `Campaign ${this.campaignId} does this already, with another ${differs}. To go on with it, ask for the same as before.`
    return `${goOn} To send as a new campaign, to everybody in the file, add --again. Nothing was sent.`
  }
}

/** Campaigns looked through for a family; older ones are not found. */
const lookedAt = 1000

/** The campaign to go on with, or the key for a new one. */
export type Found = { readonly campaign: Campaign } | { readonly key: string }

const member = (family: string, key: string): number =>
  key === family ? 1 : key.startsWith(`${family}#`) ? Number(/^\d+$/u.exec(key.slice(family.length + 1))?.[0] ?? 0) : 0

export const find = Effect.fn("Continuation.find")(function* (
  launch: Omit<Launch, "key"> & { readonly key: string },
  options: { readonly again: boolean }
) {
  const store = yield* CampaignStore
  const recent = yield* store.list({ workspaceId: launch.workspaceId, limit: lookedAt })
  const family = recent
    .map((campaign) => ({ campaign, number: member(launch.key, campaign.key) }))
    .filter(({ number }) => number > 0)
    .toSorted((a, b) => b.number - a.number)
  const last = family[0]
  if (last === undefined) return { key: launch.key } satisfies Found
  if (options.again && isOver(last.campaign.status)) return { key: `${launch.key}#${last.number + 1}` } satisfies Found
  const differs = yield* differences(last.campaign, launch)
  if (differs.length > 0) {
    return yield* new Changed({ campaignId: last.campaign.id, differs, over: isOver(last.campaign.status) })
  }
  return { campaign: last.campaign } satisfies Found
})

const differences = Effect.fnUntraced(function* ({ audienceHash, spec }: Campaign, launch: Launch) {
  const { hash } = yield* (yield* AudienceSource).open(launch.audience)
  const deadline = launch.deadline === undefined ? null : spec.dueAt + Duration.toMillis(launch.deadline)
  const pairs: ReadonlyArray<readonly [string, unknown, unknown]> = [
    ["template", spec.template, launch.template],
    ["provider", spec.pipeline, launch.pipeline],
    ["audience", [audienceHash, spec.audience], [hash, launch.audience]],
    ["column", spec.addressColumn, launch.addressColumn],
    ["region", spec.region, launch.region ?? null],
    ["rate", spec.rate, launch.rate ?? null],
    ["guarantee", spec.guarantee, launch.guarantee],
    ["time", [spec.wallTime, spec.zone], [launch.at?.wallTime ?? null, launch.at?.zone ?? null]],
    ["deadline", spec.deadline, deadline]
  ]
  return pairs.filter(([, kept, wanted]) => !Equal.equals(kept, wanted)).map(([name]) => name)
})
