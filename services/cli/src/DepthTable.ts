/**
 * How much work there is of each workspace, lane and pipeline, in a table: what is open and due, who waits, and what came
 * and ended of late.
 */
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { rank } from "@fibercast/domain/Lane"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Depth, type Passage } from "@fibercast/ports/Records"
import * as Figures from "./Figures.ts"
import { type Ink } from "./Ink.ts"
import * as Instant from "./Instant.ts"
import * as Table from "./Table.ts"

/** What came and ended within a span. */
export interface Flow {
  readonly in: number
  readonly out: number
  /** Of `out`: failed, or in doubt. */
  readonly failed: number
}

export interface Row extends Omit<Depth, "workspaceId" | "lane"> {
  readonly workspace: string
  readonly lane: Passage["lane"]
  readonly minute: Flow
  readonly hour: Flow
}

const still: Flow = { in: 0, out: 0, failed: 0 }
const empty = { open: 0, due: 0, claimed: 0, oldestDue: null, nextDue: null, paused: 0, minute: still, hour: still }

const flowOf = ({ dispatched, ended }: Passage): Flow => ({
  in: dispatched,
  out: Object.values(ended).reduce((sum, count) => sum + count, 0),
  failed: (["failed", "unknown"] satisfies ReadonlyArray<FinalState>).reduce((sum, state) => sum + ended[state], 0)
})

/** One for each workspace, lane and pipeline that has open work, or had some within the hour. */
export const rowsOf = (
  found: {
    readonly depths: ReadonlyArray<Depth>
    readonly minute: ReadonlyArray<Passage>
    readonly hour: ReadonlyArray<Passage>
  },
  nameOf: (id: WorkspaceId) => string
): ReadonlyArray<Row> => {
  const rows = new Map<string, Row>()
  const put = (of: Pick<Depth, "workspaceId" | "pipeline"> & Pick<Row, "lane">, more: Partial<Row>) => {
    const { lane, pipeline, workspaceId } = of
    const workspace = nameOf(workspaceId)
    const key = JSON.stringify([workspace, lane, pipeline])
    rows.set(key, { ...empty, ...rows.get(key), workspace, lane, pipeline, ...more })
  }
  for (const { workspaceId, ...depth } of found.depths) put({ ...depth, workspaceId }, depth)
  for (const passage of found.minute) put(passage, { minute: flowOf(passage) })
  for (const passage of found.hour) put(passage, { hour: flowOf(passage) })
  const place = ({ lane }: Row) => (lane === null ? 9 : rank(lane))
  return [...rows.values()].toSorted(
    (a, b) => a.workspace.localeCompare(b.workspace) || place(a) - place(b) || a.pipeline.localeCompare(b.pipeline)
  )
}

const add = (one: Flow, other: Flow): Flow => ({
  in: one.in + other.in,
  out: one.out + other.out,
  failed: one.failed + other.failed
})

const least = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b)

/** All of them as one. */
const sum = (rows: ReadonlyArray<Row>): Row =>
  rows.reduce(
    (total, row): Row => ({
      ...total,
      open: total.open + row.open,
      due: total.due + row.due,
      claimed: total.claimed + row.claimed,
      paused: total.paused + row.paused,
      oldestDue: least(total.oldestDue, row.oldestDue),
      nextDue: least(total.nextDue, row.nextDue),
      minute: add(total.minute, row.minute),
      hour: add(total.hour, row.hour)
    }),
    { ...empty, workspace: "all", lane: null, pipeline: "" }
  )

interface Column extends Table.Column {
  readonly of: (row: Row, now: number) => string
}

const number = (title: string, of: (row: Row) => number): Column => ({
  title,
  align: "right",
  of: (row) => (of(row) === 0 ? "·" : Figures.amount(of(row)))
})

const columns: ReadonlyArray<Column> = [
  { title: "workspace", align: "left", of: ({ workspace }) => Table.shownIn(workspace, 24) },
  { title: "lane", align: "left", of: ({ lane }) => lane ?? "" },
  { title: "pipeline", align: "left", of: ({ pipeline }) => Table.shownIn(pipeline, 30) },
  number("open", ({ open }) => open),
  number("due", ({ due }) => due),
  number("claimed", ({ claimed }) => claimed),
  number("paused", ({ paused }) => paused),
  {
    title: "waits",
    align: "right",
    of: ({ oldestDue }, now) => (oldestDue === null ? "·" : Figures.span(now - oldestDue))
  },
  {
    title: "next in",
    align: "right",
    of: ({ nextDue }, now) => (nextDue === null ? "·" : Figures.span(nextDue - now))
  },
  number("1 min: in", ({ minute }) => minute.in),
  number("out", ({ minute }) => minute.out),
  number("failed", ({ minute }) => minute.failed),
  number("1 h: in", ({ hour }) => hour.in),
  number("out", ({ hour }) => hour.out),
  number("failed", ({ hour }) => hour.failed)
]

/** Columns left out, more and more of them, on a terminal that is too narrow for all: places in `columns`. */
const leftOut: ReadonlyArray<ReadonlyArray<number>> = [
  [],
  [6],
  [6, 9, 10, 11],
  [6, 8, 9, 10, 11],
  [6, 8, 9, 10, 11, 12, 13, 14],
  [0, 6, 8, 9, 10, 11, 12, 13, 14]
]

/** A line each, with the titles above, and all as one below where there are several. `wide`: null: any width. */
export const lines = (rows: ReadonlyArray<Row>, now: number, wide: number | null, ink: Ink): ReadonlyArray<string> => {
  const all = rows.length > 1 ? [...rows, sum(rows)] : rows
  const hasPaused = rows.some(({ paused }) => paused > 0)
  const table = (without: ReadonlyArray<number>) => {
    const kept = columns.filter((_, at) => !without.includes(at) && (at !== 6 || hasPaused))
    return Table.format(
      kept,
      all.map((row) => kept.map(({ of }) => of(row, now)))
    )
  }
  const fitting = leftOut.map(table).find((found) => wide === null || found.every((line) => Table.width(line) <= wide))
  const [titles = "", ...body] = fitting ?? table(leftOut.at(-1) ?? [])
  return [
    ink.dim(titles),
    ...body.map((line, at) => {
      const row = all[at]
      if (row === undefined) return line
      if (at === rows.length) return ink.bold(line)
      return row.hour.failed > 0 ? ink.yellow(line) : line
    })
  ]
}

const instant = (at: number | null) => (at === null ? null : Instant.format(at))

/** As `--json` prints it; instants in ISO 8601, UTC. */
export const json = (row: Row) => ({ ...row, oldestDue: instant(row.oldestDue), nextDue: instant(row.nextDue) })
