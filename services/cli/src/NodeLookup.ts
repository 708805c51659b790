/**
 * Nodes as another process finds them: by name, or by the beginning of an id, in whatever database is there.
 */
import * as Database from "@fibercast/node/Database"
import * as SqlNodeRegistry from "@fibercast/postgres/SqlNodeRegistry"
import { isSilent, type KnownNode, NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { Clock, Effect, Layer, Schema } from "effect"
import * as Ink from "./Ink.ts"
import * as NodeList from "./NodeList.ts"

/** The registry in a database that is there. */
export const layer = (folder: string) =>
  SqlNodeRegistry.layer.pipe(Layer.provideMerge(Database.layerExisting({ folder })))

const listed = (nodes: ReadonlyArray<KnownNode>, now: number): string =>
  NodeList.lines(nodes, now, 78, Ink.plain)
    .map((line) => `  ${line}`)
    .join("\n")

/** No node that is there is called this. */
export class NoNode extends Schema.TaggedError<NoNode>()("NoNode", {
  name: Schema.String,
  /** Those that are there, in a table; empty: none. */
  others: Schema.String
}) {
  override get message(): string {
    const { name, others } = this
    if (others === "") return `There is no node "${name}": no node runs on this database. \`fibercast-node\` is one.`
    return `There is no node "${name}". Name one by its name or by its id:\n${others}`
  }
}

/** More than one node is called this. */
export class SeveralNodes extends Schema.TaggedError<SeveralNodes>()("SeveralNodes", {
  name: Schema.String,
  nodes: Schema.String
}) {
  override get message(): string {
    return `There are several nodes "${this.name}". Name one by its id:\n${this.nodes}`
  }
}

/** Letters of an id that are enough to mean it. */
const enough = 4

/** The one that is meant, of those that are not gone; where several are, of those that are not silent. */
export const find = Effect.fn("NodeLookup.find")(function* (name: string) {
  const now = yield* Clock.currentTimeMillis
  const all = yield* (yield* NodeRegistry).list(now - NodeList.shownFor)
  const there = all.filter(({ state }) => state !== "gone")
  const called = there.filter((node) => node.name === name || (name.length >= enough && node.id.startsWith(name)))
  const loud = called.filter((node) => !isSilent(node, now))
  const meant = called.length > 1 && loud.length > 0 ? loud : called
  const [node] = meant
  if (node === undefined) {
    return yield* new NoNode({ name, others: there.length === 0 ? "" : listed(there, now) })
  }
  if (meant.length > 1) return yield* new SeveralNodes({ name, nodes: listed(meant, now) })
  return node
})
