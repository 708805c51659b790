/**
 * Doubts are what the former owner of a workspace had begun and not settled when it was lost: they are `unknown` since this
 * actor took over, and it tells people of them, as of what it has settled itself.
 *
 * They are taken from the Ledger by the page, and the next page once all of the last is told. So each is told once, at most
 * `page` are in memory, and those that nobody has taken survive whatever happens to this actor. When it dies in the midst of
 * a page, the rest of that page is not told.
 *
 * What is of a pipeline that is not known here is left to others for a while; then its alert is raised here, and its
 * failure hook, which only its pipeline knows, does not run, with a word in the log.
 */
import { type DeliveryContext } from "./DeliveryContext.ts"
import { type Campaign } from "@fibercast/domain/Campaign"
import { type Doubt } from "@fibercast/ports/Doubt"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger, strangeWait } from "@fibercast/ports/Ledger"
import { type EpochLost } from "@fibercast/ports/Owned"
import { Effect, Latch } from "effect"
import { type Hooks } from "./Hooks.ts"
import { type Ownership, untilReachable } from "./Ownership.ts"
import { type Ending } from "./Runnable.ts"

const page = 100

export interface Doubts {
  /** Whether some are being told. */
  readonly isTelling: () => boolean
  /** Tells all there are, and once more those that others have left; fails when another owner took over. */
  readonly run: Effect.Effect<void, EpochLost, Ledger | CampaignStore>
}

export const make = (options: {
  readonly ownership: Ownership
  readonly hooks: Hooks
  readonly pipelines: ReadonlyArray<string>
  /** Raises the alerts; answers the failure hook. */
  readonly tell: (context: DeliveryContext, ending: Ending) => Effect.Effect<Effect.Effect<void>>
}): Doubts => {
  const { hooks, ownership, pipelines } = options
  const { workspaceId } = ownership
  let telling = true

  const campaignOf = Effect.fnUntraced(function* ({ delivery: { campaignId } }: Doubt, known: Map<number, Campaign>) {
    if (campaignId === null) return null
    const store = yield* CampaignStore
    const campaign =
      known.get(campaignId) ??
      (yield* untilReachable(store.get(workspaceId, campaignId)).pipe(
        Effect.catchTag("CampaignNotFound", () => Effect.succeed(null))
      ))
    if (campaign !== null) known.set(campaignId, campaign)
    return campaign
  })

  const tellAll = Effect.fnUntraced(function* (doubts: ReadonlyArray<Doubt>) {
    const campaigns = new Map<number, Campaign>()
    const told = Latch.makeUnsafe(false)
    let left = doubts.length
    const ended = Effect.sync(() => {
      if (--left === 0) told.openUnsafe()
    })
    for (const doubt of doubts) {
      const { delivery, reason } = doubt
      const campaign = yield* campaignOf(doubt, campaigns)
      const context = { workspaceId, delivery, campaign, attempt: delivery.attempt + 1 }
      if (!pipelines.includes(delivery.pipeline)) {
        yield* Effect.logWarning(
          `no failure hook of ${delivery.pipeline} runs for ${delivery.id}: it is not known here`
        )
      }
      yield* hooks.room
      const hook = yield* options.tell(context, { state: "unknown", errorClass: "unknown", reason })
      hooks.add(Effect.ensuring(hook, ended))
    }
    yield* told.await
  })

  const round = Effect.gen(function* () {
    const ledger = yield* Ledger
    for (;;) {
      const doubts = yield* untilReachable(
        Effect.suspend(() => ledger.takeDoubts({ ...ownership.proof, limit: page, pipelines }))
      )
      if (doubts.length === 0) break
      telling = true
      yield* tellAll(doubts)
    }
    telling = false
  })

  return { isTelling: () => telling, run: Effect.andThen(Effect.andThen(round, Effect.sleep(strangeWait)), round) }
}
