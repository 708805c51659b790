/**
 * The settings of a sender, with defaults that suit one machine. Durations are in milliseconds.
 */
import { type Lane, lanes } from "@fibercast/domain/Lane"
import { Context } from "effect"

export interface SenderSettings {
  /** The lanes that it takes chunks of. */
  readonly lanes: ReadonlyArray<Lane>
  /** Deliveries that it has in hand at once, from before they are begun until their end is written. */
  readonly capacity: number
  /** Chunks of one lane that are fetched ahead. */
  readonly ahead: number
  /** How often it tells owners, and the stream, what it is at. */
  readonly beat: number
  /** How long it waits for the sends under way when it stops. */
  readonly drain: number
}

export const defaults: SenderSettings = { lanes, capacity: 256, ahead: 4, beat: 1000, drain: 25_000 }

export const SenderConfig = Context.Reference<SenderSettings>("fibercast/engine/SenderConfig", {
  defaultValue: () => defaults
})
