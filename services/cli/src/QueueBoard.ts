/**
 * The queues on a screen: a line for each lane with its verdict, and what stands in the way of all of it.
 */
import { type Targets, type Verdict } from "@fibercast/engine/QueueHealth"
import * as Figures from "./Figures.ts"
import * as FindingText from "./FindingText.ts"
import { type Ink } from "./Ink.ts"
import * as Instant from "./Instant.ts"
import { type NamedLine, type NamedSample } from "./NamedSamples.ts"
import * as Table from "./Table.ts"

const blocks = "▁▂▃▄▅▆▇█"

/** The highest of them reaches the top; none: a flat line. */
export const sparkline = (course: ReadonlyArray<number>): string => {
  const top = Math.max(1, ...course)
  return course.map((value) => blocks[Math.round((value / top) * (blocks.length - 1))] ?? blocks[0]).join("")
}

const dyed = (verdict: Verdict, text: string, ink: Ink): string =>
  verdict === "OK" ? ink.green(text) : verdict === "WARN" ? ink.yellow(text) : ink.red(text)

const signed = (value: number): string => {
  const whole = Math.round(value)
  return whole > 0 ? `+${Figures.amount(whole)}` : Figures.amount(whole)
}

interface Column extends Table.Column {
  readonly of: (line: NamedLine) => string
  /** On a terminal that is too narrow, left out the earlier the higher. */
  readonly spare: number
}

const columns: ReadonlyArray<Column> = [
  { title: "workspace", align: "left", spare: 0, of: ({ workspace }) => Table.shownIn(workspace, 24) },
  { title: "lane", align: "left", spare: 0, of: ({ lane }) => lane },
  { title: "pipeline", align: "left", spare: 0, of: ({ pipeline }) => Table.shownIn(pipeline ?? "", 30) },
  { title: "open", align: "right", spare: 0, of: ({ open }) => Figures.amount(open) },
  { title: "due", align: "right", spare: 2, of: ({ due }) => Figures.amount(due) },
  { title: "claimed", align: "right", spare: 4, of: ({ claimed }) => Figures.amount(claimed) },
  { title: "oldest", align: "right", spare: 0, of: ({ age }) => (age === null ? "–" : Figures.brief(age)) },
  { title: "in", align: "right", spare: 1, of: (line) => Figures.perSecond(line.in) },
  { title: "out", align: "right", spare: 1, of: ({ out }) => Figures.perSecond(out) },
  { title: "failed", align: "right", spare: 0, of: ({ failed }) => Figures.amount(failed) },
  { title: "growth", align: "right", spare: 3, of: ({ growth }) => `${signed(growth)}/min` },
  { title: "", align: "left", spare: 5, of: ({ course }) => (course.length > 1 ? sparkline(course) : "") },
  {
    title: "verdict",
    align: "left",
    spare: 0,
    of: ({ missed, verdict }) => (missed.length === 0 ? verdict : `${verdict} (${missed.join(", ")})`)
  }
]

const table = (lines: ReadonlyArray<NamedLine>, wide: number | null): ReadonlyArray<string> => {
  const used = columns.filter(({ of, title }) => title !== "pipeline" || lines.some((line) => of(line) !== ""))
  const format = (kept: ReadonlyArray<Column>) =>
    Table.format(
      kept,
      lines.map((line) => kept.map(({ of }) => of(line)))
    )
  for (let spare = 5; spare > 0; spare--) {
    const rows = format(used.filter((column) => column.spare <= spare))
    if (wide === null || rows.every((row) => Table.width(row) <= wide)) return rows
  }
  return format(used.filter(({ spare }) => spare === 0))
}

const goals = ({ age, failed, growth, size }: Targets): string =>
  `size ≤ ${Figures.amount(size)}, oldest ≤ ${Figures.span(age)}, failed ≤ ${Figures.amount(failed)}, growth ≤ ${Figures.amount(growth)}/min`

export const lines = (
  { at, findings, lines: queues, over, verdict }: NamedSample,
  options: {
    readonly targets: Targets
    /** Terminal columns there are; null: any number. */
    readonly wide: number | null
    readonly command: (words: string) => string
  },
  ink: Ink
): ReadonlyArray<string> => {
  const { command, targets, wide } = options
  const [titles = "", ...rows] = queues.length === 0 ? [] : table(queues, wide)
  const measured = over === 0 ? "" : `, over ${Figures.span(over)}`
  return [
    `${ink.bold(dyed(verdict, verdict, ink))}  ${ink.dim(`${Instant.format(at).slice(11, 19)}Z${measured}; targets: ${goals(targets)}`)}`,
    ...findings.flatMap((finding) => {
      const { command: words, what } = FindingText.of(finding, command)
      return [`${ink.red("✗")} ${what}`, ...(words === null ? [] : [`  ${ink.cyan(command(words))}`])]
    }),
    "",
    ...(queues.length === 0
      ? [ink.dim("No work is open.")]
      : [
          ink.dim(titles),
          ...rows.map((row, at) => {
            const line = queues[at]
            if (line === undefined || line.verdict === "OK") return row
            const from = row.lastIndexOf(line.verdict)
            return `${row.slice(0, from)}${dyed(line.verdict, row.slice(from), ink)}`
          })
        ])
  ]
}

/** As `--json` prints it; instants in ISO 8601, UTC. */
export const json = (
  { at, findings, lines: queues, over, verdict }: NamedSample,
  command: (words: string) => string
) => ({
  verdict,
  at: Instant.format(at),
  overMillis: over,
  findings: findings.map((finding) => ({ code: finding._tag, what: FindingText.of(finding, command).what })),
  queues: queues.map(({ course: _course, workspaceId: _id, ...line }) => line)
})
