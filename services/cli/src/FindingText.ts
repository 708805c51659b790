/**
 * A finding of the doctor in words: what is wrong, what comes of it, and what to do.
 */
import * as Limits from "@fibercast/domain/Limits"
import { type Finding } from "@fibercast/engine/Finding"
import * as Figures from "./Figures.ts"
import { quoted } from "./Hint.ts"
import * as SchedulerNotice from "./SchedulerNotice.ts"

export interface FindingText {
  readonly what: string
  readonly why: string
  /** What to do, in words; a command of ours stands in `command`. */
  readonly todo: string | null
  /** Words for `Hint.command`, or null: there is none. */
  readonly command: string | null
}

/** `1 due delivery waits`. */
const waiting = (count: number): string =>
  `${Figures.amount(count)} due ${count === 1 ? "delivery waits" : "deliveries wait"}`

const ofWorkspace = (workspace: string): string => ` --workspace ${quoted(workspace)}`

const noted = (note: string | null): string => (note === null ? "" : `: ${note}`)

const lanesOf = (lanes: ReadonlyArray<string>): string =>
  lanes.length === 1 ? `The lane ${lanes[0]}` : `The lanes ${lanes.join(", ")}`

/** `command` makes a command out of words, as people can paste it. */
export const of = (finding: Finding, command: (words: string) => string): FindingText => {
  switch (finding._tag) {
    case "DatabaseAway":
      return {
        what: `The database at ${finding.place} does not answer: ${finding.reason}.`,
        why: "Nothing is claimed or settled until it is back; nothing that was committed is lost.",
        todo: "Start it, or mend DATABASE_URL.",
        command: null
      }
    case "NotMigrated":
      return {
        what: `The database at ${finding.place} lacks ${Figures.counted(finding.pending.length, "migration")} (${finding.pending.join(", ")}).`,
        why: "Nodes of this release do not start on it.",
        todo: null,
        command: "migrate"
      }
    case "NoNode":
      return {
        what: `No node is there, and ${waiting(finding.waiting)}.`,
        why: "Nobody claims them.",
        todo: null,
        command: "dev --app FILE"
      }
    case "NoSender":
      return {
        what: `No sender is there, and ${waiting(finding.waiting)}: engines hand over what they claim to senders.`,
        why: "What is claimed is given back, and nothing is sent.",
        todo: "Start one: `fibercast-node --roles sender --app FILE`.",
        command: null
      }
    case "SchedulerDead": {
      const whose = finding.app === null ? "that were defined at run time" : `of the app ${finding.app}`
      return {
        what: `Nobody has looked after ${Figures.counted(finding.triggers, "trigger")} ${whose} for ${Figures.span(finding.silentMillis)}.`,
        why: "They do not fire. What is missed meanwhile is made up for as each trigger says.",
        todo: `Start a scheduler: \`${SchedulerNotice.start(finding.app, command)}\`.`,
        command: null
      }
    }
    case "WorkspaceQuarantined":
      return {
        what: `The workspace ${finding.workspace} was set aside: ${finding.reason}.`,
        why: `It is not worked: ${waiting(finding.waiting)}.`,
        todo: null,
        command: `workspace release ${quoted(finding.workspace)}`
      }
    case "LaneUnserved":
      return {
        what: `No node serves the lane ${finding.lane} of ${finding.workspace}: ${waiting(finding.waiting)}.`,
        why: "The nodes that are there were told to serve other lanes (--lanes, FIBERCAST_LANES).",
        todo: null,
        command: `queue work --app FILE --lanes ${finding.lane}`
      }
    case "PipelineUnknown":
      return {
        what: `No ${finding.role} knows the pipeline ${finding.pipeline}: ${Figures.amount(finding.open)} open of ${finding.workspace} wait for one.`,
        why: "It was renamed or removed, or the app that has it is not running. Its work waits; nothing is charged.",
        todo: "Start a node with the app that has it, or take its work back.",
        command: `queue clear${ofWorkspace(finding.workspace)} --pipeline ${quoted(finding.pipeline)}`
      }
    case "ClaimsStuck":
      return {
        what: `${Figures.amount(finding.claimed)} claimed ${finding.claimed === 1 ? "delivery" : "deliveries"} of ${finding.workspace} ${finding.claimed === 1 ? "belongs" : "belong"} to ${finding.owner ?? "an owner"} that is gone since ${Figures.span(finding.sinceMillis)}, and nobody takes them over.`,
        why: "An engine takes them over within seconds, where one is there.",
        todo: null,
        command: `queue rescue${ofWorkspace(finding.workspace)}`
      }
    case "AccountBroken":
      return {
        what: `${finding.account} takes nothing on ${finding.node}: ${finding.reason}.`,
        why: finding.isFatal
          ? "It is not tried any more; what is to be sent through it waits, uncharged."
          : "It is probed from time to time and goes on by itself; what is to be sent through it waits, uncharged.",
        todo: finding.isFatal
          ? "Mend its credentials, then start the node again."
          : "Look at the device or the provider.",
        command: null
      }
    case "CampaignOverdue":
      return {
        what: `Campaign ${finding.campaignId} (${finding.name}) of ${finding.workspace} should have begun ${Figures.span(finding.lateMillis)} ago.`,
        why: "Its audience is being read still, or nobody works its workspace.",
        todo: null,
        command: `campaign show ${finding.campaignId}${ofWorkspace(finding.workspace)}`
      }
    case "BacklogFull":
      return {
        what: `${finding.workspace} has ${Figures.amount(finding.open)} open jobs, as many as it may: ${Figures.amount(finding.cap)}.`,
        why: "Further ones are refused.",
        todo: "Find out why they are not worked, or raise the cap.",
        command: `queue stats${ofWorkspace(finding.workspace)}`
      }
    case "WaitsLong":
      return {
        what: `${waiting(finding.waiting)} for ${finding.pipeline} in the lane ${finding.lane} of ${finding.workspace}, the oldest for ${Figures.span(finding.waitedMillis)}.`,
        why:
          finding.owner === null
            ? "Nobody owns the workspace at the moment; an engine should take it within seconds."
            : `${finding.owner} owns the workspace and should take them: it is slow, or its accounts or limits hold it up.`,
        todo: null,
        command: `queue stats${ofWorkspace(finding.workspace)}`
      }
    case "NodeSilent":
      return {
        what: `The node ${finding.node} (${finding.id.slice(0, 8)}) has not been seen for ${Figures.span(finding.silentMillis)}, and has not said that it has ended.`,
        why: "Its work is taken over by others.",
        todo: "Look at its process.",
        command: "nodes list"
      }
    case "NodeCordoned":
      return {
        what: `The node ${finding.node} (${finding.id.slice(0, 8)}) is cordoned: it takes no work.`,
        why: "Somebody wished so.",
        todo: null,
        command: `nodes uncordon ${finding.id.slice(0, 8)}`
      }
    case "ClockWrong": {
      const { aheadMillis } = finding
      const whose = finding.node === null ? "This machine's clock" : `The clock of the node ${finding.node}`
      return {
        what: `${whose} is ${Figures.brief(Math.abs(aheadMillis))} ${aheadMillis > 0 ? "ahead of" : "behind"} the database's.`,
        why: "Limits that several nodes share lose sends, and what is due begins too early or too late.",
        todo: "Let a time service (chrony, systemd-timesyncd) set it.",
        command: null
      }
    }
    case "LanePaused":
      return {
        what: `${lanesOf(finding.lanes)} of ${finding.workspace} ${finding.lanes.length === 1 ? "is" : "are"} paused${noted(finding.note)}.`,
        why: `${waiting(finding.waiting)}.`,
        todo: null,
        command: `queue resume${ofWorkspace(finding.workspace)}`
      }
    case "CampaignPaused":
      return {
        what: `Campaign ${finding.campaignId} (${finding.name}) of ${finding.workspace} is paused${noted(finding.note)}.`,
        why: `${Figures.amount(finding.open)} of it are open.`,
        todo: null,
        command: `campaign resume ${finding.campaignId}${ofWorkspace(finding.workspace)}`
      }
    case "Throttled":
      return {
        what: `${finding.workspace} may begin ${Limits.formatRate(finding.rate)}, and ${waiting(finding.waiting)}.`,
        why: `At that rate they take ${Figures.span(finding.millis)}.`,
        todo: "Wait, or raise the workspace's rate.",
        command: null
      }
  }
}
