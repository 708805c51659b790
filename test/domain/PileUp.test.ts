import * as Frequency from "@fibercast/domain/Frequency"
import { causeOf, type Misfire, pileUpEnd } from "@fibercast/domain/Misfire"
import * as PileUp from "@fibercast/domain/PileUp"
import * as Planner from "@fibercast/domain/Planner"
import * as Trigger from "@fibercast/domain/Trigger"
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { pipe } from "effect"

const policies: FastCheck.Arbitrary<Misfire> = FastCheck.oneof(
  FastCheck.constantFrom<Misfire>({ _tag: "Skip" }, { _tag: "Latest" }, { _tag: "Merged" }),
  FastCheck.record({
    _tag: FastCheck.constant<"All">("All"),
    cap: FastCheck.integer({ min: 1, max: 50 }),
    maxAge: FastCheck.option(FastCheck.integer({ min: 1, max: 100_000 }))
  })
)
const triggers = FastCheck.constantFrom(
  Frequency.everySecond,
  Frequency.everyMinute,
  Trigger.every("7 seconds"),
  pipe(Frequency.everyTenSeconds, Frequency.between("00:01", "00:03"))
)
const begin = Date.UTC(2026, 0, 1)

describe("PileUp", () => {
  it("judges the same wherever it is cut into pages", () => {
    const length = FastCheck.integer({ min: 0, max: 400_000 })
    FastCheck.assert(
      FastCheck.property(
        policies,
        triggers,
        length,
        FastCheck.integer({ min: 1, max: 40 }),
        (policy, trigger, span, page) => {
          const end = begin + span
          const now = end + 10_000
          const whole = PileUp.judge(policy, { trigger, from: begin, end, except: null, now })
          const planned = Planner.plan(trigger, begin, end).map(({ nominal }) => nominal)
          const inPages: Array<PileUp.Fate> = []
          for (let at = 0; at < planned.length; at += page) {
            const from = planned[at] ?? end
            const judge = PileUp.judge(policy, { trigger, from, end, except: null, now })
            inPages.push(...planned.slice(at, at + page).map(judge))
          }
          assert.deepStrictEqual(inPages, planned.map(whole))
        }
      ),
      { numRuns: 200 }
    )
  })

  it("runs the newest, as many as the policy says, and none beside them", () => {
    FastCheck.assert(
      FastCheck.property(policies, FastCheck.integer({ min: 1, max: 300 }), (policy, count) => {
        const end = begin + count * 1000
        const judge = PileUp.judge(policy, { trigger: Frequency.everySecond, from: begin, end, except: null, now: end })
        const fates = Array.from({ length: count }, (_, index) => judge(begin + index * 1000))
        const young =
          policy._tag === "All" && policy.maxAge !== null ? Math.min(count, Math.floor(policy.maxAge / 1000)) : count
        const most = { Skip: 0, Latest: 1, Merged: 1, All: policy._tag === "All" ? policy.cap : 0 }[policy._tag]
        const run = Math.min(most, young)
        const passedOver = policy._tag === "Merged" ? "merge" : "drop"
        assert.deepStrictEqual(fates, [...Array(count - run).fill(passedOver), ...Array(run).fill("run")])
      })
    )
  })

  it("leaves out of its count what belongs to another cause", () => {
    const except = { from: begin + 60_000, to: begin + 600_000 }
    const pileUp = { trigger: Frequency.everyMinute, from: begin, end: begin + 660_000, except, now: begin + 700_000 }
    const judge = PileUp.judge({ _tag: "All", cap: 2, maxAge: null }, pileUp)
    assert.strictEqual(judge(begin + 600_000), "run")
    assert.strictEqual(judge(begin), "run")
    const latest = PileUp.judge({ _tag: "Latest" }, { ...pileUp, end: begin + 600_000 })
    assert.strictEqual(latest(begin), "run")
  })
})

describe("The cause of a misfire", () => {
  const situation = { now: 1_000_000, grace: 10_000, aliveSince: 900_000, pause: { since: 400_000, until: 500_000 } }

  it.each([
    [399_999, "down"],
    [400_000, "paused"],
    [499_999, "paused"],
    [500_000, "down"],
    [899_999, "down"],
    [900_000, "overloaded"],
    [989_999, "overloaded"],
    [990_000, null],
    [1_000_000, null]
  ])("of what was due at %i is %s", (dueAt, cause) => {
    assert.strictEqual(causeOf(situation, dueAt), cause)
  })

  it("ends its pile-up where the next one begins, or where it is late no more", () => {
    assert.strictEqual(pileUpEnd(situation, "paused"), 500_000)
    assert.strictEqual(pileUpEnd(situation, "down"), 900_000)
    assert.strictEqual(pileUpEnd(situation, "overloaded"), 990_000)
    assert.strictEqual(pileUpEnd({ ...situation, aliveSince: 999_000 }, "down"), 990_000)
  })
})
