/**
 * How much work there is, and how much came and ended.
 */
import { assert } from "@effect/vitest"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { Records } from "@fibercast/ports/Records"
import { Effect } from "effect"
import {
  background,
  base,
  claimed,
  ended,
  job,
  jobs,
  later,
  openCampaign,
  ownedWorkspace,
  runningCampaign,
  second
} from "./Given.ts"
import { endedJobs } from "./GivenRecords.ts"
import { sentence } from "./Sentence.ts"

const none = { completed: 0, failed: 0, skipped: 0, cancelled: 0, expired: 0, unknown: 0 }

export const depthSentences = [
  sentence(
    "open work is counted by lane and pipeline: what is due, what is claimed, who has waited longest, and what is next",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const records = yield* Records
      const owned = yield* ownedWorkspace()
      const { workspaceId } = owned
      const deliveries = [
        ...jobs(2),
        job({}, { dueAt: base + second }),
        job({}, { dueAt: base + 2 * second }),
        job({}, { dueAt: base + 60 * second }),
        job({}, { pipeline: "other" }),
        job({}, { lane: "urgent", dueAt: base + 90 * second })
      ]
      yield* ledger.insert({ ...owned, deliveries })
      yield* claimed(owned, background, 2)
      const now = base + 2 * second
      assert.deepStrictEqual<unknown>(yield* records.depths({ workspaceId, now }), [
        {
          workspaceId,
          lane: "urgent",
          pipeline: "jobs",
          open: 1,
          due: 0,
          claimed: 0,
          oldestDue: null,
          nextDue: base + 90 * second,
          paused: 0
        },
        {
          workspaceId,
          lane: "normal",
          pipeline: "jobs",
          open: 5,
          due: 4,
          claimed: 2,
          oldestDue: base + second,
          nextDue: base + 60 * second,
          paused: 0
        },
        {
          workspaceId,
          lane: "normal",
          pipeline: "other",
          open: 1,
          due: 1,
          claimed: 0,
          oldestDue: base,
          nextDue: null,
          paused: 0
        }
      ])
    })
  ),
  sentence(
    "what is due of a paused campaign is counted as such, and is not said to wait",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const ledger = yield* Ledger
      const records = yield* Records
      const { campaign, owned } = yield* runningCampaign(2)
      const { workspaceId } = owned
      const more = { lane: "bulk", pipeline: "reports", campaignId: campaign.id } as const
      yield* ledger.insert({ ...owned, deliveries: [job({}, more), job({}, { ...more, dueAt: base + second })] })
      const change = { workspaceId, campaignId: campaign.id, note: null, now: base }
      yield* campaigns.transition({ ...change, from: ["running"], to: "paused" })
      const [depth, ...others] = yield* records.depths({ workspaceId, now: base })
      assert.deepStrictEqual(others, [])
      const { claimed: held = 0, due, nextDue, oldestDue, open, paused } = depth ?? {}
      assert.deepStrictEqual(
        { held, due, nextDue, oldestDue, open, paused },
        { held: 2, due: 3, nextDue: base + second, oldestDue: null, open: 4, paused: 3 }
      )
    })
  ),
  sentence(
    "depths and passages are of one workspace, or of all in their order",
    Effect.gen(function* () {
      const records = yield* Records
      const one = yield* openCampaign(1)
      const other = yield* openCampaign(2)
      const span = { from: base, until: base + second }
      const ids = [one.owned.workspaceId, other.owned.workspaceId]
      const asked = [ids[0] ?? null, ids[1] ?? null, null]
      const depths = yield* Effect.forEach(asked, (workspaceId) => records.depths({ workspaceId, now: base }))
      const passages = yield* Effect.forEach(asked, (workspaceId) => records.passages({ workspaceId, ...span }))
      for (const found of [depths, passages]) {
        const mine = found.map((rows) => rows.map(({ workspaceId }) => workspaceId).filter((id) => ids.includes(id)))
        assert.deepStrictEqual<unknown>(mine, [[ids[0]], [ids[1]], ids])
      }
      assert.deepStrictEqual(
        passages.map((rows) => rows.at(-1)?.dispatched),
        [1, 2, 2]
      )
    })
  ),
  sentence(
    "what came and ended in a span is counted from its start on, up to its end",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const records = yield* Records
      const owned = yield* ownedWorkspace()
      const { workspaceId } = owned
      // Dispatched at `base`, ended a second later.
      yield* endedJobs(owned, [
        { state: "completed" },
        { state: "completed" },
        { state: "failed" },
        { state: "skipped", job: { lane: "bulk" } },
        { state: "completed", job: { temporary: true } }
      ])
      const other = later(owned, second)
      yield* ledger.insert({ ...other, deliveries: jobs(3, { dueAt: base + second }) })
      const batch = yield* claimed(other, background, 1)
      const settlements = batch.deliveries.map((delivery) => ended(delivery, "unknown"))
      yield* ledger.settle({ ...later(owned, 2 * second), settlements, finishedClaims: [] })
      const passed = (from: number, until: number) =>
        Effect.map(records.passages({ workspaceId, from: base + from, until: base + until }), (rows) =>
          rows.map(({ dispatched, ended, lane }) => [lane, dispatched, ended])
        )
      assert.deepStrictEqual<unknown>(yield* passed(0, second), [
        ["normal", 3, none],
        ["bulk", 1, none]
      ])
      assert.deepStrictEqual<unknown>(yield* passed(second, 2 * second), [
        ["normal", 3, { ...none, completed: 2, failed: 1 }],
        ["bulk", 0, { ...none, skipped: 1 }]
      ])
      assert.deepStrictEqual<unknown>(yield* passed(2 * second, 3 * second), [["normal", 0, { ...none, unknown: 1 }]])
      assert.deepStrictEqual<unknown>(yield* passed(3 * second, 4 * second), [])
    })
  )
]
