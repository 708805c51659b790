/**
 * What a node needs to be on a machine: its database, files, an HTTP client, alerts and pings.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as UndiciClient from "@fibercast/messengers/UndiciClient"
import { Alerts } from "@fibercast/ports/Alerts"
import { Layer } from "effect"
import * as Alerting from "./Alerting.ts"
import * as Database from "./Database.ts"
import * as HttpPing from "./HttpPing.ts"

/** The database at `DATABASE_URL`; alerts go to the log, and where the environment says. */
export const layer = Layer.mergeAll(
  Layer.provide(Alerting.layer, Alerts.layerLog),
  HttpPing.layer,
  Database.layer()
).pipe(Layer.provideMerge(Layer.merge(NodeServices.layer, UndiciClient.layer)))
