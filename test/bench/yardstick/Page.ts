/**
 * The figures of a run on a page of Markdown, between two marks: for each case a table, the best first.
 */
import { type Case } from "./Case.ts"
import * as Report from "./Report.ts"
import { type Sample } from "./Sample.ts"

const begin = "<!-- figures -->"
const end = "<!-- end of figures -->"

const optional = (value: number | null, text: (value: number) => string): string => (value === null ? "" : text(value))

const row = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`

const tableOf = (one: Case, samples: ReadonlyArray<Sample>): ReadonlyArray<string> => {
  const lines = Report.linesOf(one, samples)
  if (lines.length === 0) return []
  const ours = lines.find(({ subject }) => subject.startsWith("fibercast"))
  const against = (line: Report.Line): string =>
    ours === undefined || ours === line
      ? ""
      : `${Report.figure(Report.times(one.unit, ours.value.median, line.value.median))}×`
  const hasTail = lines.some(({ p99 }) => p99 !== null)
  const tail = (cells: ReadonlyArray<string>) => (hasTail ? cells : [])
  const own = Report.own(one)
  const heads = ["", `median, ${one.unit}`, "least to most", ...tail(["p99, ms"]), ...own.titles]
  const costs = [
    `${ours?.title ?? ""} against it`,
    "µs of processor an item",
    "WAL, bytes",
    "commits",
    "RSS, MB",
    "others"
  ]
  return [
    `### ${one.title}`,
    "",
    row([...heads, ...costs]),
    row(["---", ...[...heads.slice(1), ...costs].map((head) => (head.startsWith("µs") ? "---" : "--:"))]),
    ...lines.map((line) =>
      row([
        line.title,
        Report.figure(line.value.median),
        `${Report.figure(line.value.least)} to ${Report.figure(line.value.most)}`,
        ...tail([optional(line.p99, Report.figure)]),
        ...own.cells(line),
        against(line),
        line.cpu.map(([process, micros]) => `${process} ${Report.figure(micros)}`).join(", "),
        optional(line.wal, Report.figure),
        optional(line.commits, Report.figure),
        Report.figure(line.rss),
        `${Math.round(line.foreign * 100)} %`
      ])
    ),
    ""
  ]
}

/** The page with these figures in the place of those it had. A page without the marks is left as it is. */
export const withFigures = (page: string, cases: ReadonlyArray<Case>, samples: ReadonlyArray<Sample>): string => {
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < from) return page
  const rounds = Math.max(...samples.map(({ round }) => round))
  const promises = Report.promises(samples).map((line) => `- ${line.trim()}`)
  const figures = [
    `${rounds} rounds. What each promises as measured:`,
    "",
    ...promises,
    "",
    ...cases.flatMap((one) => tableOf(one, samples))
  ]
  return `${page.slice(0, from)}${begin}\n\n${figures.join("\n")}\n${page.slice(to)}`
}
