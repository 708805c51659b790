/**
 * The page on performance tells the figures of the run that is stored as the baseline, and so does its picture.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Catalogue from "../bench/yardstick/Catalogue.ts"
import * as Chart from "../bench/yardstick/Chart.ts"
import * as Page from "../bench/yardstick/Page.ts"
import { Sample } from "../bench/yardstick/Sample.ts"

const read = (file: string) => readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), "utf8")

const Stored = Schema.fromJsonString(Schema.Struct({ samples: Schema.Array(Sample) }))

const baseline = Effect.map(Schema.decodeEffect(Stored)(read("test/bench/baseline.json")), ({ samples }) => samples)

const measured = (samples: ReadonlyArray<Sample>) =>
  Catalogue.cases.filter(({ name }) => samples.some((sample) => sample.case === name))

/** Tables are the same however wide their columns are. */
const flat = (page: string) => page.replaceAll(/\s+/gu, " ").replaceAll(/-{2,}/gu, "--")

describe("docs/performance.md", () => {
  it.effect("has the figures of the stored run", () =>
    Effect.gen(function* () {
      const samples = yield* baseline
      const page = read("docs/performance.md")
      assert.isAbove(samples.length, 0)
      assert.strictEqual(flat(page), flat(Page.withFigures(page, measured(samples), samples)))
      for (const { title } of measured(samples)) assert.include(page, `### ${title}`)
    })
  )

  it.effect("shows the picture of the stored run", () =>
    Effect.gen(function* () {
      const samples = yield* baseline
      assert.strictEqual(read("docs/performance.svg").trim(), Chart.svg(measured(samples), samples).trim())
    })
  )
})
