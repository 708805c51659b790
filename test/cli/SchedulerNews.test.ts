import * as Ink from "@fibercast/cli/Ink"
import * as SchedulerNews from "@fibercast/cli/SchedulerNews"
import { type News } from "@fibercast/engine/SchedulerListener"
import { type NewOccurrence } from "@fibercast/ports/TriggerStore"
import { assert, describe, it } from "@effect/vitest"
import { now, occurrence, stored } from "./TriggerSamples.ts"

const recorded = (...occurrences: ReadonlyArray<Partial<NewOccurrence>>): News => ({
  _tag: "Recorded",
  trigger: stored("crm.sync"),
  recordedAt: now,
  occurrences: occurrences.map((one) => ({ ...occurrence, nominal: now, dueAt: now, work: null, ...one }))
})

const ended = (change: Partial<Extract<News, { readonly _tag: "Ended" }>["run"]> = {}): News => ({
  _tag: "Ended",
  run: { ...occurrence, nominal: now, state: "completed", endedAt: now + 1200, ...change }
})

const missed = (ago: number) => ({ outcome: "missed", reason: "down", nominal: now - ago }) as const

describe("the news of a scheduler", () => {
  it("says when a run begins, how it ended, how long it took, and the first line of what it said", () => {
    const lines = SchedulerNews.make(Ink.plain)
    assert.deepStrictEqual(lines(recorded({}), now), ["09:00:05Z  crm.sync              ▸ fired"])
    assert.deepStrictEqual(lines(ended(), now + 2000), [
      "09:00:07Z  crm.sync              ✓ completed in 1.2 s: 2 rows"
    ])
    assert.deepStrictEqual(lines(ended({ state: "failed", failure: "no route\nat x" }), now), [
      "09:00:05Z  crm.sync              ✗ failed: no route"
    ])
  })

  it("says how late a late one is and for what, and for how many it stands", () => {
    const lines = SchedulerNews.make(Ink.plain)
    const late = { outcome: "late", reason: "down", dueAt: now - 90_000, nominal: now - 90_000 } as const
    assert.deepStrictEqual(lines(recorded({ ...late, covers: { from: 0, count: 3 } }), now), [
      "09:00:05Z  crm.sync              ▸ late (down) for 2026-12-01 08:58:35 +00:00, 1 min 30 s late, stands for 3 earlier ones as well"
    ])
  })

  it("tells what did not run for one reason in one line", () => {
    const lines = SchedulerNews.make(Ink.plain)
    const refused = { outcome: "skipped", reason: "refused", detail: "c.csv: there is no such file" } as const
    assert.deepStrictEqual(lines(recorded(missed(30_000), missed(20_000), missed(10_000), refused), now), [
      "09:00:05Z  crm.sync              ! missed (down) 3 times, from 2026-12-01 08:59:35 +00:00 to 2026-12-01 08:59:55 +00:00",
      "09:00:05Z  crm.sync              – skipped (refused) for 2026-12-01 09:00:05 +00:00: c.csv: there is no such file"
    ])
  })
})
