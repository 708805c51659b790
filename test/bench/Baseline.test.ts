import { assert, describe, it } from "@effect/vitest"
import * as Baseline from "./yardstick/Baseline.ts"
import * as Catalogue from "./yardstick/Catalogue.ts"
import { type Sample } from "./yardstick/Sample.ts"

const cases = Catalogue.cases.filter(({ name }) => name === "drain" || name === "latency")

const metered = { items: 1, seconds: 1, cpu: {}, foreign: 0, wal: null, commits: null, rss: 1 }

/** What each reached, round by round. */
const samples = (of: string, reached: Readonly<Record<string, ReadonlyArray<number>>>): ReadonlyArray<Sample> =>
  Object.entries(reached).flatMap(([subject, values]) =>
    values.map((value, at) => ({ case: of, subject, round: at + 1, value, more: {}, metered }))
  )

const verdicts = (before: ReadonlyArray<Sample>, now: ReadonlyArray<Sample>) =>
  Baseline.compare(cases, before, now).map(({ case: name, subject, verdict }) => [name, subject, verdict])

describe("A comparison with a baseline", () => {
  const before = samples("drain", { plain: [100, 200, 120], fibercast: [50, 98, 61] })

  it("finds a case slower that did worse against the plain loop in every round, on whatever machine", () => {
    const now = samples("drain", { plain: [1000, 1000, 1000], fibercast: [400, 420, 410] })
    assert.deepStrictEqual(verdicts(before, now), [["drain", "fibercast", "slower"]])
  })

  it("finds nothing where the machine alone was slower", () => {
    const now = samples("drain", { plain: [10, 20, 12], fibercast: [5, 9.8, 6.1] })
    assert.deepStrictEqual(verdicts(before, now), [["drain", "fibercast", "within noise"]])
  })

  it("calls a case faster that did better in every round", () => {
    const now = samples("drain", { plain: [100, 100, 100], fibercast: [80, 70, 75] })
    assert.deepStrictEqual(verdicts(before, now), [["drain", "fibercast", "faster"]])
  })

  it("knows that less is better of what is measured in milliseconds, and takes the best of the others there", () => {
    const was = samples("latency", { fibercast: [2, 2, 2], "graphile-worker": [3, 3, 3], "pg-boss": [9, 9, 9] })
    const is = samples("latency", { fibercast: [4, 4, 4], "graphile-worker": [3, 3, 3], "pg-boss": [9, 9, 9] })
    assert.deepStrictEqual(verdicts(was, is), [["latency", "fibercast", "slower"]])
    assert.strictEqual(Baseline.compare(cases, was, is)[0]?.reference, "graphile-worker")
  })

  it("says nothing of fewer than three rounds", () => {
    const two = samples("drain", { plain: [100, 100], fibercast: [10, 10] })
    assert.deepStrictEqual(verdicts(before, two), [])
    assert.deepStrictEqual(verdicts(two, before), [])
  })
})
