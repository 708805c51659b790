import * as SqlNodeRegistry from "@fibercast/postgres/SqlNodeRegistry"
import { NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Schema } from "effect"
import { tempFolder } from "../support/TempFolder.ts"
import { TestDatabase } from "../support/TestDatabase.ts"
import { known } from "./Nodes.ts"
import * as Program from "./Program.ts"

const day = 86_400_000

/** A database that knows two nodes of today, and one of last week. */
const given = Effect.gen(function* () {
  const registry = yield* NodeRegistry
  const now = yield* Clock.currentTimeMillis
  const place = { folder: yield* tempFolder, env: { DATABASE_URL: (yield* TestDatabase).url } }
  // Its clock is ahead, so that it is not silent however slow this machine is.
  yield* registry.beat(known({ name: "new" }), now + 300_000)
  yield* registry.beat(known({ id: "silent-node", name: "quiet" }), now - 60_000)
  yield* registry.beat(known({ id: "old-node", name: "old" }), now - 7 * day)
  return { registry, nodes: (...args: ReadonlyArray<string>) => Program.run(place, ["nodes", ...args]) }
})

const Names = Schema.Array(Schema.Struct({ name: Schema.String, silent: Schema.Boolean }))
const namesIn = (ran: Program.Ran) => Schema.decodeUnknownEffect(Names)(Program.lastJson(ran))

const registry = Layer.provideMerge(SqlNodeRegistry.layer, TestDatabase.layer)

describe("fibercast nodes", () => {
  it.live("lists those that were seen within a day, and all when it is told to", () =>
    Effect.gen(function* () {
      const { nodes } = yield* given
      assert.deepStrictEqual(yield* namesIn(yield* nodes("list", "--json")), [
        { name: "new", silent: false },
        { name: "quiet", silent: true }
      ])
      const all = yield* namesIn(yield* nodes("list", "--all", "--json"))
      assert.deepStrictEqual(
        all.map(({ name }) => name),
        ["new", "old", "quiet"]
      )
      const { code, stdout } = yield* nodes("list")
      assert.strictEqual(code, 0)
      assert.match(stdout, /^name .*\nnew .* working .*\nquiet +silent-n .* silent .* 1 min.* ago\n$/u)
    }).pipe(Effect.scoped, Effect.provide(registry))
  )

  it.live("tells a node what is wished, and says when it may not hear of that", () =>
    Effect.gen(function* () {
      const { nodes, registry } = yield* given
      const cordoned = yield* nodes("cordon", "quiet")
      assert.match(cordoned.stdout, /\nIt has not been seen for 1 min.*, and hears of it if it is back\.\n$/u)
      const wishes = Effect.map(registry.list(0), (all) => all.map(({ name, wish }) => `${name} ${wish}`))
      assert.deepStrictEqual(yield* wishes, ["new working", "old working", "quiet cordoned"])
      yield* nodes("uncordon", "silent")
      yield* nodes("drain", "new")
      assert.deepStrictEqual(yield* wishes, ["new drained", "old working", "quiet working"])
      const refused = yield* nodes("uncordon", "new")
      assert.deepStrictEqual([refused.code, refused.stdout], [1, ""])
      assert.match(refused.stderr, /^new \([0-9a-f]{8}\) is being drained, and ends: it takes no other wish\./u)
    }).pipe(Effect.scoped, Effect.provide(registry))
  )

  it.live("says so where there is none yet", () =>
    Effect.gen(function* () {
      const place = { folder: yield* tempFolder, env: { DATABASE_URL: (yield* TestDatabase).url } }
      const ran = yield* Program.run(place, ["nodes", "list"])
      assert.deepStrictEqual(
        [ran.code, ran.stdout],
        [0, "No node was seen here for a day. Start one:\n  fibercast dev --app FILE\n"]
      )
      const elsewhere = yield* Program.run({ folder: place.folder }, ["nodes", "list"])
      assert.strictEqual(elsewhere.code, 1)
      assert.match(elsewhere.stderr, /^There is no database in /u)
    }).pipe(Effect.scoped, Effect.provide(TestDatabase.layer))
  )
})
