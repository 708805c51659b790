import { assert, describe, it } from "@effect/vitest"
import * as Baseline from "./yardstick/Baseline.ts"
import * as Catalogue from "./yardstick/Catalogue.ts"
import * as Chart from "./yardstick/Chart.ts"
import * as Page from "./yardstick/Page.ts"
import * as Report from "./yardstick/Report.ts"
import { type Sample } from "./yardstick/Sample.ts"

const metered = { items: 1, seconds: 1, cpu: {}, foreign: 0, wal: null, commits: 0.0016, rss: 1 }

const sample = (of: string, subject: string, value: number, more: Sample["more"] = {}): Sample => ({
  case: of,
  subject,
  round: 1,
  value,
  more,
  metered
})

const cases = (...names: ReadonlyArray<string>) => Catalogue.cases.filter(({ name }) => names.includes(name))

const tables = (names: ReadonlyArray<string>, samples: ReadonlyArray<Sample>) =>
  cases(...names).flatMap((one) => Report.tableOf(one, samples))

const page = (names: ReadonlyArray<string>, samples: ReadonlyArray<Sample>) =>
  Page.withFigures("<!-- figures --><!-- end of figures -->", cases(...names), samples).split("\n")

const noisy = [
  sample("noisy-alone", "fibercast", 400),
  sample("noisy-alone", "graphile-worker", 500),
  sample("noisy", "fibercast", 600, { share: 18.7 }),
  sample("noisy", "graphile-worker", 5000, { share: 99.2 })
]

describe("The figures of a case", () => {
  it("are told with those that only it has, and as a multiple of the subject's own in the case it is beside", () => {
    const lines = tables(["noisy"], noisy)
    assert.match(lines[2] ?? "", /% of the drain +of alone/)
    assert.match(lines[3] ?? "", /^ +Fibercast .* 18\.7 +1\.5× /)
    assert.match(lines[4] ?? "", /^ +graphile-worker .* 99\.2 +10× +8\.33× /)
    assert.isDefined(page(["noisy"], noisy).find((line) => /\| Fibercast .*\| 18\.7 \| 1\.5× \|/.test(line)))
  })

  it("lack that multiple where the other case was not measured", () => {
    const [line] = cases("noisy").flatMap((one) => Report.linesOf(one, noisy.slice(2)))
    assert.isNull(line?.beside)
    assert.deepStrictEqual(line?.further, [18.7])
  })

  it("say how many transactions an item took", () => {
    const lines = tables(["drain"], [sample("drain", "fibercast", 50_000)])
    assert.match(lines[2] ?? "", /commits an item/)
    assert.match(lines[3] ?? "", / 0\.0016 /)
  })

  it("are in the picture only where another queue on Postgres did the same", () => {
    const names = ["noisy", "tick"]
    const drawn = Chart.svg(cases(...names), [...noisy, sample("tick", "fibercast", 2000)])
    assert.include(drawn, "The same behind 90")
    assert.notInclude(drawn, "triggers due")
  })

  it("are compared with no baseline that lacks the case", () => {
    const three = [1, 2, 3].flatMap((round) => noisy.map((one) => ({ ...one, round })))
    assert.deepStrictEqual(Baseline.compare(cases("noisy"), [sample("drain", "fibercast", 1)], three), [])
  })
})
