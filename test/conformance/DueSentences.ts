/**
 * Which workspaces need an owner, and when.
 */
import { assert } from "@effect/vitest"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger, strangersPassed, strangeWait } from "@fibercast/ports/Ledger"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect } from "effect"
import { background, base, claimed, freshCampaign, freshWorkspace, job, jobs, lease, ownedWorkspace } from "./Given.ts"
import { sentence } from "./Sentence.ts"

export const dueSentences = [
  sentence(
    "a workspace is due by the due time of its work, not before",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const idle = yield* freshWorkspace
      const { id: workspaceId } = yield* freshWorkspace
      yield* ledger.insert({ workspaceId, now: 1000, deliveries: [job({}, { dueAt: 5000 })] })
      const due = (by: number) => ledger.dueWorkspaces({ by, now: 1000, limit: 10_000 })
      const early = (yield* due(4999)).map(({ workspaceId }) => workspaceId)
      assert.notInclude(early, workspaceId)
      const listed = yield* due(5000)
      assert.deepStrictEqual(
        listed.filter((found) => found.workspaceId === workspaceId),
        [{ workspaceId, owner: null, ownedUntil: null }]
      )
      assert.notInclude(
        listed.map(({ workspaceId }) => workspaceId),
        idle.id
      )
    })
  ),
  sentence(
    "a due workspace is listed with its owner, and no more are listed than asked for",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { workspaceId } = yield* ownedWorkspace(1000)
      yield* ledger.insert({ workspaceId, now: 1000, deliveries: [job({}, { dueAt: 1000 })] })
      const second = yield* ownedWorkspace(1000)
      yield* ledger.insert({ ...second, deliveries: [job({}, { dueAt: 1000 })] })
      const listed = yield* ledger.dueWorkspaces({ by: 1000, now: 1000, limit: 10_000 })
      assert.deepInclude(listed, { workspaceId, owner: "node-a", ownedUntil: 1000 + lease })
      assert.strictEqual((yield* ledger.dueWorkspaces({ by: 1000, now: 1000, limit: 1 })).length, 1)
    })
  ),
  sentence(
    "due workspaces are listed by id, so that all are found page by page, each once",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const at = { by: 1000, now: 1000 }
      const made: Array<WorkspaceId> = []
      for (const isOwned of [true, false, true, false, false]) {
        const { workspaceId } = isOwned
          ? yield* ownedWorkspace(1000)
          : yield* Effect.map(freshWorkspace, ({ id }) => ({ workspaceId: id }))
        yield* ledger.insert({ workspaceId, now: 1000, deliveries: jobs(2, { dueAt: 1000 }) })
        made.push(workspaceId)
      }
      const workspaces = yield* WorkspaceStore
      const [aside, ...others] = made.toReversed()
      if (aside !== undefined) yield* workspaces.setQuarantine(aside, "broken")
      const due = others.toReversed()
      const found: Array<WorkspaceId> = []
      for (;;) {
        const page = yield* ledger.dueWorkspaces({ ...at, limit: 2, after: found.at(-1) })
        const isNew = page.every(({ workspaceId }) => workspaceId > (found.at(-1) ?? 0))
        assert.isTrue(isNew, "a page was listed again")
        found.push(...page.map(({ workspaceId }) => workspaceId))
        if (page.length < 2) break
      }
      assert.deepStrictEqual(
        found,
        found.toSorted((a, b) => a - b)
      )
      assert.deepStrictEqual(
        found.filter((workspaceId) => made.includes(workspaceId)),
        due
      )
      const [first, ...rest] = due
      const after = yield* ledger.dueWorkspaces({ ...at, limit: 2, after: first })
      assert.deepStrictEqual(
        after.map(({ workspaceId }) => workspaceId),
        rest.slice(0, 2)
      )
    })
  ),
  sentence(
    "work of another pipeline is due for all once nobody has come to it for long enough",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const { id: workspaceId } = yield* freshWorkspace
      yield* ledger.insert({ workspaceId, now: 1000, deliveries: [job({}, { dueAt: 5000, pipeline: "crm.sync" })] })
      const isDue = (by: number, pipelines?: ReadonlyArray<string>) =>
        Effect.map(ledger.dueWorkspaces({ by, now: 1000, limit: 10_000, pipelines }), (due) =>
          due.some((found) => found.workspaceId === workspaceId)
        )
      assert.isTrue(yield* isDue(5000))
      assert.isTrue(yield* isDue(5000, ["jobs", "crm.sync"]))
      for (const known of [["jobs"], [], ["never heard of"]]) {
        assert.isFalse(yield* isDue(4999 + strangeWait, known))
        assert.isTrue(yield* isDue(5000 + strangeWait, known))
      }
    })
  ),
  sentence(
    "work is due for those who run its pipeline, although some of another pipeline is before it",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const isDue = Effect.fnUntraced(function* (before: number) {
        const { id: workspaceId } = yield* freshWorkspace
        const others = jobs(before, { dueAt: 5000, pipeline: "crm.sync" })
        yield* ledger.insert({ workspaceId, now: 1000, deliveries: [...others, job({}, { dueAt: 5001 })] })
        const due = (by: number) => ledger.dueWorkspaces({ by, now: 1000, limit: 10_000, pipelines: ["jobs"] })
        const found = yield* Effect.forEach([5000, 5001], due)
        return found.map((some) => some.some((one) => one.workspaceId === workspaceId))
      })
      assert.deepStrictEqual(yield* isDue(strangersPassed - 1), [false, true])
      assert.deepStrictEqual(yield* isDue(strangersPassed), [false, false])
    })
  ),
  sentence(
    "a campaign of another pipeline needs an actor of anybody once nobody has come to it for long enough",
    Effect.gen(function* () {
      const campaigns = yield* CampaignStore
      const { id: workspaceId } = yield* freshWorkspace
      yield* freshCampaign(workspaceId)
      const needs = (by: number, pipelines?: ReadonlyArray<string>) =>
        Effect.map(campaigns.activeWorkspaces(by, pipelines), (active) =>
          active.some((found) => found.workspaceId === workspaceId)
        )
      assert.isTrue(yield* needs(base))
      assert.isTrue(yield* needs(base, ["reports"]))
      assert.isFalse(yield* needs(base + strangeWait - 1, ["jobs"]))
      assert.isTrue(yield* needs(base + strangeWait, ["jobs"]))
    })
  ),
  sentence(
    "a workspace whose owner went silent over claimed work is due",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace(1000)
      const { workspaceId } = owned
      yield* ledger.insert({ ...owned, deliveries: [job({}, { dueAt: 1000 })] })
      yield* claimed(owned, background)
      const listed = yield* ledger.dueWorkspaces({ by: 0, now: 1000 + lease, limit: 10_000 })
      assert.deepInclude(listed, { workspaceId, owner: "node-a", ownedUntil: 1000 + lease })
      const before = yield* ledger.dueWorkspaces({ by: 0, now: 1000 + lease - 1, limit: 10_000 })
      assert.notInclude(
        before.map((found) => found.workspaceId),
        workspaceId
      )
    })
  ),
  sentence(
    "what is due of a paused campaign makes no workspace due; its other work still does",
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const campaigns = yield* CampaignStore
      const { id: workspaceId } = yield* freshWorkspace
      const { id: campaignId } = yield* freshCampaign(workspaceId)
      yield* ledger.insert({ workspaceId, now: 1000, deliveries: [job({}, { campaignId, dueAt: 1000 })] })
      const isDue = Effect.map(ledger.dueWorkspaces({ by: 1000, now: 1000, limit: 10_000 }), (due) =>
        due.some((found) => found.workspaceId === workspaceId)
      )
      const change = { workspaceId, campaignId, note: null, now: 1000 }
      assert.isTrue(yield* isDue)
      yield* campaigns.transition({ ...change, from: ["scheduled"], to: "paused" })
      assert.isFalse(yield* isDue)
      yield* ledger.insert({ workspaceId, now: 1000, deliveries: [job({}, { dueAt: 1000 })] })
      assert.isTrue(yield* isDue)
    })
  )
]
