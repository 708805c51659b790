import { assert, describe, it } from "@effect/vitest"
import * as Diagnosis from "@fibercast/engine/Diagnosis"
import { type DiagnosisFacts } from "@fibercast/engine/DiagnosisFacts"
import { severity } from "@fibercast/engine/Finding"
import { campaign, minute, node, now, work, workspace } from "./Standing.ts"

const facts = (varied: Partial<DiagnosisFacts> = {}): DiagnosisFacts => ({
  now,
  clockAhead: 1,
  nodes: [node()],
  workspaces: [workspace()],
  work: [work()],
  campaigns: [campaign()],
  unattended: [],
  ...varied
})

const found = (varied: Partial<DiagnosisFacts>) => Diagnosis.of(facts(varied))

describe("a diagnosis", () => {
  it("finds nothing where all that is due is being worked", () => {
    assert.deepStrictEqual(found({}), [])
  })

  it("finds that no node is there while work is due, and says nothing of lanes and pipelines then", () => {
    assert.deepStrictEqual(found({ nodes: [] }), [{ _tag: "NoNode", waiting: 30 }])
    assert.deepStrictEqual(found({ nodes: [node({ state: "gone" })] }), [{ _tag: "NoNode", waiting: 30 }])
    assert.deepStrictEqual(found({ nodes: [], work: [work({ waiting: 0, oldestDue: null })] }), [])
  })

  it("finds that engines hand over to senders, and none is there", () => {
    const engine = node({ roles: ["engine"] })
    assert.deepStrictEqual(found({ nodes: [engine] }), [])
    const gone = node({ name: "s1", id: "bb22", roles: ["sender"], state: "gone" })
    assert.deepStrictEqual(found({ nodes: [engine, gone] }), [{ _tag: "NoSender", waiting: 30 }])
  })

  it("finds nodes that are silent, or take no work", () => {
    const second = node({ name: "n2", id: "bb22", seenAt: now - 90_000 })
    assert.deepStrictEqual(found({ nodes: [node(), second] }), [
      { _tag: "NodeSilent", node: "n2", id: "bb22", silentMillis: 90_000 }
    ])
    assert.deepStrictEqual(found({ nodes: [node({ state: "cordoned" })] }), [
      { _tag: "NoNode", waiting: 30 },
      { _tag: "NodeCordoned", node: "n1", id: "aa11" }
    ])
  })

  it("finds clocks that differ by more than limits over senders bear, or due times", () => {
    assert.deepStrictEqual(found({ clockAhead: 900 }), [])
    assert.deepStrictEqual(found({ clockAhead: -5000 }), [{ _tag: "ClockWrong", node: null, aheadMillis: -5000 }])
    assert.deepStrictEqual(found({ nodes: [node({ clockAhead: 90 })] }), [
      { _tag: "ClockWrong", node: "n1", aheadMillis: 90 }
    ])
    assert.deepStrictEqual(found({ nodes: [node({ roles: ["engine"], clockAhead: 90 })] }), [])
  })

  it("finds triggers that nobody looks after", () => {
    const unattended = [{ app: "school", triggers: 3, since: 0, passedAt: null, silentMillis: 120_000 }]
    assert.deepStrictEqual(found({ unattended }), [
      { _tag: "SchedulerDead", app: "school", triggers: 3, silentMillis: 120_000 }
    ])
  })

  it("finds due work of a lane that no node serves, once for the lane", () => {
    const nodes = [node({ lanes: ["urgent", "high"] })]
    const due = [work(), work({ pipeline: "mail.bounce" }), work({ lane: "bulk", waiting: 0, oldestDue: null })]
    assert.deepStrictEqual(found({ nodes, work: due }), [
      { _tag: "LaneUnserved", workspace: "acme", lane: "normal", waiting: 60 }
    ])
  })

  it("finds due work of a pipeline that no engine knows, or no sender", () => {
    const nodes = [node({ pipelines: ["other"] })]
    const unknown = { _tag: "PipelineUnknown", workspace: "acme", pipeline: "mail.send", open: 40 } as const
    assert.deepStrictEqual(found({ nodes }), [{ ...unknown, role: "engine" }])
    const apart = [node({ roles: ["engine"] }), node({ name: "s1", roles: ["sender"], pipelines: [] })]
    assert.deepStrictEqual(found({ nodes: apart }), [{ ...unknown, role: "sender" }])
    assert.deepStrictEqual(found({ nodes: [node({ pipelines: null })] }), [])
    // Put off by whoever claimed it.
    const putOff = work({ waiting: 0, oldestDue: null, nextDue: now + minute / 2 })
    assert.deepStrictEqual(found({ nodes, work: [putOff] }), [{ ...unknown, role: "engine" }])
    assert.deepStrictEqual(found({ nodes, work: [{ ...putOff, nextDue: now + 60 * minute }] }), [])
  })

  it("finds a workspace that is set aside, and nothing else of it", () => {
    const workspaces = [workspace({ quarantine: "crashed 5 times", rate: { permits: 1, per: minute } })]
    assert.deepStrictEqual(found({ workspaces, campaigns: [campaign({ status: "paused" })] }), [
      { _tag: "WorkspaceQuarantined", workspace: "acme", reason: "crashed 5 times", waiting: 30 }
    ])
  })

  it("finds lanes and campaigns that are paused while work of them is there", () => {
    const workspaces = [workspace({ paused: { lanes: ["normal"], note: "price is wrong" } })]
    const old = [work({ oldestDue: now - 60 * minute })]
    assert.deepStrictEqual(found({ workspaces, work: old }), [
      { _tag: "LanePaused", workspace: "acme", lanes: ["normal"], note: "price is wrong", waiting: 30 }
    ])
    assert.deepStrictEqual(found({ campaigns: [campaign({ status: "paused", note: "held: 403" })] }), [
      { _tag: "CampaignPaused", workspace: "acme", campaignId: 12, name: "May", note: "held: 403", open: 5 }
    ])
    assert.deepStrictEqual(found({ campaigns: [campaign({ status: "paused", open: 0 })] }), [])
  })

  it("finds a campaign that should have begun", () => {
    assert.deepStrictEqual(found({ campaigns: [campaign({ status: "scheduled" })] }), [
      { _tag: "CampaignOverdue", workspace: "acme", campaignId: 12, name: "May", lateMillis: 10 * minute }
    ])
  })

  it("finds claims that nobody takes over, but leaves a lease that has just ended its time", () => {
    assert.deepStrictEqual(found({ workspaces: [workspace({ ownedUntil: now - 5000 })] }), [])
    assert.deepStrictEqual(found({ workspaces: [workspace({ ownedUntil: now - 5 * minute })] }), [
      { _tag: "ClaimsStuck", workspace: "acme", claimed: 10, owner: "n1", sinceMillis: 5 * minute }
    ])
  })

  it("finds that the workspace's own rate lets out less than is due, and for how long", () => {
    const workspaces = [workspace({ rate: { permits: 10, per: minute } })]
    const old = [work({ oldestDue: now - 60 * minute })]
    assert.deepStrictEqual(found({ workspaces, work: old }), [
      { _tag: "Throttled", workspace: "acme", rate: { permits: 10, per: minute }, waiting: 30, millis: 3 * minute }
    ])
  })

  it("finds a backlog at its cap", () => {
    assert.deepStrictEqual(found({ workspaces: [workspace({ backlog: 40 })] }), [
      { _tag: "BacklogFull", workspace: "acme", cap: 40, open: 40 }
    ])
    assert.deepStrictEqual(found({ workspaces: [workspace({ backlog: 41 })] }), [])
  })

  it("finds accounts that take nothing", () => {
    const broken = { account: "fonnte:main", reason: "device disconnected", isFatal: false }
    assert.deepStrictEqual(found({ nodes: [node({ brokenAccounts: [broken] })] }), [
      { _tag: "AccountBroken", node: "n1", ...broken }
    ])
  })

  it("finds what waits long although nothing else is found to be in its way, and who should take it", () => {
    const old = [work({ oldestDue: now - 7 * minute })]
    const waits = { _tag: "WaitsLong", workspace: "acme", lane: "normal", pipeline: "mail.send", waiting: 30 } as const
    assert.deepStrictEqual(found({ work: old }), [{ ...waits, waitedMillis: 7 * minute, owner: "n1" }])
    const unowned = [workspace({ owner: null, ownedUntil: null, claimed: 0 })]
    assert.deepStrictEqual(found({ work: old, workspaces: unowned }), [
      { ...waits, waitedMillis: 7 * minute, owner: null }
    ])
  })

  it("tells the worst first", () => {
    const all = found({
      clockAhead: 5000,
      nodes: [node(), node({ name: "n2", seenAt: now - minute })],
      campaigns: [campaign({ status: "paused" })],
      workspaces: [workspace({ ownedUntil: now - 5 * minute })]
    })
    const severities = all.map(severity)
    assert.deepStrictEqual(
      all.map(({ _tag }) => _tag),
      ["ClaimsStuck", "NodeSilent", "ClockWrong", "CampaignPaused"]
    )
    assert.deepStrictEqual(severities, ["critical", "warning", "warning", "warning"])
  })
})
