/**
 * An alert sink carries messages about alerts to people who are not looking at the log: a webhook, e-mail.
 */
import { Context, type Effect, Layer, Schema } from "effect"
import { type Alert } from "./Alert.ts"
import { type Severity } from "./AlertText.ts"

/** A subject in a message about several, and how many alerts of it the message stands for. */
export interface AlertPart {
  /** Null: those that nobody can name any more. */
  readonly subject: string | null
  readonly label: string
  readonly count: number
}

/** What people are told at once: one alert, several of one subject, or several subjects. */
export interface AlertMessage {
  /** Unique; the same however often it is tried to deliver it. */
  readonly id: string
  /** Epoch milliseconds. */
  readonly at: number
  readonly severity: Severity
  readonly title: string
  readonly sentence: string
  /** A command. */
  readonly remedy: string | null
  /** How many alerts it stands for; 0: it is a test. */
  readonly count: number
  /** Null in a message about several subjects. */
  readonly subject: string | null
  /** The first of the alerts it stands for; null as `subject`. */
  readonly alert: Alert | null
  /** Empty but in a message about several subjects. */
  readonly parts: ReadonlyArray<AlertPart>
}

/** The other side did not take the message. */
export class AlertNotTaken extends Schema.TaggedError<AlertNotTaken>()("AlertNotTaken", {
  sink: Schema.String,
  /** Without anything secret. */
  reason: Schema.String,
  /** It may be taken if it is tried again. */
  worthAgain: Schema.Boolean
}) {
  override get message(): string {
    return `the ${this.sink} did not take an alert: ${this.reason}`
  }
}

export interface AlertSink {
  /** What it is: `webhook`, `e-mail`. */
  readonly name: string
  /** Where it leads, without anything secret. */
  readonly place: string
  /** Takes it for delivery. Never waits; what finds no room, or is not taken in time, is counted in a later message. */
  readonly offer: (message: AlertMessage) => Effect.Effect<void>
  /** Delivers it now, in one try, past whatever waits. */
  readonly deliver: (message: AlertMessage) => Effect.Effect<void, AlertNotTaken>
}

/** Every sink that is set up here. */
export class AlertSinks extends Context.Service<AlertSinks, ReadonlyArray<AlertSink>>()("fibercast/ports/AlertSinks") {
  static readonly layerNone: Layer.Layer<AlertSinks> = Layer.succeed(AlertSinks, [])
}
