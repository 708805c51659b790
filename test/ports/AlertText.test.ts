import { type Alert } from "@fibercast/ports/Alert"
import * as AlertText from "@fibercast/ports/AlertText"
import { assert, describe, it } from "@effect/vitest"

/** One of each kind, with all that is said of it. A kind that is missing here does not compile. */
const said: {
  readonly [Tag in Alert["_tag"]]: readonly [Extract<Alert, { readonly _tag: Tag }>, AlertText.AlertText]
} = {
  DeliveryFailed: [
    {
      _tag: "DeliveryFailed",
      state: "failed",
      workspaceId: 3,
      deliveryId: 99n,
      campaignId: 12,
      pipeline: "broadcast",
      reason: "no such number"
    },
    {
      severity: "warning",
      subject: "DeliveryFailed/3/campaign/12",
      label: "DeliveryFailed of campaign 12 in workspace 3",
      title: "Deliveries of campaign 12 fail",
      sentence: "A delivery of campaign 12 failed: no such number",
      remedy: "fibercast campaign failures 12 --workspace 3"
    }
  ],
  CampaignOverdue: [
    { _tag: "CampaignOverdue", workspaceId: 3, campaignId: 12, lateMillis: 125_000 },
    {
      severity: "critical",
      subject: "CampaignOverdue/3/campaign/12",
      label: "CampaignOverdue of campaign 12 in workspace 3",
      title: "Campaign 12 is overdue",
      sentence: "Campaign 12 should have begun 2 min 5 s ago, and nothing of it was sent",
      remedy: "fibercast campaign show 12 --workspace 3"
    }
  ],
  CampaignHeld: [
    { _tag: "CampaignHeld", workspaceId: 3, campaignId: 12, reason: "no such template" },
    {
      severity: "critical",
      subject: "CampaignHeld/3/campaign/12",
      label: "CampaignHeld of campaign 12 in workspace 3",
      title: "Campaign 12 is held",
      sentence: "Campaign 12 was paused and waits for a person: no such template",
      remedy: "fibercast campaign show 12 --workspace 3"
    }
  ],
  HighFailureRate: [
    { _tag: "HighFailureRate", workspaceId: 3, campaignId: null, pipeline: "reports", failed: 12, settled: 50 },
    {
      severity: "critical",
      subject: "HighFailureRate/3/pipeline/reports",
      label: "HighFailureRate of pipeline reports in workspace 3",
      title: "Too much of pipeline reports fails",
      sentence: "12 of the last 50 jobs of pipeline reports failed or are in doubt",
      remedy: "fibercast queue failed --workspace 3"
    }
  ],
  LongWait: [
    {
      _tag: "LongWait",
      workspaceId: 3,
      lane: "bulk",
      dueAt: 1_764_115_200_000,
      waitedMillis: 301_000,
      reason: "campaign 12 is paused"
    },
    {
      severity: "warning",
      subject: "LongWait/3/lane/bulk",
      label: "LongWait of lane bulk in workspace 3",
      title: "Work of the lane bulk waits too long",
      sentence:
        "Work of workspace 3 in the lane bulk has been due for 5 min 1 s, since 2025-11-26 00:00:00 UTC: campaign 12 is paused",
      remedy: "fibercast doctor --workspace 3"
    }
  ],
  BacklogFull: [
    { _tag: "BacklogFull", workspaceId: 3, pipeline: "checks", cap: 10_000 },
    {
      severity: "critical",
      subject: "BacklogFull/3/pipeline/checks",
      label: "BacklogFull of pipeline checks in workspace 3",
      title: "The backlog of pipeline checks is full",
      sentence: "10,000 deliveries of pipeline checks are open, as many as may be: more is refused",
      remedy: "fibercast doctor --workspace 3"
    }
  ],
  AccountBroken: [
    { _tag: "AccountBroken", workspaceId: 3, account: "fonnte:school", reason: "the token is not valid" },
    {
      severity: "critical",
      subject: "AccountBroken/3/account/fonnte:school",
      label: "AccountBroken of fonnte:school in workspace 3",
      title: "fonnte:school cannot send",
      sentence: "The account fonnte:school cannot send: the token is not valid",
      remedy: "fibercast doctor --workspace 3"
    }
  ],
  WorkspaceQuarantined: [
    { _tag: "WorkspaceQuarantined", workspaceId: 3, reason: "6 crashes within 60 s" },
    {
      severity: "critical",
      subject: "WorkspaceQuarantined/3",
      label: "WorkspaceQuarantined of workspace 3",
      title: "Workspace 3 is set aside",
      sentence:
        "Workspace 3 crashed again and again, and nothing of it runs until it is brought back: 6 crashes within 60 s",
      remedy: "fibercast doctor --workspace 3"
    }
  ],
  OccurrencesMissed: [
    {
      _tag: "OccurrencesMissed",
      workspaceId: 3,
      trigger: "it's nightly",
      count: 2,
      from: 1_764_115_200_000,
      to: 1_764_115_260_000,
      reason: "down"
    },
    {
      severity: "warning",
      subject: "OccurrencesMissed/3/trigger/it's nightly",
      label: "OccurrencesMissed of trigger it's nightly in workspace 3",
      title: "Trigger it's nightly missed runs",
      sentence:
        "Trigger it's nightly missed 2 runs from 2025-11-26 00:00:00 UTC to 2025-11-26 00:01:00 UTC, and they will not be made up for: down",
      remedy: "fibercast schedule history 'it'\\''s nightly'"
    }
  ],
  OccurrenceGap: [
    {
      _tag: "OccurrenceGap",
      workspaceId: 3,
      trigger: "nightly",
      count: 1,
      from: 1_764_115_200_000,
      to: 1_764_115_200_000
    },
    {
      severity: "critical",
      subject: "OccurrenceGap/3/trigger/nightly",
      label: "OccurrenceGap of trigger nightly in workspace 3",
      title: "Trigger nightly has gaps",
      sentence: "Trigger nightly has no record of 1 run at 2025-11-26 00:00:00 UTC",
      remedy: "fibercast schedule history nightly"
    }
  ],
  TriggerRefused: [
    { _tag: "TriggerRefused", workspaceId: 3, trigger: "nightly", reason: "no pipeline is named reports" },
    {
      severity: "critical",
      subject: "TriggerRefused/3/trigger/nightly",
      label: "TriggerRefused of trigger nightly in workspace 3",
      title: "Trigger nightly cannot run",
      sentence: "Trigger nightly cannot run as it is defined: no pipeline is named reports",
      remedy: "fibercast schedule history nightly"
    }
  ],
  SchedulerDead: [
    { _tag: "SchedulerDead", app: "school", triggers: 1200, silentMillis: 90_000 },
    {
      severity: "critical",
      subject: "SchedulerDead/app/school",
      label: "SchedulerDead of triggers of the app school",
      title: "Nobody schedules",
      sentence: "No scheduler has looked after 1,200 triggers of the app school for 1 min 30 s",
      remedy: "fibercast schedule status"
    }
  ]
}

describe("the words of an alert", () => {
  it.each(Object.entries(said))("say of %s what happened, to what, and what to do", (_, [alert, text]) => {
    assert.deepStrictEqual(AlertText.of(alert), text)
  })

  const [failed] = said.DeliveryFailed

  it("tell a failure from a doubt, and a job from a message of a campaign", () => {
    const job = AlertText.of({ ...failed, campaignId: null, state: "unknown", reason: "" })
    assert.strictEqual(job.sentence, "A delivery of pipeline broadcast is in doubt")
    assert.strictEqual(job.remedy, "fibercast queue failed --workspace 3")
  })

  it("are about one subject for all failures of a campaign, and another for each campaign, pipeline and workspace", () => {
    const subjects = [
      failed,
      { ...failed, deliveryId: 100n, reason: "blocked", state: "unknown" as const },
      { ...failed, campaignId: 13 },
      { ...failed, workspaceId: 4 },
      { ...failed, campaignId: null },
      { ...failed, campaignId: null, pipeline: "12" }
    ].map((alert) => AlertText.of(alert).subject)
    assert.strictEqual(subjects[0], subjects[1])
    assert.strictEqual(new Set(subjects).size, subjects.length - 1)
  })

  it("leave out what is not known", () => {
    const [waits] = said.LongWait
    assert.match(AlertText.of({ ...waits, reason: null }).sentence, /UTC$/u)
    assert.strictEqual(
      AlertText.of({ _tag: "SchedulerDead", app: null, triggers: 0, silentMillis: null }).sentence,
      "No scheduler has looked after triggers that were defined at run time since they were defined"
    )
  })
})
