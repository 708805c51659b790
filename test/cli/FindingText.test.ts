import { assert, describe, it } from "@effect/vitest"
import { type Finding } from "@fibercast/engine/Finding"
import * as FindingText from "@fibercast/cli/FindingText"

const of = { workspace: "acme west" }

/** One of each. */
const findings: { readonly [Tag in Finding["_tag"]]: Extract<Finding, { readonly _tag: Tag }> } = {
  DatabaseAway: { _tag: "DatabaseAway", place: "db:5432/app", reason: "connection refused" },
  NotMigrated: { _tag: "NotMigrated", place: "db:5432/app", pending: ["6 jobs"] },
  NoNode: { _tag: "NoNode", waiting: 1200 },
  NoSender: { _tag: "NoSender", waiting: 1 },
  SchedulerDead: { _tag: "SchedulerDead", app: "school", triggers: 3, silentMillis: 120_000 },
  WorkspaceQuarantined: { _tag: "WorkspaceQuarantined", ...of, reason: "crashed 5 times", waiting: 4 },
  LaneUnserved: { _tag: "LaneUnserved", ...of, lane: "bulk", waiting: 9 },
  PipelineUnknown: { _tag: "PipelineUnknown", ...of, pipeline: "mail.send", role: "sender", open: 7 },
  ClaimsStuck: { _tag: "ClaimsStuck", ...of, claimed: 64, owner: "n1", sinceMillis: 300_000 },
  AccountBroken: { _tag: "AccountBroken", node: "n1", account: "fonnte:main", reason: "token revoked", isFatal: true },
  CampaignOverdue: { _tag: "CampaignOverdue", ...of, campaignId: 12, name: "May", lateMillis: 600_000 },
  BacklogFull: { _tag: "BacklogFull", ...of, cap: 10_000, open: 10_000 },
  WaitsLong: {
    _tag: "WaitsLong",
    ...of,
    lane: "normal",
    pipeline: "mail.send",
    waiting: 30,
    waitedMillis: 420_000,
    owner: "n1"
  },
  NodeSilent: { _tag: "NodeSilent", node: "n2", id: "bb22bb22-0000", silentMillis: 90_000 },
  NodeCordoned: { _tag: "NodeCordoned", node: "n2", id: "bb22bb22-0000" },
  ClockWrong: { _tag: "ClockWrong", node: "n2", aheadMillis: -2500 },
  LanePaused: { _tag: "LanePaused", ...of, lanes: ["normal", "bulk"], note: "price is wrong", waiting: 30 },
  CampaignPaused: { _tag: "CampaignPaused", ...of, campaignId: 12, name: "May", note: null, open: 5 },
  Throttled: { _tag: "Throttled", ...of, rate: { permits: 10, per: 60_000 }, waiting: 30, millis: 180_000 }
}

const command = (words: string) => `fibercast ${words}`

const told = (finding: Finding) => FindingText.of(finding, command)

describe("a finding in words", () => {
  it.each(Object.values(findings))("$_tag says what is wrong, what comes of it, and what to do", (finding) => {
    const { command: words, todo, what, why } = told(finding)
    assert.match(what, /^\S.*\.$/u)
    assert.match(why, /^\S.*\.$/u)
    assert.isTrue(todo !== null || words !== null)
    for (const text of [what, why, todo ?? ""]) assert.notMatch(text, /undefined|null|NaN|\[object/u)
    if ("workspace" in finding) assert.include(what, finding.workspace)
  })

  it("gives commands that can be pasted, names with blanks quoted", () => {
    assert.strictEqual(told(findings.ClaimsStuck).command, "queue rescue --workspace 'acme west'")
    assert.strictEqual(
      told(findings.PipelineUnknown).command,
      "queue clear --workspace 'acme west' --pipeline mail.send"
    )
    assert.strictEqual(told(findings.WorkspaceQuarantined).command, "workspace release 'acme west'")
    assert.strictEqual(told(findings.NodeCordoned).command, "nodes uncordon bb22bb22")
    assert.strictEqual(told(findings.SchedulerDead).todo, "Start a scheduler: `fibercast schedule work --app FILE`.")
  })

  it("counts in English", () => {
    assert.include(told(findings.NoNode).what, "1,200 due deliveries wait")
    assert.include(told(findings.NoSender).what, "1 due delivery waits")
    assert.include(told(findings.ClaimsStuck).what, "64 claimed deliveries of acme west")
    assert.include(told({ ...findings.ClaimsStuck, claimed: 1 }).what, "1 claimed delivery of acme west")
  })

  it("says which way a clock is wrong", () => {
    assert.match(told(findings.ClockWrong).what, /^The clock of the node n2 is 2\.5 s behind the database's\.$/u)
    assert.match(
      told({ ...findings.ClockWrong, node: null, aheadMillis: 70_000 }).what,
      /^This machine's clock is 1 min 10 s ahead of the database's\.$/u
    )
  })
})
