import { assert, describe, it } from "@effect/vitest"
import { CampaignId } from "@fibercast/domain/Campaign"
import { DeliveryId } from "@fibercast/domain/Delivery"
import { TriggerId } from "@fibercast/domain/TriggerId"
import * as Explanation from "@fibercast/engine/Explanation"
import { type AttemptRecord, type DeliveryRecord } from "@fibercast/ports/Records"
import { campaign, minute, node, now, workspace, workspaceId } from "./Standing.ts"

const record = (varied: Partial<DeliveryRecord> = {}): DeliveryRecord => ({
  id: DeliveryId.make(41n),
  workspaceId,
  campaignId: null,
  batchId: null,
  pipeline: "mail.send",
  lane: "normal",
  tags: [],
  state: "scheduled",
  dispatchedAt: now - 5 * minute,
  dueAt: now - minute,
  deadline: null,
  attempt: 0,
  rescues: 0,
  claim: null,
  recalled: null,
  settledAt: null,
  providerId: null,
  errorClass: null,
  reason: null,
  payload: "{}",
  ...varied
})

const attempt = (varied: Partial<AttemptRecord> = {}): AttemptRecord => ({
  attempt: 1,
  at: now - 3 * minute,
  outcome: "retry",
  errorClass: "transient",
  reason: "503",
  ...varied
})

const explained = (varied: Partial<Explanation.ExplanationFacts> = {}) =>
  Explanation.of({
    now,
    record: record(),
    attempts: [],
    workspace: workspace(),
    campaign: null,
    run: null,
    nodes: [node()],
    before: 0,
    ...varied
  })

const inTheWay = (varied: Partial<Explanation.ExplanationFacts>) => explained(varied).obstacles

describe("the course of a delivery", () => {
  it("begins with who asked for it", () => {
    const by = (varied: Partial<DeliveryRecord>) => explained({ record: record(varied) }).course[0]
    assert.deepStrictEqual(by({}), { _tag: "Dispatched", at: now - 5 * minute, by: { _tag: "Job" } })
    const ofCampaign = explained({ record: record({ campaignId: CampaignId.make(12) }), campaign: campaign() }).course
    assert.deepStrictEqual(ofCampaign, [
      { _tag: "Dispatched", at: now - 5 * minute, by: { _tag: "Campaign", id: 12, name: "May" } }
    ])
  })

  it("says which trigger it is a run of, and for which time", () => {
    const run = {
      occurrenceId: 1n,
      triggerId: TriggerId.make(3),
      workspaceId,
      name: "sessions.expire",
      nominal: now - 6 * minute,
      dueAt: now - 5 * minute,
      zone: "Asia/Jakarta",
      outcome: "late",
      reason: "down",
      covers: null,
      deliveryId: DeliveryId.make(41n),
      campaignId: null
    } as const
    assert.deepStrictEqual(explained({ run }).course[0], {
      _tag: "Dispatched",
      at: now - 5 * minute,
      by: { _tag: "Trigger", name: "sessions.expire", nominal: now - 6 * minute, zone: "Asia/Jakarta", reason: "down" }
    })
  })

  it("tells each try that did not complete, and how often a node died while it held it", () => {
    const { course } = explained({ record: record({ attempt: 1, rescues: 2 }), attempts: [attempt()] })
    assert.deepStrictEqual(course.slice(1), [
      { _tag: "Tried", at: now - 3 * minute, attempt: 1, outcome: "retry", errorClass: "transient", reason: "503" },
      { _tag: "Rescued", times: 2 }
    ])
  })

  it("ends with its end, which is not told twice, and nothing is in the way of what is over", () => {
    const ended = { state: "failed", attempt: 2, settledAt: now - 1000, reason: "404" } as const
    const attempts = [attempt(), attempt({ attempt: 2, at: now - 1000, outcome: "failed", reason: "404" })]
    const { course, obstacles } = explained({ record: record(ended), attempts, nodes: [] })
    assert.deepStrictEqual(
      course.map(({ _tag }) => _tag),
      ["Dispatched", "Tried", "Ended"]
    )
    assert.deepStrictEqual(course.at(-1), {
      _tag: "Ended",
      at: now - 1000,
      state: "failed",
      attempt: 2,
      afterMillis: minute - 1000,
      reason: "404"
    })
    assert.deepStrictEqual(obstacles, [])
  })
})

describe("what stands in a delivery's way", () => {
  it("is nothing when it is due and its turn comes next", () => {
    assert.deepStrictEqual(inTheWay({}), [{ _tag: "NextInLine" }])
  })

  it("is its due time", () => {
    assert.deepStrictEqual(inTheWay({ record: record({ dueAt: now + minute }) }), [
      { _tag: "NotDue", dueAt: now + minute }
    ])
  })

  it("is the claim that holds it, and whether its owner is still there", () => {
    const claim = { owner: "n1", claimedAt: now - 2000, isStarted: true }
    const held = { _tag: "Claimed", ...claim, isOrphaned: false } as const
    assert.deepStrictEqual(inTheWay({ record: record({ claim }) }), [held])
    assert.deepStrictEqual(inTheWay({ record: record({ claim }), workspace: workspace({ ownedUntil: now - 1 }) }), [
      { ...held, isOrphaned: true }
    ])
    assert.deepStrictEqual(inTheWay({ record: record({ claim, recalled: "typo" }) }), [
      { _tag: "Recalled", reason: "typo" },
      held
    ])
  })

  it("is a pause of its campaign or its lane, or that its workspace is set aside", () => {
    const ofCampaign = { record: record({ campaignId: CampaignId.make(12) }) }
    assert.deepStrictEqual(inTheWay({ ...ofCampaign, campaign: campaign({ status: "paused", note: "price" }) }), [
      { _tag: "CampaignPaused", id: 12, note: "price" }
    ])
    assert.deepStrictEqual(inTheWay({ workspace: workspace({ paused: { lanes: ["normal"], note: null } }) }), [
      { _tag: "LanePaused", lane: "normal", note: null }
    ])
    assert.deepStrictEqual(inTheWay({ workspace: workspace({ paused: { lanes: ["bulk"], note: null } }) }), [
      { _tag: "NextInLine" }
    ])
    assert.deepStrictEqual(inTheWay({ workspace: workspace({ quarantine: "crashes" }) }), [
      { _tag: "WorkspaceQuarantined", reason: "crashes" }
    ])
  })

  it("is that no node is there, or none for its lane or its pipeline", () => {
    assert.deepStrictEqual(inTheWay({ nodes: [] }), [{ _tag: "NoNode" }])
    assert.deepStrictEqual(inTheWay({ nodes: [node({ lanes: ["urgent"] })] }), [
      { _tag: "LaneUnserved", lane: "normal" }
    ])
    assert.deepStrictEqual(inTheWay({ nodes: [node({ pipelines: [] })] }), [
      { _tag: "PipelineUnknown", role: "engine" }
    ])
    const apart = [node({ roles: ["engine"] }), node({ name: "s1", roles: ["sender"], pipelines: ["other"] })]
    assert.deepStrictEqual(inTheWay({ nodes: apart }), [{ _tag: "PipelineUnknown", role: "sender" }])
  })

  it("is what comes first, and the rate at which that goes", () => {
    assert.deepStrictEqual(inTheWay({ before: 30 }), [{ _tag: "Behind", count: 30 }])
    assert.deepStrictEqual(inTheWay({ before: 30, workspace: workspace({ rate: { permits: 10, per: minute } }) }), [
      { _tag: "Behind", count: 30 },
      { _tag: "Throttled", millis: 3 * minute }
    ])
  })

  it("is its deadline, once that has passed", () => {
    assert.deepStrictEqual(inTheWay({ record: record({ deadline: now - 1 }) }), [
      { _tag: "DeadlinePassed", deadline: now - 1 }
    ])
    assert.deepStrictEqual(inTheWay({ record: record({ deadline: now + 1 }) }), [{ _tag: "NextInLine" }])
  })

  it("is all of it at once, the first being why it does not run now", () => {
    const all = inTheWay({ record: record({ dueAt: now + minute }), nodes: [], before: 3 })
    assert.deepStrictEqual(
      all.map(({ _tag }) => _tag),
      ["NotDue", "NoNode", "Behind"]
    )
  })
})
