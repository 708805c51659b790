/**
 * The one meaning of "a NodeRegistry". Every implementation passes it unchanged.
 */
import { assert } from "@effect/vitest"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { type NodeBeat, NodeNotFound, NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { Effect, type Layer } from "effect"
import { base, freshName, idsOf, second } from "./Given.ts"
import { register, type Sentence, sentence } from "./Sentence.ts"

/** What a node of its own says. */
const freshNode = Effect.fnUntraced(function* (changes: Partial<NodeBeat> = {}) {
  const node: NodeBeat = {
    id: yield* freshName,
    name: "worker-1",
    roles: ["engine", "sender"],
    lanes: ["urgent", "high", "normal", "bulk"],
    app: "school",
    release: "2026-11-25",
    address: "http://10.0.0.7:8080/health",
    startedAt: base - second,
    state: "starting",
    workspaces: 0,
    sending: 0,
    capacity: 500,
    pipelines: ["school.report", "school.letter"],
    brokenAccounts: [{ account: "fonnte:main", reason: "device disconnected", isFatal: false }],
    vanished: [{ workspaceId: WorkspaceId.make(7), lane: "high", pipeline: "uptime.check", count: 4711 }],
    clockAhead: -3,
    ...changes
  }
  return node
})

/** The known nodes among these. */
const known = Effect.fnUntraced(function* (nodes: ReadonlyArray<NodeBeat>, since = 0) {
  const ids = idsOf(nodes)
  return (yield* (yield* NodeRegistry).list(since)).filter(({ id }) => ids.includes(id))
})

export const nodeSentences: ReadonlyArray<Sentence<NodeRegistry>> = [
  sentence(
    "a new node is wished to work, and known as it says",
    Effect.gen(function* () {
      const registry = yield* NodeRegistry
      const node = yield* freshNode()
      assert.deepStrictEqual(yield* known([node]), [])
      assert.strictEqual(yield* registry.beat(node, base), "working")
      assert.deepStrictEqual(yield* known([node]), [{ ...node, seenAt: base, wish: "working" }])
    })
  ),
  sentence(
    "what a node says may be empty, or strange",
    Effect.gen(function* () {
      const registry = yield* NodeRegistry
      const name = "Sekolah \u{1F600} '; \\ \""
      const node = yield* freshNode({
        name,
        roles: [],
        app: "",
        release: null,
        address: null,
        state: "gone",
        pipelines: null,
        brokenAccounts: [],
        vanished: [],
        clockAhead: null
      })
      yield* registry.beat(node, base)
      assert.deepStrictEqual(yield* known([node]), [{ ...node, seenAt: base, wish: "working" }])
    })
  ),
  sentence(
    "tells a time that goes on, the same for all who ask",
    Effect.gen(function* () {
      const registry = yield* NodeRegistry
      const first = yield* registry.clock
      const second = yield* registry.clock
      assert.isAtLeast(second, first)
      assert.isBelow(second - first, 60_000)
    })
  ),
  sentence(
    "a wish is answered by the next beat, and by all after it until another is made",
    Effect.gen(function* () {
      const registry = yield* NodeRegistry
      const node = yield* freshNode()
      yield* registry.beat(node, base)
      for (const wish of ["cordoned", "drained", "working"] as const) {
        yield* registry.wish(node.id, wish)
        assert.deepStrictEqual(yield* known([node]), [{ ...node, seenAt: base, wish }])
        assert.strictEqual(yield* registry.beat(node, base), wish)
        assert.strictEqual(yield* registry.beat(node, base), wish)
      }
    })
  ),
  sentence(
    "a beat writes anew what the node says and when it was seen, and leaves what is wished of it",
    Effect.gen(function* () {
      const registry = yield* NodeRegistry
      const node = yield* freshNode()
      yield* registry.beat(node, base)
      yield* registry.wish(node.id, "drained")
      const said: NodeBeat = {
        ...node,
        name: "worker-2",
        roles: ["sender"],
        lanes: ["urgent"],
        app: "clinic",
        release: null,
        address: null,
        startedAt: base,
        state: "draining",
        workspaces: 3,
        sending: 40,
        capacity: 64
      }
      assert.strictEqual(yield* registry.beat(said, base + second), "drained")
      assert.deepStrictEqual(yield* known([node]), [{ ...said, seenAt: base + second, wish: "drained" }])
    })
  ),
  sentence(
    "a wish leaves what the node said, and when it was seen",
    Effect.gen(function* () {
      const registry = yield* NodeRegistry
      const node = yield* freshNode({ state: "working", sending: 7 })
      const other = yield* freshNode()
      yield* registry.beat(node, base)
      yield* registry.beat(other, base)
      yield* registry.wish(node.id, "cordoned")
      assert.deepStrictEqual(yield* known([node]), [{ ...node, seenAt: base, wish: "cordoned" }])
      assert.deepStrictEqual(yield* known([other]), [{ ...other, seenAt: base, wish: "working" }])
    })
  ),
  sentence(
    "nodes seen since an instant are listed, inclusive, by name, then by start, then by id",
    Effect.gen(function* () {
      const registry = yield* NodeRegistry
      const [a, b, c] = (yield* Effect.all([freshName, freshName, freshName])).toSorted((x, y) => (x < y ? -1 : 1))
      const nodes = yield* Effect.all([
        freshNode({ name: "Berta", startedAt: base - 9 * second }),
        freshNode({ name: "anton", startedAt: base - 10_000 * second }),
        freshNode({ name: "anton", startedAt: base - 8 * second, ...(a !== undefined && { id: a }) }),
        freshNode({ name: "anton", startedAt: base - 8 * second, ...(b !== undefined && { id: b }) }),
        freshNode({ name: "anton", startedAt: base - 8 * second, ...(c !== undefined && { id: c }) }),
        freshNode({ name: "ärger", startedAt: base - 9 * second })
      ])
      for (const [index, node] of nodes.toReversed().entries()) yield* registry.beat(node, base + index)
      assert.deepStrictEqual(idsOf(yield* known(nodes, base)), idsOf(nodes))
      assert.deepStrictEqual(idsOf(yield* known(nodes, base + 2)), idsOf(nodes.slice(0, 4)))
      assert.deepStrictEqual(idsOf(yield* known(nodes, base + 6)), [])
    })
  ),
  sentence(
    "nothing is wished of a node that nobody knows",
    Effect.gen(function* () {
      const registry = yield* NodeRegistry
      const node = yield* freshNode()
      const error = yield* Effect.flip(registry.wish(node.id, "drained"))
      assert.deepStrictEqual(error, new NodeNotFound({ id: node.id }))
      assert.strictEqual(yield* registry.beat(node, base), "working")
    })
  ),
  sentence(
    "only those last seen before the instant are forgotten, and it is said how many",
    Effect.gen(function* () {
      const registry = yield* NodeRegistry
      const now = base + 3600 * second
      yield* registry.forget(now)
      const nodes = yield* Effect.all([freshNode(), freshNode(), freshNode(), freshNode()])
      for (const [index, node] of nodes.entries()) yield* registry.beat(node, now + index)
      const [first, , third] = nodes
      if (first !== undefined) yield* registry.beat(first, now + 2)
      assert.strictEqual(yield* registry.forget(now), 0)
      assert.strictEqual(yield* registry.forget(now + 3), 3)
      assert.deepStrictEqual(idsOf(yield* known(nodes)), idsOf(nodes.slice(3)))
      assert.strictEqual(yield* registry.forget(now + 3), 0)
      const error = third === undefined ? null : yield* Effect.flip(registry.wish(third.id, "drained"))
      assert.strictEqual(error?._tag, "NodeNotFound")
    })
  ),
  sentence(
    "a node that was forgotten and beats again is there again, wished to work",
    Effect.gen(function* () {
      const registry = yield* NodeRegistry
      const node = yield* freshNode()
      yield* registry.beat(node, base)
      yield* registry.wish(node.id, "drained")
      yield* registry.forget(base + 1)
      assert.deepStrictEqual(yield* known([node]), [])
      assert.strictEqual(yield* registry.beat(node, base + second), "working")
      assert.deepStrictEqual(yield* known([node]), [{ ...node, seenAt: base + second, wish: "working" }])
    })
  ),
  sentence(
    "nodes that beat at once do not disturb each other, not even under one name",
    Effect.gen(function* () {
      const registry = yield* NodeRegistry
      const nodes = yield* Effect.all([freshNode(), freshNode({ capacity: 8 }), freshNode({ sending: 3 })])
      for (const [index, node] of nodes.entries()) {
        yield* registry.beat(node, base)
        if (index === 1) yield* registry.wish(node.id, "cordoned")
      }
      const beats = nodes.flatMap((node) => [1, 2, 3, 4].map(() => registry.beat(node, base + second)))
      const answers = yield* Effect.all(beats, { concurrency: "unbounded" })
      const wishes = nodes.map((_, index) => (index === 1 ? ("cordoned" as const) : ("working" as const)))
      assert.deepStrictEqual(
        answers,
        wishes.flatMap((wish) => [wish, wish, wish, wish])
      )
      const found = yield* known(nodes)
      for (const [index, node] of nodes.entries()) {
        assert.deepStrictEqual(
          found.find(({ id }) => id === node.id),
          { ...node, seenAt: base + second, wish: wishes[index] ?? "working" }
        )
      }
    })
  )
]

/** `name` says how the implementation keeps what it keeps. */
export const suite = (name: string, layer: Layer.Layer<NodeRegistry, unknown>): void =>
  register(`NodeRegistry (${name})`, layer, nodeSentences)
