/**
 * A stint is a run of an engine that ends by itself: when its allowance is used up, when nothing is due, at an instant, or
 * when the process has grown too large.
 *
 * Callers may rely on this: once it is over nothing more is begun, and what had been begun has ended, however long that
 * took; its outcome is written at the latest when the engine is closed.
 */
import { type Campaign } from "@fibercast/domain/Campaign"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { type DueWorkspace, type Ledger } from "@fibercast/ports/Ledger"
import { WorkspaceRuntime } from "@fibercast/ports/WorkspaceRuntime"
import { Clock, Effect, Schedule } from "effect"
import * as Activity from "./Activity.ts"
import { Allowance } from "./Allowance.ts"
import * as DueWorkspaces from "./DueWorkspaces.ts"
import { EngineConfig } from "./EngineConfig.ts"
import { untilReachable } from "./Ownership.ts"
import { Pipelines } from "./Pipelines.ts"

/** Why it is over. */
export type Over = "deliveries" | "empty" | "time" | "memory"

export interface Terms {
  /** It is over when nothing is due that this engine could do. */
  readonly whenEmpty: boolean
  /** It is over at this instant, in epoch milliseconds; null: at none. */
  readonly until: number | null
  /** It is over when more is `used`; in bytes. */
  readonly memory: { readonly most: number; readonly used: Effect.Effect<number> } | null
}

/** Between two looks, in milliseconds. */
const looking = { sends: 50, memory: 1000 }

/** It is read, started or ended by an actor at once, of which more work may come. */
const isStirring = (campaign: Campaign, now: number): boolean => {
  const { counts, expanded, spec, status } = campaign
  if (status === "scheduled") return spec.dueAt <= now
  return status === "running" && (!expanded || counts.open === 0)
}

const isEmpty = Effect.gen(function* () {
  const activity = yield* Activity.Activity
  const campaigns = yield* CampaignStore
  const { lanes, workspace } = yield* EngineConfig
  const { names } = yield* Pipelines
  const running = yield* (yield* WorkspaceRuntime).running
  const now = yield* Clock.currentTimeMillis
  /** What another process has is its to do. */
  const isOurs = ({ ownedUntil, owner, workspaceId }: DueWorkspace) =>
    (workspace === null || workspaceId === workspace) &&
    (running.includes(workspaceId) || owner === null || (ownedUntil ?? 0) <= now)
  if (Activity.sending(activity) > 0) return false
  if ((yield* DueWorkspaces.find(now, now)).some(isOurs)) return false
  for (const found of yield* campaigns.activeWorkspaces(now, names)) {
    if (!isOurs(found)) continue
    const active = yield* campaigns.active(found.workspaceId)
    const served = active.filter(({ spec }) => lanes.includes(spec.lane) && names.includes(spec.pipeline))
    if (served.some((campaign) => isStirring(campaign, now))) return false
  }
  return true
})

/** Returns once it is so. */
const once = <E, R>(look: Effect.Effect<boolean, E, R>, every: number) =>
  Effect.repeat(look, { schedule: Schedule.spaced(every), until: (isSo) => isSo })

/** Returns once it is over, by the first of its terms. To be run beside the engine, with the same allowance. */
export const over = Effect.fnUntraced(function* ({
  memory,
  until,
  whenEmpty
}: Terms): Effect.fn.Return<Over, never, Ledger | CampaignStore | Pipelines | WorkspaceRuntime> {
  const allowance = yield* Allowance
  const activity = yield* Activity.Activity
  const { poll } = yield* EngineConfig
  const now = yield* Clock.currentTimeMillis
  const ends: ReadonlyArray<Effect.Effect<Over, never, Ledger | CampaignStore | Pipelines | WorkspaceRuntime>> = [
    Effect.as(allowance.spent, "deliveries"),
    ...(until === null ? [] : [Effect.as(Effect.sleep(Math.max(0, until - now)), "time" as const)]),
    ...(memory === null
      ? []
      : [
          Effect.as(
            once(
              Effect.map(memory.used, (used) => used > memory.most),
              looking.memory
            ),
            "memory" as const
          )
        ]),
    ...(whenEmpty ? [Effect.as(once(untilReachable(isEmpty), poll), "empty" as const)] : [])
  ]
  const why = yield* Effect.raceAllFirst(ends)
  allowance.end()
  yield* once(
    Effect.sync(() => Activity.sending(activity) === 0),
    looking.sends
  )
  return why
})
