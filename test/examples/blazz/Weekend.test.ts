import { numbers, requests, times, workspaces } from "@fibercast/examples/blazz/Weekend"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Blazz from "./Blazz.ts"

const contacts = 40

/** What 01:30, 02:30 and 09:00 of the day are in UTC, in each zone. A time that comes twice is the first of the two. */
interface Change {
  readonly what: string
  readonly day: string
  readonly startAt: string
  readonly instants: Readonly<Record<(typeof workspaces)[number][1], readonly [string, string, string]>>
}

const changes: ReadonlyArray<Change> = [
  {
    what: "Adelaide puts its clocks forward, and 02:30 is 03:30 there",
    day: "2026-10-04",
    startAt: "2026-10-03T12:00:00.500Z",
    instants: {
      "Asia/Jakarta": ["03 18:30", "03 19:30", "04 02:00"],
      "Europe/Berlin": ["03 23:30", "04 00:30", "04 07:00"],
      "Europe/London": ["04 00:30", "04 01:30", "04 08:00"],
      "America/New_York": ["04 05:30", "04 06:30", "04 13:00"],
      "Asia/Kolkata": ["03 20:00", "03 21:00", "04 03:30"],
      "Australia/Adelaide": ["03 16:00", "03 17:00", "03 22:30"]
    }
  },
  {
    what: "Europe puts its clocks back, and 02:30 comes twice in Berlin, 01:30 in London",
    day: "2026-10-25",
    startAt: "2026-10-24T12:00:00.500Z",
    instants: {
      "Asia/Jakarta": ["24 18:30", "24 19:30", "25 02:00"],
      "Europe/Berlin": ["24 23:30", "25 00:30", "25 08:00"],
      "Europe/London": ["25 00:30", "25 02:30", "25 09:00"],
      "America/New_York": ["25 05:30", "25 06:30", "25 13:00"],
      "Asia/Kolkata": ["24 20:00", "24 21:00", "25 03:30"],
      "Australia/Adelaide": ["24 15:00", "24 16:00", "24 22:30"]
    }
  },
  {
    what: "New York puts its clocks back, and 01:30 comes twice there",
    day: "2026-11-01",
    startAt: "2026-10-31T12:00:00.500Z",
    instants: {
      "Asia/Jakarta": ["31 18:30", "31 19:30", "01 02:00"],
      "Europe/Berlin": ["01 00:30", "01 01:30", "01 08:00"],
      "Europe/London": ["01 01:30", "01 02:30", "01 09:00"],
      "America/New_York": ["01 05:30", "01 07:30", "01 14:00"],
      "Asia/Kolkata": ["31 20:00", "31 21:00", "01 03:30"],
      "Australia/Adelaide": ["31 15:00", "31 16:00", "31 22:30"]
    }
  }
]

/** `25 08:00` */
const shown = (millis: number) => new Date(millis).toISOString().slice(8, 16).replace("T", " ")

const minutes = 26 * 60 + 30

describe("Blazz with ten workspaces in six zones, each message taking 20 seconds", () => {
  for (const { day, instants, startAt, what } of changes) {
    it.effect(`on ${day}, when ${what}: everybody once, at the wall time that was asked for`, () =>
      Effect.gen(function* () {
        yield* Blazz.ask(...requests(day, contacts))
        yield* TestClock.adjust(`${minutes} minutes`)
        const calls = yield* Blazz.sent
        const byNumber = new Map(calls.map(({ at, to }) => [to, at]))
        assert.strictEqual(calls.length, workspaces.length * times.length * contacts)
        assert.strictEqual(byNumber.size, calls.length)
        for (const [at, [workspace, zone]] of workspaces.entries()) {
          for (const [slot, time] of times.entries()) {
            const sentAt = numbers(at, slot, contacts).map((number) => byNumber.get(number) ?? 0)
            const [first, last] = [Math.min(...sentAt), Math.max(...sentAt)]
            assert.strictEqual(shown(first), instants[zone][slot], `${workspace} ${time}`)
            // The backlog is longer than a few of the minutes in which planning runs.
            assert.isAtLeast(last - first, 3 * 60_000)
          }
        }
        yield* Expect.occurred("campaigns.plan", "fired", minutes)
        yield* Expect.ran("campaigns.plan", minutes)
        yield* Expect.occurred("backlog.measure", "fired", minutes / 5)
        yield* Expect.occurred("requests.prune", "fired", 1)
        for (const [name] of workspaces) {
          const workspace = yield* (yield* WorkspaceStore).find(name)
          if (workspace === null) return assert.fail(name)
          for (const campaign of yield* (yield* CampaignStore).list({ workspaceId: workspace.id, limit: 10 })) {
            assert.strictEqual(campaign.status, "completed")
            assert.deepInclude(campaign.counts, { planned: contacts, completed: contacts })
          }
        }
        // That a backlog of so many minutes waits is said; nothing else is wrong.
        assert.deepStrictEqual(
          (yield* Expect.alerts).filter((alert) => alert !== "LongWait"),
          []
        )
      }).pipe(
        Effect.provide(
          Blazz.blazz(startAt, {
            ...TestEngine.sparse,
            settings: { ...TestEngine.sparse.settings, concurrency: 4, poll: 300_000 },
            script: () => FakeMessenger.delay("20 seconds")
          })
        )
      )
    )
  }
})
