/**
 * `fibercast alerts …`: whether people would hear of an alert.
 */
import * as AlertRouter from "@fibercast/engine/AlertRouter"
import * as UndiciClient from "@fibercast/messengers/UndiciClient"
import * as Alerting from "@fibercast/node/Alerting"
import * as AlertSettings from "@fibercast/node/AlertSettings"
import { type AlertMessage, type AlertSink, AlertSinks } from "@fibercast/ports/AlertSink"
import { Clock, Console, Effect, Layer, Schema } from "effect"
import { Command } from "effect/cli"
import { hostname } from "node:os"
import { json } from "../SendFlags.ts"

/** Nobody but the log would be told. */
export class NobodyTold extends Schema.TaggedError<NobodyTold>()("NobodyTold", {}) {
  override get message(): string {
    const { alertEmailTo, alertWebhookUrl } = AlertSettings.settings
    return (
      `Alerts go to the log only. Set ${alertWebhookUrl.variable} or ${alertEmailTo.variable} and what belongs to it, ` +
      "where the nodes run and here."
    )
  }
}

/** At least one of them did not take the test. */
export class TestNotTaken extends Schema.TaggedError<TestNotTaken>()("TestNotTaken", {
  sinks: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `Not everybody would be told: ${this.sinks.join(" and ")} did not take the test alert.`
  }
}

const testMessage = Effect.gen(function* (): Effect.fn.Return<AlertMessage> {
  return {
    id: yield* AlertRouter.messageId,
    at: yield* Clock.currentTimeMillis,
    severity: "warning",
    title: "A test",
    sentence: `This is a test of alerts from ${hostname()}: nothing is wrong, and nothing is to be done`,
    remedy: null,
    count: 0,
    subject: null,
    alert: null,
    parts: []
  }
})

interface Tried {
  readonly sink: string
  readonly place: string
  readonly accepted: boolean
  /** Null: it was accepted. */
  readonly reason: string | null
}

const tryOne = ({ deliver, name: sink, place }: AlertSink, message: AlertMessage): Effect.Effect<Tried> =>
  Effect.match(deliver(message), {
    onSuccess: () => ({ sink, place, accepted: true, reason: null }),
    onFailure: ({ reason }) => ({ sink, place, accepted: false, reason })
  })

const line = ({ place, reason, sink }: Tried): string =>
  `${sink} (${place}): ${reason === null ? "accepted" : `not accepted, ${reason}`}`

const handle = Effect.fnUntraced(function* (input: { readonly json: boolean }) {
  const sinks = yield* AlertSinks
  const message = yield* testMessage
  const tried = yield* Effect.forEach(sinks, (sink) => tryOne(sink, message), { concurrency: "unbounded" })
  if (input.json) yield* Console.log(JSON.stringify(tried))
  else if (tried.length > 0) yield* Console.log(tried.map(line).join("\n"))
  if (tried.length === 0) return yield* new NobodyTold()
  const refusing = tried.filter(({ accepted }) => !accepted).map(({ sink }) => sink)
  if (refusing.length > 0) return yield* new TestNotTaken({ sinks: refusing })
})

const test = Command.make("test", { json: json("Print one JSON array: sink, place, accepted, reason") }, (input) =>
  Effect.provide(handle(input), Layer.provide(Alerting.layerSinks, UndiciClient.layer))
).pipe(
  Command.withDescription(
    "Send a test alert by everything that is set up here to tell people, once each, and say of each whether it was " +
      "accepted. Exit code 1 if one was not, or if there is none. FIBERCAST_ALERT_WEBHOOK_URL and " +
      "FIBERCAST_ALERT_WEBHOOK_SECRET set up a webhook; FIBERCAST_ALERT_EMAIL_TO, FIBERCAST_ALERT_EMAIL_FROM and " +
      "FIBERCAST_SMTP_URL set up e-mail."
  ),
  Command.withShortDescription("Send a test alert to whoever would be told")
)

export const command = Command.make("alerts").pipe(
  Command.withDescription("Whether people would hear of an alert"),
  Command.withSubcommands([test])
)
