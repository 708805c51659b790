/**
 * Alerts on a node: what tells of every one of them, the log say, goes on to do so; people are told by webhook and e-mail as
 * the settings say, at the pace of the router.
 */
import * as AlertRouter from "@fibercast/engine/AlertRouter"
import { EmailAlerts } from "@fibercast/messengers/EmailAlerts"
import { WebhookAlerts } from "@fibercast/messengers/WebhookAlerts"
import { type Alerts } from "@fibercast/ports/Alerts"
import { type AlertSink, AlertSinks } from "@fibercast/ports/AlertSink"
import { Context, Effect, Layer, type Scope } from "effect"
import { type HttpClient } from "effect/http"
import * as AlertSettings from "./AlertSettings.ts"
import * as NodeConfig from "./NodeConfig.ts"

const sinksOf = ({
  alertEmailFrom: from,
  alertEmailTo: to,
  alertWebhookSecret: secret,
  alertWebhookUrl: url,
  smtpUrl: server
}: AlertSettings.AlertSettings): Effect.Effect<ReadonlyArray<AlertSink>, never, HttpClient.HttpClient | Scope.Scope> =>
  Effect.all([
    ...(url === null || secret === null
      ? []
      : [Effect.map(Layer.build(WebhookAlerts.layer({ url, secret })), Context.get(WebhookAlerts))]),
    ...(from === null || to === null || server === null
      ? []
      : [Effect.map(Layer.build(EmailAlerts.layer({ from, to, server })), Context.get(EmailAlerts))])
  ])

const variables: ReadonlySet<string> = new Set(Object.values(AlertSettings.settings).map(({ variable }) => variable))

/** The sinks that the environment sets up. */
export const layerSinks: Layer.Layer<AlertSinks, NodeConfig.BadSettings, HttpClient.HttpClient> = Layer.effect(
  AlertSinks,
  Effect.gen(function* () {
    const read = yield* NodeConfig.read({})
    const problems = read.problems.filter(({ name }) => variables.has(name))
    if (problems.length > 0) return yield* new NodeConfig.BadSettings({ problems })
    return yield* sinksOf(read.settings)
  })
)

/** In front of what is told of every alert; fails with what is wrong with the settings. */
export const layer: Layer.Layer<Alerts, NodeConfig.BadSettings, Alerts | HttpClient.HttpClient> =
  AlertRouter.layer.pipe(Layer.provide(layerSinks))
