/**
 * What an alert says to a person, the same words wherever it is told.
 *
 * `subject` is what the alert is about: alerts of one subject are the same trouble, and need not be told one by one. It is
 * stable over processes and releases. Sentences end without a full stop, as a reason in another's words may be their end.
 */
import * as SpanText from "@fibercast/domain/SpanText"
import { DateTime } from "effect"
import { type Alert } from "./Alert.ts"

/** `critical`: something stands still, or will not be made up for, until a person acts. */
export type Severity = "critical" | "warning"

export interface AlertText {
  readonly severity: Severity
  readonly subject: string
  /** The subject as a person reads it in a list: `DeliveryFailed of campaign 7`. */
  readonly label: string
  /** A few words, without figures that change from one alert of a subject to the next. */
  readonly title: string
  readonly sentence: string
  /** The command that shows more, or mends it. */
  readonly remedy: string
}

const amount = (value: number): string => value.toLocaleString("en-US")

const counted = (value: number, one: string, many = `${one}s`): string => `${amount(value)} ${value === 1 ? one : many}`

const instant = (millis: number): string =>
  `${DateTime.formatIso(DateTime.makeUnsafe(millis)).slice(0, 19).replace("T", " ")} UTC`

/** A word as a shell takes it. */
const quoted = (word: string): string => (/^[\w./:@%+=,-]+$/u.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

const because = (reason: string | null): string => (reason === null || reason === "" ? "" : `: ${reason}`)

/** What an alert is about besides its kind, for the subject and for people. */
interface About {
  readonly key: string
  readonly name: string
}

const campaign = (id: number): About => ({ key: `campaign/${id}`, name: `campaign ${id}` })
const pipeline = (name: string): About => ({ key: `pipeline/${name}`, name: `pipeline ${name}` })
const trigger = (name: string): About => ({ key: `trigger/${name}`, name: `trigger ${name}` })

const ofWorkspace = (
  severity: Severity,
  { _tag, workspaceId }: { readonly _tag: Alert["_tag"]; readonly workspaceId: number },
  about: About | null,
  words: { readonly title: string; readonly sentence: string; readonly remedy: string }
): AlertText => {
  const workspace = `workspace ${workspaceId}`
  return {
    severity,
    subject: `${_tag}/${workspaceId}${about === null ? "" : `/${about.key}`}`,
    label: `${_tag} of ${about === null ? "" : `${about.name} in `}${workspace}`,
    title: words.title,
    sentence: words.sentence,
    remedy: `fibercast ${words.remedy}`
  }
}

export const of = (alert: Alert): AlertText => {
  switch (alert._tag) {
    case "DeliveryFailed": {
      const { campaignId, reason, state, workspaceId } = alert
      const about = campaignId === null ? pipeline(alert.pipeline) : campaign(campaignId)
      const became = state === "unknown" ? "is in doubt" : "failed"
      return ofWorkspace("warning", alert, about, {
        title: `Deliveries of ${about.name} fail`,
        sentence: `A delivery of ${about.name} ${became}${because(reason)}`,
        remedy:
          campaignId === null
            ? `queue failed --workspace ${workspaceId}`
            : `campaign failures ${campaignId} --workspace ${workspaceId}`
      })
    }
    case "CampaignOverdue": {
      const { campaignId, lateMillis, workspaceId } = alert
      return ofWorkspace("critical", alert, campaign(campaignId), {
        title: `Campaign ${campaignId} is overdue`,
        sentence: `Campaign ${campaignId} should have begun ${SpanText.of(lateMillis)} ago, and nothing of it was sent`,
        remedy: `campaign show ${campaignId} --workspace ${workspaceId}`
      })
    }
    case "CampaignHeld": {
      const { campaignId, reason, workspaceId } = alert
      return ofWorkspace("critical", alert, campaign(campaignId), {
        title: `Campaign ${campaignId} is held`,
        sentence: `Campaign ${campaignId} was paused and waits for a person${because(reason)}`,
        remedy: `campaign show ${campaignId} --workspace ${workspaceId}`
      })
    }
    case "HighFailureRate": {
      const { campaignId, failed, settled, workspaceId } = alert
      const about = campaignId === null ? pipeline(alert.pipeline ?? "") : campaign(campaignId)
      const which =
        campaignId === null ? `the last ${counted(settled, "job")}` : counted(settled, "delivery", "deliveries")
      return ofWorkspace("critical", alert, about, {
        title: `Too much of ${about.name} fails`,
        sentence: `${amount(failed)} of ${which} of ${about.name} failed or are in doubt`,
        remedy:
          campaignId === null
            ? `queue failed --workspace ${workspaceId}`
            : `campaign failures ${campaignId} --workspace ${workspaceId}`
      })
    }
    case "LongWait": {
      const { dueAt, lane, reason, waitedMillis, workspaceId } = alert
      return ofWorkspace(
        "warning",
        alert,
        { key: `lane/${lane}`, name: `lane ${lane}` },
        {
          title: `Work of the lane ${lane} waits too long`,
          sentence: `Work of workspace ${workspaceId} in the lane ${lane} has been due for ${SpanText.of(waitedMillis)}, since ${instant(dueAt)}${because(reason)}`,
          remedy: `doctor --workspace ${workspaceId}`
        }
      )
    }
    case "BacklogFull": {
      const { cap, workspaceId } = alert
      const about = pipeline(alert.pipeline)
      return ofWorkspace("critical", alert, about, {
        title: `The backlog of ${about.name} is full`,
        sentence: `${amount(cap)} deliveries of ${about.name} are open, as many as may be: more is refused`,
        remedy: `doctor --workspace ${workspaceId}`
      })
    }
    case "AccountBroken": {
      const { account, reason, workspaceId } = alert
      return ofWorkspace(
        "critical",
        alert,
        { key: `account/${account}`, name: account },
        {
          title: `${account} cannot send`,
          sentence: `The account ${account} cannot send${because(reason)}`,
          remedy: `doctor --workspace ${workspaceId}`
        }
      )
    }
    case "WorkspaceQuarantined": {
      const { reason, workspaceId } = alert
      return ofWorkspace("critical", alert, null, {
        title: `Workspace ${workspaceId} is set aside`,
        sentence: `Workspace ${workspaceId} crashed again and again, and nothing of it runs until it is brought back${because(reason)}`,
        remedy: `doctor --workspace ${workspaceId}`
      })
    }
    case "OccurrencesMissed": {
      const { count, from, reason, to } = alert
      const when = from === to ? `at ${instant(from)}` : `from ${instant(from)} to ${instant(to)}`
      return ofWorkspace("warning", alert, trigger(alert.trigger), {
        title: `Trigger ${alert.trigger} missed runs`,
        sentence: `Trigger ${alert.trigger} missed ${counted(count, "run")} ${when}, and they will not be made up for${because(reason)}`,
        remedy: `schedule history ${quoted(alert.trigger)}`
      })
    }
    case "OccurrenceGap": {
      const { count, from, to } = alert
      const when = from === to ? `at ${instant(from)}` : `from ${instant(from)} to ${instant(to)}`
      return ofWorkspace("critical", alert, trigger(alert.trigger), {
        title: `Trigger ${alert.trigger} has gaps`,
        sentence: `Trigger ${alert.trigger} has no record of ${counted(count, "run")} ${when}`,
        remedy: `schedule history ${quoted(alert.trigger)}`
      })
    }
    case "TriggerRefused":
      return ofWorkspace("critical", alert, trigger(alert.trigger), {
        title: `Trigger ${alert.trigger} cannot run`,
        sentence: `Trigger ${alert.trigger} cannot run as it is defined${because(alert.reason)}`,
        remedy: `schedule history ${quoted(alert.trigger)}`
      })
    case "SchedulerDead": {
      const { app, silentMillis, triggers } = alert
      const whose = app === null ? "triggers that were defined at run time" : `triggers of the app ${app}`
      const long = silentMillis === null ? "since they were defined" : `for ${SpanText.of(silentMillis)}`
      return {
        severity: "critical",
        subject: `SchedulerDead/${app === null ? "" : `app/${app}`}`,
        label: `SchedulerDead of ${whose}`,
        title: "Nobody schedules",
        // 0: their number is not known.
        sentence: `No scheduler has looked after ${triggers === 0 ? "" : `${amount(triggers)} `}${whose} ${long}`,
        remedy: "fibercast schedule status"
      }
    }
  }
}
