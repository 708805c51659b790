/**
 * How fast, how many at once, and not at all when the subject is gone.
 */
import * as Pipeline from "@fibercast/engine/Pipeline"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect, Schema } from "effect"
import { Work, work } from "./Work.ts"

/** One at a time for each account; the others wait, uncharged. */
export const Recount = Pipeline.make("accounts.recount", {
  payload: Schema.Struct({ account: Schema.String }),
  concurrency: { key: ({ account }) => account, limit: 1 }
}).pipe(Pipeline.tap(({ account }) => work(`recount ${account}`)))

/** Two calls a second for each shop, in each process. */
export const CallShop = Pipeline.make("shops.call", {
  payload: Schema.Struct({ shop: Schema.String, call: Schema.Int })
}).pipe(
  Pipeline.throttle({ key: ({ shop }) => shop, rate: { permits: 2, per: 1000 } }),
  Pipeline.tap(({ call, shop }) => work(`call ${shop} ${call}`))
)

/** Twenty starts a second, ten at once and a hundred thousand waiting, for all work of the workspace. */
export const tenant = (name: string) =>
  Effect.flatMap(WorkspaceStore, (workspaces) =>
    workspaces.ensure({
      name,
      zone: "Asia/Jakarta",
      limits: { rate: { permits: 20, per: 1000 }, inFlight: 10, backlog: 100_000 }
    })
  )

/** Skipped when the order is gone. */
export const Remind = Pipeline.make("orders.remind", { payload: Schema.Struct({ order: Schema.Int }) }).pipe(
  Pipeline.dropWhen(
    ({ order }) =>
      Effect.map(
        Work.use(({ exists }) => exists(`order ${order}`)),
        (isThere) => !isThere
      ),
    "the order is gone"
  ),
  Pipeline.tap(({ order }) => work(`remind of ${order}`))
)
