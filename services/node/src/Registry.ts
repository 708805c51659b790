/**
 * The registry of the nodes on a database. In this release a process knows only the nodes in it.
 */
import { type KnownNode, NodeNotFound, NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { Effect, Layer } from "effect"

const inOrder = (a: KnownNode, b: KnownNode): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1)

export const layer: Layer.Layer<NodeRegistry> = Layer.sync(NodeRegistry, () => {
  const nodes = new Map<string, KnownNode>()
  return NodeRegistry.of({
    beat: (beat, now) =>
      Effect.sync(() => {
        const wish = nodes.get(beat.id)?.wish ?? "working"
        nodes.set(beat.id, { ...beat, seenAt: now, wish })
        return wish
      }),
    list: (since) => Effect.sync(() => [...nodes.values()].filter(({ seenAt }) => seenAt >= since).toSorted(inOrder)),
    wish: Effect.fnUntraced(function* (id, wish) {
      const node = nodes.get(id)
      if (node === undefined) return yield* new NodeNotFound({ id })
      nodes.set(id, { ...node, wish })
    }),
    forget: (before) =>
      Effect.sync(() => {
        const old = [...nodes.values()].filter(({ seenAt }) => seenAt < before)
        for (const { id } of old) nodes.delete(id)
        return old.length
      })
  })
})
