import * as CampaignTable from "@fibercast/cli/CampaignTable"
import { type Counts } from "@fibercast/domain/Counts"
import { assert, describe, it } from "@effect/vitest"
import { campaign } from "./Samples.ts"

const counts: Counts = {
  planned: 1_111_128,
  completed: 1_000_000,
  open: 111_100,
  failed: 1,
  unknown: 2,
  skipped: 5,
  cancelled: 8,
  expired: 12
}

describe("the table of campaigns", () => {
  it("says of each what was sent, is open, failed, is unknown, and the rest, which add up to what was planned", () => {
    const [title, row] = CampaignTable.lines([{ ...campaign, counts }])
    assert.strictEqual(title?.replaceAll(/ +/gu, " ").trim(), "id name status sent open failed unknown other")
    assert.strictEqual(row?.replaceAll(/ +/gu, " ").trim(), "1 contacts running 1,000,000 111,100 1 2 25")
    assert.strictEqual(1_000_000 + 111_100 + 1 + 2 + 25, counts.planned)
  })

  it("fits 80 columns, however long names and notes are", () => {
    const spec = { ...campaign.spec, name: "School fees of December, all classes, second reminder" }
    const long = {
      ...campaign,
      spec,
      counts,
      status: "cancelled" as const,
      note: "by hand: ".concat("far too late ".repeat(9))
    }
    const lines = CampaignTable.lines([long, campaign])
    assert.lengthOf(lines, 4)
    for (const line of lines) assert.isAtMost(line.length, 80)
    assert.match(lines[1] ?? "", /School fees.*…/u)
  })

  it("says when a campaign is due that has not begun", () => {
    const [, , below] = CampaignTable.lines([{ ...campaign, status: "scheduled" }])
    assert.strictEqual(below?.trim(), "due 2026-12-01 09:00:00 Asia/Jakarta")
  })

  it("shows instants as ISO 8601 in JSON", () => {
    const { completedAt, createdAt, spec } = CampaignTable.json(campaign)
    assert.deepStrictEqual(
      [createdAt, completedAt, spec.dueAt, spec.deadline],
      ["1970-01-01T00:00:00.000Z", null, "2026-12-01T02:00:00.000Z", null]
    )
  })
})
