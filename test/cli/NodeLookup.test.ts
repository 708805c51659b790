import * as NodeLookup from "@fibercast/cli/NodeLookup"
import { type KnownNode, NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { known, now } from "./Nodes.ts"

const find = (nodes: ReadonlyArray<KnownNode>, name: string) =>
  Effect.gen(function* () {
    const registry = yield* NodeRegistry
    yield* TestClock.setTime(now)
    for (const node of nodes) yield* registry.beat(node, node.seenAt)
    return yield* NodeLookup.find(name)
  }).pipe(Effect.provide(NodeRegistry.layerMemory))

const one = known()
const other = known({ id: "11ff0000-0000-4000-8000-000000000000", name: "other" })

describe("a node that is named", () => {
  it.effect("is found by its name, or by four letters of its id and more", () =>
    Effect.gen(function* () {
      for (const name of ["one", "11aa", "11aa22bb", one.id]) {
        assert.strictEqual((yield* find([one, other], name)).id, one.id, name)
      }
    })
  )

  it.effect("is the one that is still there, if others of its name are gone or silent", () =>
    Effect.gen(function* () {
      const gone = known({ id: "aaaa0000-0000-4000-8000-000000000000", state: "gone" })
      const silent = known({ id: "bbbb0000-0000-4000-8000-000000000000", seenAt: now - 60_000 })
      assert.strictEqual((yield* find([gone, silent, one], "one")).id, one.id)
      assert.strictEqual((yield* find([gone, silent], "one")).id, silent.id)
    })
  )

  it.effect("is refused, with those there are, when the name is nobody's", () =>
    Effect.gen(function* () {
      const refused = yield* Effect.flip(find([one, other, known({ id: "cccc", state: "gone" })], "eno"))
      assert.match(
        refused.message,
        /^There is no node "eno"\. Name one by its name or by its id:\n {2}name .*\n {2}one {4}11aa22bb .*\n {2}other {2}11ff0000 .*$/u
      )
      const nobody = yield* Effect.flip(find([], "eno"))
      assert.match(nobody.message, /^There is no node "eno": no node runs on this database\./u)
    })
  )

  it.effect("is refused, with those that are meant, when several are called that", () =>
    Effect.gen(function* () {
      const refused = yield* Effect.flip(find([one, { ...other, name: "one" }], "one"))
      assert.match(
        refused.message,
        /^There are several nodes "one"\. Name one by its id:\n.*\n.*11aa22bb.*\n.*11ff0000/u
      )
      assert.strictEqual((yield* Effect.flip(find([one, other], "11a")))._tag, "NoNode")
    })
  )
})
