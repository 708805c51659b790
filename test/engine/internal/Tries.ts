/**
 * What tests of pipelines start from: small pipelines, one try of a delivery, and messengers that answer
 * from a script.
 */
import { type ClaimedDelivery, DeliveryId } from "@fibercast/domain/Delivery"
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import { type Message } from "@fibercast/domain/Message"
import { Outcome } from "@fibercast/domain/Outcome"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { AccountGates } from "@fibercast/engine/AccountGates"
import { type DeliveryContext } from "@fibercast/engine/DeliveryContext"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Runnable from "@fibercast/engine/Runnable"
import * as Verdict from "@fibercast/engine/Verdict"
import { Alerts } from "@fibercast/ports/Alerts"
import { type Accepted, type Messenger, SendFailed } from "@fibercast/ports/Messenger"
import { Clock, Context, Effect, type Exit, Layer, Schema } from "effect"

export const workspaceId = WorkspaceId.make(1)

export const claimed = (payload: string, options: Partial<ClaimedDelivery> = {}): ClaimedDelivery => ({
  id: DeliveryId.make(7n),
  pipeline: "test",
  lane: "normal",
  campaignId: null,
  attempt: 0,
  rescues: 0,
  batchId: null,
  dueAt: 0,
  deadline: null,
  payload,
  ...options
})

export const contextOf = (payload: unknown, options: Partial<ClaimedDelivery> = {}): DeliveryContext => {
  const delivery = claimed(JSON.stringify(payload), options)
  return { workspaceId, delivery, campaign: null, attempt: delivery.attempt + 1 }
}

/** What becomes of a delivery of this pipeline after a try that ended so, at this instant. */
export const judged = (
  { options: { guarantee, retry } }: Pick<Runnable.Runnable<never>, "options">,
  delivery: ClaimedDelivery,
  exit: Exit.Exit<unknown, unknown>,
  now: number
) => Verdict.verdict({ exit, timedOut: false, guarantee, retry, delivery, now, chance: 0 }).outcome

/** What becomes of one delivery with this payload. */
export const outcomeOf = <R>(
  pipeline: Runnable.Runnable<R>,
  payload: unknown,
  delivery: Partial<ClaimedDelivery> = {}
) =>
  Effect.gen(function* () {
    const context = contextOf(payload, delivery)
    const run = yield* Runnable.handler(pipeline)
    const exit = yield* Effect.exit(run(context))
    return judged(pipeline, context.delivery, exit, yield* Clock.currentTimeMillis)
  })

export const Numbers = Pipeline.make("numbers", {
  payload: Schema.Number,
  retry: RetryPolicy.after("1 minute", { tries: 3 })
})

export class Offline extends Schema.TaggedError<Offline>()("Offline", { host: Schema.String }) {}
export class Banned extends Schema.TaggedError<Banned>()("Banned", {}) {
  readonly errorClass: ErrorClass = "recipientPermanent"
  override get message(): string {
    return "the recipient is banned"
  }
}
export class Greeting extends Context.Service<Greeting, { readonly word: string }>()("test/Greeting") {}
export class First extends Context.Service<First, Messenger>()("test/First") {}
export class Second extends Context.Service<Second, Messenger>()("test/Second") {}

/** A messenger that answers from a script, then accepts; it keeps what it was given. */
export const scripted = (account: string, answers: ReadonlyArray<ErrorClass> = []) => {
  const sent: Array<string> = []
  const messenger: Messenger = {
    provider: account,
    account,
    limits: {},
    probe: Effect.void,
    send: (message) =>
      Effect.suspend((): Effect.Effect<Accepted, SendFailed> => {
        const errorClass = answers[sent.length]
        sent.push(message.text)
        return errorClass === undefined
          ? Effect.succeed({ providerId: `${account}-${sent.length}` })
          : Effect.fail(new SendFailed({ errorClass, reason: `${account} says ${errorClass}` }))
      })
  }
  return { messenger, sent }
}

export const gates = AccountGates.layer.pipe(Layer.provide(Alerts.layerLog))
export const messageOf = (text: string): Message => ({ to: "+628123456789", text })
export const ToMessage = Pipeline.make("send", { payload: Schema.String }).pipe(Pipeline.map(messageOf))
export const OnceToMessage = Pipeline.make("send-once", { payload: Schema.String, guarantee: "at-most-once" }).pipe(
  Pipeline.map(messageOf)
)

export const done = Outcome.Completed({ providerId: null })
