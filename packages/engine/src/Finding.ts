/**
 * A finding is one thing that is not as it should be, with what somebody needs to know to mend it.
 */
import { type Lane } from "@fibercast/domain/Lane"
import { type Rate } from "@fibercast/domain/Limits"

/** Whose it is: a workspace by name. */
interface Of {
  readonly workspace: string
}

export type Finding =
  /** Work is due, and no engine is there. */
  | { readonly _tag: "NoNode"; readonly waiting: number }
  /** Engines hand over to senders, and none of these is there. */
  | { readonly _tag: "NoSender"; readonly waiting: number }
  | ({ readonly _tag: "WorkspaceQuarantined"; readonly reason: string; readonly waiting: number } & Of)
  | {
      readonly _tag: "SchedulerDead"
      readonly app: string | null
      readonly triggers: number
      readonly silentMillis: number
    }
  /** The database did not answer. */
  | { readonly _tag: "DatabaseAway"; readonly place: string; readonly reason: string }
  | { readonly _tag: "NotMigrated"; readonly place: string; readonly pending: ReadonlyArray<string> }
  /** Due work of a lane that no node which is there serves. */
  | ({ readonly _tag: "LaneUnserved"; readonly lane: Lane; readonly waiting: number } & Of)
  /** Work, due or due within a minute, of a pipeline that no node which is there knows; `role`: no node of that role. */
  | ({
      readonly _tag: "PipelineUnknown"
      readonly pipeline: string
      readonly role: "engine" | "sender"
      readonly open: number
    } & Of)
  /** Claims stand whose owner is gone, and nobody takes them over. */
  | ({
      readonly _tag: "ClaimsStuck"
      readonly claimed: number
      readonly owner: string | null
      readonly sinceMillis: number
    } & Of)
  | {
      readonly _tag: "AccountBroken"
      readonly node: string
      readonly account: string
      readonly reason: string
      readonly isFatal: boolean
    }
  | { readonly _tag: "NodeSilent"; readonly node: string; readonly id: string; readonly silentMillis: number }
  /** It is there and takes no work. */
  | { readonly _tag: "NodeCordoned"; readonly node: string; readonly id: string }
  /** Null: this machine. */
  | { readonly _tag: "ClockWrong"; readonly node: string | null; readonly aheadMillis: number }
  | ({
      readonly _tag: "LanePaused"
      readonly lanes: ReadonlyArray<Lane>
      readonly note: string | null
      readonly waiting: number
    } & Of)
  | ({
      readonly _tag: "CampaignPaused"
      readonly campaignId: number
      readonly name: string
      readonly note: string | null
      readonly open: number
    } & Of)
  /** Its due time has passed and it has not begun. */
  | ({
      readonly _tag: "CampaignOverdue"
      readonly campaignId: number
      readonly name: string
      readonly lateMillis: number
    } & Of)
  /** More is due than the workspace's rate lets out for so long. */
  | ({ readonly _tag: "Throttled"; readonly rate: Rate; readonly waiting: number; readonly millis: number } & Of)
  | ({ readonly _tag: "BacklogFull"; readonly cap: number; readonly open: number } & Of)
  /** Due for so long, and nothing above says why. */
  | ({
      readonly _tag: "WaitsLong"
      readonly lane: Lane
      readonly pipeline: string
      readonly waiting: number
      readonly waitedMillis: number
      /** Who should take it; null: nobody does. */
      readonly owner: string | null
    } & Of)

export type Severity = "critical" | "warning"

const severities: Readonly<Record<Finding["_tag"], Severity>> = {
  DatabaseAway: "critical",
  NotMigrated: "critical",
  NoNode: "critical",
  NoSender: "critical",
  SchedulerDead: "critical",
  WorkspaceQuarantined: "critical",
  LaneUnserved: "critical",
  PipelineUnknown: "critical",
  ClaimsStuck: "critical",
  AccountBroken: "critical",
  CampaignOverdue: "critical",
  BacklogFull: "critical",
  WaitsLong: "warning",
  NodeSilent: "warning",
  NodeCordoned: "warning",
  ClockWrong: "warning",
  LanePaused: "warning",
  CampaignPaused: "warning",
  Throttled: "warning"
}

export const severity = ({ _tag }: Finding): Severity => severities[_tag]

/** The worst first. */
export const worstFirst = (findings: ReadonlyArray<Finding>): ReadonlyArray<Finding> => {
  const order = Object.keys(severities)
  return findings.toSorted((a, b) => order.indexOf(a._tag) - order.indexOf(b._tag))
}
