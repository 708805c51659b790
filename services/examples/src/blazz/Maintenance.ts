/**
 * What Blazz does to stay well: it measures what is still to be sent, and forgets requests that were answered long ago.
 */
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Clock, Effect } from "effect"
import { Requests } from "./Requests.ts"

/** More messages than this, open at once, are worth a warning. */
export const tooMany = 10_000

/** How long an answered request is kept, in milliseconds. */
export const kept = 72 * 3_600_000

/** How many messages the campaigns that have begun have still to send. */
export const measure = Effect.fn("Maintenance.measure")(function* () {
  const store = yield* CampaignStore
  const workspaces = yield* store.activeWorkspaces(yield* Clock.currentTimeMillis)
  const active = yield* Effect.forEach(workspaces, ({ workspaceId }) => store.active(workspaceId))
  const begun = active.flat().filter(({ startedAt }) => startedAt !== null)
  const open = begun.reduce((sum, { counts }) => sum + counts.open, 0)
  const found = `${open} messages of ${begun.length} campaigns in ${workspaces.length} workspaces are open`
  if (open > tooMany) yield* Effect.logWarning(`too many: ${found}`)
  return found
})

export const prune = Effect.fn("Maintenance.prune")(function* () {
  const { prune } = yield* Requests
  return `${yield* prune((yield* Clock.currentTimeMillis) - kept)} requests are forgotten`
})
