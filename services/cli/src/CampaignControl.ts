/**
 * Pauses, resumes and cancels a campaign from a process that does not run it. The process that does looks at the
 * store once a second; without one, a cancel is carried out here.
 */
import { type Campaign, type CampaignStatus } from "@fibercast/domain/Campaign"
import { Database } from "@fibercast/node/Database"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { Clock, Effect, Random } from "effect"
import * as Paused from "./Paused.ts"

export type Verb = "pause" | "resume" | "cancel"

const moves: Readonly<Record<Verb, { readonly from: ReadonlyArray<CampaignStatus>; readonly to: CampaignStatus }>> = {
  pause: { from: ["scheduled", "running"], to: "paused" },
  resume: { from: ["paused"], to: "running" },
  cancel: { from: ["scheduled", "running", "paused"], to: "cancelled" }
}

/** Seconds to wait for the process that runs the campaign to carry a cancel out; longer than a dead one's lease. */
const patience = 20

/** Deliveries cancelled at once. */
const page = 2000

/** The campaign as it stands afterwards, and whether it was moved by this. */
export const carryOut = Effect.fn("CampaignControl.carryOut")(function* (verb: Verb, before: Campaign, why?: string) {
  const store = yield* CampaignStore
  const now = yield* Clock.currentTimeMillis
  const { id: campaignId, workspaceId } = before
  const { from, to } = moves[verb]
  const note = verb === "resume" ? null : Paused.byHand(why)
  const after = yield* store.transition({ workspaceId, campaignId, from, to, note, now })
  // A cancel that nobody has carried out to the end is carried on with.
  const unfinished = verb === "cancel" && before.counts.open > 0
  const moved = after.status === to && (before.status !== to || unfinished)
  if (verb !== "cancel" || !moved) return { campaign: after, moved }
  for (let waited = 0; waited < patience; waited++) {
    yield* cancelHere(after)
    if ((yield* store.get(workspaceId, campaignId)).counts.open === 0) break
    yield* Effect.sleep("1 second")
  }
  return { campaign: yield* store.get(workspaceId, campaignId), moved }
})

/** Settles what is open as cancelled, unless another process holds the workspace: that one does so itself. */
const cancelHere = Effect.fnUntraced(function* ({ id: campaignId, note, workspaceId }: Campaign) {
  const ledger = yield* Ledger
  const { alone } = yield* Database
  const owner = `cli/${(yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)).toString(36)}`
  const now = yield* Clock.currentTimeMillis
  const taken = ledger.takeOver({ workspaceId, owner, now, lease: 15_000, force: alone })
  yield* taken.pipe(
    Effect.flatMap(({ epoch }) => {
      const owned = Effect.map(Clock.currentTimeMillis, (now) => ({ workspaceId, epoch, now }))
      const some = Effect.flatMap(owned, (proof) =>
        ledger.cancel({ ...proof, campaignId, limit: page, reason: note ?? "it was cancelled" })
      )
      const all: typeof some = Effect.flatMap(some, (count) => (count === 0 ? Effect.succeed(0) : all))
      return Effect.ensuring(all, Effect.ignore(Effect.flatMap(owned, ledger.abandon)))
    }),
    Effect.catchTag(["WorkspaceHeld", "EpochLost"], () => Effect.void)
  )
})
