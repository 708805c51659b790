import { DeliveryId } from "@fibercast/domain/Delivery"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { type DeliveryRecord } from "@fibercast/ports/Records"
import * as Ink from "@fibercast/cli/Ink"
import * as RecordText from "@fibercast/cli/RecordText"
import { assert, describe, it } from "@effect/vitest"

const record = (payload: string): DeliveryRecord => ({
  id: DeliveryId.make(4711n),
  workspaceId: WorkspaceId.make(1),
  campaignId: null,
  batchId: null,
  pipeline: "letters",
  lane: "normal",
  tags: [],
  state: "scheduled",
  dispatchedAt: 0,
  dueAt: 0,
  deadline: null,
  attempt: 0,
  rescues: 0,
  claim: null,
  recalled: null,
  settledAt: null,
  providerId: null,
  errorClass: null,
  reason: null,
  payload
})

const shown = (payload: string, isFull = false) =>
  RecordText.full({ record: record(payload), attempts: [] }, { name: "school", zone: "UTC" }, 1000, isFull, Ink.plain)

describe("a delivery as `queue show` prints it", () => {
  it("has the first thousand characters of its payload, and says how many more there are", () => {
    const lines = shown(JSON.stringify("a".repeat(5000)))
    assert.strictEqual(lines.at(-2), `  "${"a".repeat(999)}`)
    assert.strictEqual(lines.at(-1), "  … 4,002 more characters: --full and --json print all")
    assert.include(shown(JSON.stringify("a".repeat(5000)), true).at(-1), "a".repeat(5000))
    assert.strictEqual(RecordText.json(record(JSON.stringify("a".repeat(5000))), "school").payload, "a".repeat(5000))
  })

  it("has all of a payload that is shorter", () => {
    assert.strictEqual(shown(JSON.stringify("a".repeat(998))).at(-1), `  "${"a".repeat(998)}"`)
  })

  it("is not cut within a character", () => {
    const lines = shown(JSON.stringify("🙏".repeat(600)))
    assert.strictEqual(lines.at(-2), `  "${"🙏".repeat(499)}`)
    assert.include(lines.at(-1), "203 more characters")
  })
})
