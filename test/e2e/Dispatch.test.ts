import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Program from "../cli/Program.ts"
import * as OrderProcess from "../support/OrderProcess.ts"
import { TestDatabase } from "../support/TestDatabase.ts"

const world = OrderProcess.stores.pipe(Layer.provideMerge(TestDatabase.layer), Layer.merge(NodeServices.layer))

/** A process that was killed once it had said the last of these; answers what there is then, and what one more order gets. */
const killedAfter = Effect.fnUntraced(function* (end: "hang" | "commit", says: ReadonlyArray<RegExp>) {
  const sql = yield* SqlClient.SqlClient
  const { url } = yield* TestDatabase
  yield* sql`CREATE TABLE orders (name text NOT NULL)`
  const child = yield* OrderProcess.spawn(url, end)
  const sees = yield* Program.follow(child.stdout)
  for (const said of says) yield* sees(said)
  yield* Effect.sync(() => process.kill(child.pid, "SIGKILL"))
  const rows = Effect.map(
    sql<{ readonly orders: number; readonly receipts: number }>`
      SELECT (SELECT count(*)::int FROM orders) AS orders,
        (SELECT count(*)::int FROM deliveries WHERE workspace_id > 0) AS receipts`,
    ([row]) => row
  )
  const there = yield* rows
  const { _tag } = yield* OrderProcess.placeOrder("order 7", () => Effect.void)
  return { there, again: _tag, finally: yield* rows }
})

describe("a process that dispatches in a transaction of its own, killed with -9", () => {
  it.live("before the commit: nothing of it is there, and what it had taken is free again", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* killedAfter("hang", [/^dispatched as delivery \d+$/u]), {
        there: { orders: 0, receipts: 0 },
        again: "Inserted",
        finally: { orders: 1, receipts: 1 }
      })
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.live("after the commit: it is there, once, whoever asks for it again", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* killedAfter("commit", [/^dispatched as delivery \d+$/u, /^committed$/u]), {
        there: { orders: 1, receipts: 1 },
        again: "Deduplicated",
        finally: { orders: 2, receipts: 1 }
      })
    }).pipe(Effect.scoped, Effect.provide(world))
  )
})
