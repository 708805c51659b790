import * as CampaignReport from "@fibercast/cli/CampaignReport"
import { assert, it } from "@effect/vitest"
import { campaign } from "./Samples.ts"

it("the speed counts what was tried, not what was skipped, cancelled or expired", () => {
  const counts = {
    planned: 1000,
    completed: 70,
    failed: 20,
    unknown: 10,
    skipped: 100,
    cancelled: 500,
    expired: 300,
    open: 0
  }
  const ended = { ...campaign, status: "completed" as const, counts, startedAt: 0, completedAt: 10_000 }
  const report = CampaignReport.of(ended, { file: null, rows: 0, tally: [] }, "/x")
  assert.deepStrictEqual([report.perSecond, report.balanced], [10, true])
})
