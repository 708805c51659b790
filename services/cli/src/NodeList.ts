/**
 * The nodes there are, in a table: what each does, how it stands, and when it was last seen.
 */
import * as Lane from "@fibercast/domain/Lane"
import { isSilent, type KnownNode } from "@fibercast/ports/NodeRegistry"
import * as Figures from "./Figures.ts"
import { type Ink } from "./Ink.ts"
import * as Instant from "./Instant.ts"
import * as Table from "./Table.ts"

/** Unseen for so long, a node is left out. Milliseconds. */
export const shownFor = 86_400_000

/** Enough of an id to name the node by. */
export const short = ({ id }: Pick<KnownNode, "id">): string => id.slice(0, 8)

/** What is wished of it and not yet so; null: it is. */
const unmet = ({ state, wish }: KnownNode): string | null => {
  if (wish === "drained") return state === "draining" || state === "gone" ? null : wish
  if (wish === "cordoned") return state === "cordoned" || state === "gone" ? null : wish
  return state === "cordoned" ? wish : null
}

/** `working`, `working → cordoned`, `silent`. */
export const standing = (node: KnownNode, now: number): string => {
  const wished = unmet(node)
  const state = isSilent(node, now) ? "silent" : node.state
  return wished === null ? state : `${state} → ${wished}`
}

interface Column extends Table.Column {
  readonly of: (node: KnownNode, now: number) => string
}

const isPartial = (lanes: KnownNode["lanes"]): boolean => lanes.length < Lane.lanes.length

/** Shown if one of them does not serve all. */
const lanesTitle = "lanes"

const columns: ReadonlyArray<Column> = [
  { title: "name", align: "left", of: ({ name }) => Table.shownIn(name, 30) },
  { title: "id", align: "left", of: short },
  { title: "roles", align: "left", of: ({ roles }) => roles.join(",") },
  { title: lanesTitle, align: "left", of: ({ lanes }) => (isPartial(lanes) ? lanes.join(",") : "all") },
  { title: "state", align: "left", of: standing },
  { title: "workspaces", align: "right", of: ({ workspaces }) => Figures.amount(workspaces) },
  {
    title: "sending",
    align: "right",
    of: ({ capacity, sending }) => `${Figures.amount(sending)}/${Figures.amount(capacity)}`
  },
  { title: "release", align: "left", of: ({ release }) => Table.shownIn(release ?? "–", 20) },
  { title: "up since", align: "left", of: ({ startedAt }) => `${Instant.format(startedAt).slice(0, 16)}Z` },
  { title: "last seen", align: "left", of: ({ seenAt }, now) => `${Figures.span(now - seenAt)} ago` }
]

/** Left out, one after the other, on a terminal that is too narrow for all. */
const leftOut = ["release", "up since", "workspaces", "roles", "sending", lanesTitle]

const colourOf = (node: KnownNode, now: number, ink: Ink): ((line: string) => string) => {
  if (node.state === "gone") return ink.dim
  if (isSilent(node, now)) return ink.red
  return node.state === "working" && unmet(node) === null ? (line) => line : ink.yellow
}

/** One line each, and one for the titles. `wide`: terminal columns there are; null: any number. Instants in UTC. */
export const lines = (
  nodes: ReadonlyArray<KnownNode>,
  now: number,
  wide: number | null,
  ink: Ink
): ReadonlyArray<string> => {
  const table = (without: ReadonlyArray<string>) => {
    const isTold = nodes.some(({ lanes }) => isPartial(lanes))
    const kept = columns.filter(({ title }) => !without.includes(title) && (isTold || title !== lanesTitle))
    return Table.format(
      kept,
      nodes.map((node) => kept.map(({ of }) => of(node, now)))
    )
  }
  const fitting = leftOut
    .map((_, count) => table(leftOut.slice(0, count)))
    .find((rows) => wide === null || rows.every((row) => Table.width(row) <= wide))
  const [titles = "", ...rows] = fitting ?? table(leftOut)
  return [
    ink.dim(titles),
    ...rows.map((row, at) => {
      const node = nodes[at]
      return node === undefined ? row : colourOf(node, now, ink)(row)
    })
  ]
}

/** As `--json` prints it; instants in ISO 8601, UTC. */
export const json = (node: KnownNode, now: number) => ({
  ...node,
  silent: isSilent(node, now),
  startedAt: Instant.format(node.startedAt),
  seenAt: Instant.format(node.seenAt)
})
