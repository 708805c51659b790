/**
 * Finds the campaign that a command launched before, so that starting the command again goes on with it instead of
 * sending to the same people twice. A command that asks for the same campaign otherwise (faster, later, to another
 * file) is refused, and so is another campaign to a file that one is still being sent to. `--again` makes the next of a
 * family of campaigns: `key`, `key#2`, `key#3` …
 */
import { type Campaign, isOver } from "@fibercast/domain/Campaign"
import { type Launch } from "@fibercast/engine/CampaignLaunch"
import { AudienceSource } from "@fibercast/ports/AudienceSource"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Duration, Effect, Equal, Schema } from "effect"
import * as Figures from "./Figures.ts"
import { Hint } from "./Hint.ts"

/** The campaign of this command was launched with other options, or from another audience. */
export class Changed extends Schema.TaggedError<Changed>()("Changed", {
  campaignId: Schema.Int,
  differs: Schema.Array(Schema.String),
  /** `paused, 538 sent`. */
  standing: Schema.String,
  /** The command that ends it; null: it is over. */
  cancel: Schema.NullOr(Schema.String)
}) {
  override get message(): string {
    const differs = this.differs.join(", ")
    if (this.cancel === null) {
      return (
        `Campaign ${this.campaignId} did this before, with another ${differs}, and is ${this.standing}. ` +
        "To send as a new campaign, to everybody in the file, add --again. Nothing was sent."
      )
    }
    return (
      `Campaign ${this.campaignId} does this already, with another ${differs}, and is ${this.standing}. ` +
      `To go on with it, ask for the same as before. To send as a new campaign, to everybody in the file, end it with ` +
      `\`${this.cancel}\` and add --again${this.differs.includes("audience") ? ", or give the new one a --key of its own" : ""}. ` +
      "Nothing was sent."
    )
  }
}

/** Another campaign for the same audience is not over: whoever is in it would be sent to by both. */
export class Unfinished extends Schema.TaggedError<Unfinished>()("Unfinished", {
  campaignId: Schema.Int,
  standing: Schema.String,
  cancel: Schema.String
}) {
  override get message(): string {
    return (
      `Campaign ${this.campaignId} for this file is ${this.standing}. Go on with its own command, end it with ` +
      `\`${this.cancel}\`, or add --again to send this one besides. Nothing was sent.`
    )
  }
}

/** Campaigns looked through for a family; older ones are not found. */
const lookedAt = 1000

/** The campaign to go on with, or the key for a new one. */
export type Found = { readonly campaign: Campaign } | { readonly key: string }

const member = (family: string, key: string): number =>
  key === family ? 1 : key.startsWith(`${family}#`) ? Number(/^\d+$/u.exec(key.slice(family.length + 1))?.[0] ?? 0) : 0

/** In a few words, how far it is. */
export const standing = ({ counts, status }: Campaign): string => `${status}, ${Figures.amount(counts.completed)} sent`

export const find = Effect.fn("Continuation.find")(function* (
  launch: Omit<Launch, "key"> & { readonly key: string },
  options: { readonly again: boolean }
) {
  const store = yield* CampaignStore
  // Read before the list: a campaign that another process launches in between is found there as this command's own.
  const active = yield* store.active(launch.workspaceId)
  const recent = yield* store.list({ workspaceId: launch.workspaceId, limit: lookedAt })
  const family = recent
    .map((campaign) => ({ campaign, number: member(launch.key, campaign.key) }))
    .filter(({ number }) => number > 0)
    .toSorted((a, b) => b.number - a.number)
  const last = family[0]
  if (last === undefined) {
    if (!options.again) yield* refuseBeside(launch, active)
    return { key: launch.key } satisfies Found
  }
  const over = isOver(last.campaign.status)
  if (options.again && over) return { key: `${launch.key}#${last.number + 1}` } satisfies Found
  const differs = yield* differences(last.campaign, launch)
  if (differs.length > 0) {
    const { id: campaignId } = last.campaign
    const cancel = over ? null : (yield* Hint).command(`campaign cancel ${campaignId}`)
    return yield* new Changed({ campaignId, differs, standing: standing(last.campaign), cancel })
  }
  return { campaign: last.campaign } satisfies Found
})

/** Refuses a new campaign while another one for the same file, by its place or by its content, is not over. */
const refuseBeside = Effect.fnUntraced(function* (launch: Launch, active: ReadonlyArray<Campaign>) {
  const { hash } = yield* (yield* AudienceSource).open(launch.audience)
  const other = active.find(
    ({ audienceHash, spec, status }) =>
      !isOver(status) && (audienceHash === hash || Equal.equals(spec.audience, launch.audience))
  )
  if (other === undefined) return
  const cancel = (yield* Hint).command(`campaign cancel ${other.id}`)
  return yield* new Unfinished({ campaignId: other.id, standing: standing(other), cancel })
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
