/**
 * What was measured, as tables for a terminal: for each case the subjects, the best first, with the spread of their rounds
 * and what an item cost.
 */
import * as Table from "@fibercast/cli/Table"
import { type Case } from "./Case.ts"
import * as Catalogue from "./Catalogue.ts"
import { type Sample } from "./Sample.ts"
import * as Statistics from "./Statistics.ts"

/** `12`, `1.74`, `94,100`. */
export const figure = (value: number): string =>
  value >= 100
    ? Number(value.toPrecision(3)).toLocaleString("en-GB")
    : Number(value.toPrecision(value < 1 ? 2 : 3)).toString()

export interface Line {
  readonly subject: string
  readonly title: string
  readonly isCeiling: boolean
  readonly value: Statistics.Summary
  readonly p99: number | null
  /** In the order of the case's titles, medians. */
  readonly further: ReadonlyArray<number | null>
  /** The median as a multiple of its own in the case that this one is beside. */
  readonly beside: number | null
  /** By process, medians, in microseconds for an item. */
  readonly cpu: ReadonlyArray<readonly [name: string, micros: number]>
  readonly wal: number | null
  readonly commits: number | null
  readonly rss: number
  readonly foreign: number
}

const medianOf = (samples: ReadonlyArray<Sample>, of: (sample: Sample) => number | null | undefined): number | null => {
  const values = samples.map(of).filter((value) => value !== null && value !== undefined)
  return values.length === 0 ? null : Statistics.median(values)
}

/** Of one case, the best first. */
export const linesOf = ({ beside, further, name, unit }: Case, samples: ReadonlyArray<Sample>): ReadonlyArray<Line> => {
  const others = samples.filter((sample) => sample.case === beside?.case)
  const bySubject = Map.groupBy(
    samples.filter((sample) => sample.case === name),
    ({ subject }) => subject
  )
  const lines = [...bySubject].map(([subject, some]): Line => {
    const found = Catalogue.subjects.get(subject)
    const processes = Object.keys(some[0]?.metered.cpu ?? {})
    const value = Statistics.summary(some.map((sample) => sample.value))
    const other = medianOf(
      others.filter((sample) => sample.subject === subject),
      (sample) => sample.value
    )
    return {
      subject,
      title: found?.title ?? subject,
      isCeiling: found?.isCeiling ?? false,
      value,
      p99: medianOf(some, ({ more }) => more["p99"]),
      further: Object.keys(further).map((key) => medianOf(some, ({ more }) => more[key])),
      beside: other === null ? null : value.median / other,
      cpu: processes.map((process) => [process, medianOf(some, ({ metered }) => metered.cpu[process]) ?? 0]),
      wal: medianOf(some, ({ metered }) => metered.wal),
      commits: medianOf(some, ({ metered }) => metered.commits),
      rss: medianOf(some, ({ metered }) => metered.rss) ?? 0,
      foreign: medianOf(some, ({ metered }) => metered.foreign) ?? 0
    }
  })
  return lines.toSorted((a, b) => (unit === "ms" ? a.value.median - b.value.median : b.value.median - a.value.median))
}

/** How many times better than the other. */
export const times = (unit: Case["unit"], ours: number, theirs: number): number =>
  unit === "ms" ? theirs / ours : ours / theirs

const optional = (value: number | null): string => (value === null ? "" : figure(value))

/** The titles of the columns that only this case has, and what a line has in them. */
export const own = ({ beside, further }: Case) => ({
  titles: [...Object.values(further), ...(beside === null ? [] : [beside.title])],
  cells: (line: Line): ReadonlyArray<string> => [
    ...line.further.map(optional),
    ...(beside === null ? [] : [line.beside === null ? "" : `${figure(line.beside)}×`])
  ]
})

const columns = (titles: ReadonlyArray<string>): ReadonlyArray<Table.Column> => [
  { title: "", align: "left" },
  { title: "median", align: "right" },
  { title: "least to most", align: "right" },
  { title: "p99", align: "right" },
  ...titles.map((title) => ({ title, align: "right" }) as const),
  { title: "against", align: "right" },
  { title: "µs an item", align: "left" },
  { title: "WAL B", align: "right" },
  { title: "commits an item", align: "right" },
  { title: "RSS MB", align: "right" },
  { title: "others", align: "right" }
]

/** Beside each: how Fibercast does against it. */
export const tableOf = (one: Case, samples: ReadonlyArray<Sample>): ReadonlyArray<string> => {
  const lines = linesOf(one, samples)
  const ours =
    lines.find(({ subject }) => subject === "fibercast") ?? lines.find(({ title }) => title.startsWith("Fibercast"))
  const { cells, titles } = own(one)
  const rows = lines.map((line) => [
    line.title,
    `${figure(line.value.median)} ${one.unit}`,
    `${figure(line.value.least)} to ${figure(line.value.most)}`,
    line.p99 === null ? "" : `${figure(line.p99)} ms`,
    ...cells(line),
    ours === undefined || ours === line ? "" : `${figure(times(one.unit, ours.value.median, line.value.median))}×`,
    line.cpu.map(([process, micros]) => `${process} ${figure(micros)}`).join(", "),
    optional(line.wal),
    line.commits === null ? "" : Number(line.commits.toPrecision(2)).toString(),
    figure(line.rss),
    `${Math.round(line.foreign * 100)} %`
  ])
  return ["", `${one.title} (${one.name})`, ...Table.format(columns(titles), rows).map((row) => `  ${row}`)]
}

/** What each of those that were measured promises in that mode. */
export const promises = (samples: ReadonlyArray<Sample>): ReadonlyArray<string> =>
  [...Catalogue.subjects].flatMap(([name, { promises, title }]) =>
    samples.some(({ subject }) => subject === name) ? [`  ${title}: ${promises}`] : []
  )
