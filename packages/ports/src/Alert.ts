/**
 * An alert is what people must know of: each kind with what is needed to say it, and to act on it.
 */
import { type Lane } from "@fibercast/domain/Lane"

export type Alert =
  /** A delivery used up its tries, or cannot succeed. */
  | {
      readonly _tag: "DeliveryFailed"
      /** `unknown`: nobody can say whether it was done. */
      readonly state: "failed" | "unknown"
      readonly workspaceId: number
      readonly deliveryId: bigint
      readonly campaignId: number | null
      readonly pipeline: string
      readonly reason: string
    }
  /** The due time passed and nothing was sent. */
  | {
      readonly _tag: "CampaignOverdue"
      readonly workspaceId: number
      readonly campaignId: number
      readonly lateMillis: number
    }
  /** A campaign was paused by the engine. */
  | {
      readonly _tag: "CampaignHeld"
      readonly workspaceId: number
      readonly campaignId: number
      readonly reason: string
    }
  /** The allowed share of a campaign fails, or of the latest background jobs of a pipeline. */
  | {
      readonly _tag: "HighFailureRate"
      readonly workspaceId: number
      /** One of the two is null. */
      readonly campaignId: number | null
      readonly pipeline: string | null
      readonly failed: number
      readonly settled: number
    }
  /** Due work of a lane has waited for too long, although its workspace is worked. */
  | {
      readonly _tag: "LongWait"
      readonly workspaceId: number
      readonly lane: Lane
      /** Of the work that has waited longest: since when, and for how long. */
      readonly dueAt: number
      readonly waitedMillis: number
      /** What it waits for; null: not known. */
      readonly reason: string | null
    }
  /** As much work of a pipeline is open as may be; more is refused. */
  | { readonly _tag: "BacklogFull"; readonly workspaceId: number; readonly pipeline: string; readonly cap: number }
  /** The provider refuses the whole account. */
  | { readonly _tag: "AccountBroken"; readonly workspaceId: number; readonly account: string; readonly reason: string }
  /** The workspace crashes again and again and was set aside. */
  | { readonly _tag: "WorkspaceQuarantined"; readonly workspaceId: number; readonly reason: string }
  /** Occurrences of a trigger were not run in time, and will not be. */
  | {
      readonly _tag: "OccurrencesMissed"
      readonly workspaceId: number
      readonly trigger: string
      readonly count: number
      /** The first and the last of them: nominal times. */
      readonly from: number
      readonly to: number
      readonly reason: string
    }
  /** Nominal times that the schedulers have passed by, or that none of them can decide on, are without a record. */
  | {
      readonly _tag: "OccurrenceGap"
      readonly workspaceId: number
      readonly trigger: string
      readonly count: number
      readonly from: number
      readonly to: number
    }
  /** An occurrence could not be run as it is defined, or a trigger cannot be decided on. */
  | { readonly _tag: "TriggerRefused"; readonly workspaceId: number; readonly trigger: string; readonly reason: string }
  /** Triggers stand, and no scheduler has passed for too long. */
  | {
      readonly _tag: "SchedulerDead"
      /** Whose triggers nobody schedules; null: those defined at run time. */
      readonly app: string | null
      readonly triggers: number
      /** Milliseconds; null: none ever has. */
      readonly silentMillis: number | null
    }
