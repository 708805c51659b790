/**
 * Running the first pipeline: one node in this process, on `DATABASE_URL` or an embedded Postgres in `.fibercast`.
 * `FONNTE_TOKEN=… node services/examples/src/RunIt.ts`
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Fonnte } from "@fibercast/messengers/Fonnte"
import * as UndiciClient from "@fibercast/messengers/UndiciClient"
import * as Database from "@fibercast/node/Database"
import * as LocalNode from "@fibercast/node/LocalNode"
import { Alerts } from "@fibercast/ports/Alerts"
import * as Dispatch from "@fibercast/ports/Dispatch"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Console, Effect, Layer } from "effect"
import { MonthlyReport } from "./FirstPipeline.ts"

const node = LocalNode.layer({ pipelines: [MonthlyReport] }).pipe(
  Layer.provideMerge(Database.layer()),
  Layer.provide([Fonnte.layerConfig, Alerts.layerLog]),
  Layer.provide([UndiciClient.layer, NodeServices.layer])
)

const program = Effect.gen(function* () {
  const workspaces = yield* WorkspaceStore
  const school = yield* workspaces.ensure({ name: "school", zone: "Asia/Jakarta", limits: {} })
  const payload = { student: "Ayu", phone: "0812-3456-789", month: "January" }
  const dispatched = yield* Pipeline.dispatch(MonthlyReport, { workspaceId: school.id, payload })
  yield* Console.log(`${Dispatch.describe(dispatched)}; Ctrl-C stops the node`)
  return yield* Effect.never
})

NodeRuntime.runMain(Effect.provide(program, node))
