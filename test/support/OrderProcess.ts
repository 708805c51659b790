/**
 * A process that writes an order and dispatches its receipt in one transaction on `DATABASE_URL`, and says so. Told to
 * `commit` it commits and says so as well; then it waits to be killed. Run by the tests as a real process, through `spawn`.
 */
import { NodeRuntime } from "@effect/platform-node"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { describe } from "@fibercast/ports/Dispatch"
import { Signal } from "@fibercast/ports/Signal"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as Postgres from "@fibercast/postgres/Postgres"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { Console, Effect, Layer, Schema } from "effect"
import { ChildProcess } from "effect/process"
import { SqlClient } from "effect/sql"
import { fileURLToPath } from "node:url"

const Receipt = Pipeline.make("orders.receipt", {
  payload: Schema.Struct({ order: Schema.String }),
  unique: ({ order }) => order
})

/** An order and its receipt, in one transaction; `before` runs ahead of the commit. Answers what became of the receipt. */
export const placeOrder = Effect.fnUntraced(function* <E, R>(
  order: string,
  before: (said: string) => Effect.Effect<void, E, R>
) {
  const sql = yield* SqlClient.SqlClient
  const shop = yield* (yield* WorkspaceStore).ensure({ name: "shop", zone: "UTC", limits: {} })
  return yield* sql.withTransaction(
    Effect.gen(function* () {
      yield* sql`INSERT INTO orders (name) VALUES (${order})`
      const receipt = yield* Pipeline.dispatch(Receipt, { workspaceId: shop.id, payload: { order } })
      yield* before(describe(receipt))
      return receipt
    })
  )
})

export const stores = Layer.mergeAll(SqlLedger.layer, SqlWorkspaceStore.layer, Signal.layerMemory)

export const spawn = (databaseUrl: string, end: "hang" | "commit") =>
  ChildProcess.make(process.execPath, [fileURLToPath(import.meta.url), end], {
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      DATABASE_URL: databaseUrl
    },
    extendEnv: false,
    stdin: "ignore",
    stderr: "inherit"
  })

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  placeOrder("order 7", (said) =>
    Effect.andThen(Console.log(said), process.argv[2] === "commit" ? Effect.void : Effect.never)
  ).pipe(
    Effect.andThen(Console.log("committed")),
    Effect.andThen(Effect.never),
    Effect.provide(stores.pipe(Layer.provideMerge(Postgres.layerConfig))),
    NodeRuntime.runMain
  )
}
