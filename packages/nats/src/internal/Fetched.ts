/**
 * A message that a pull consumer fetched, and what can be said of it to the server. The words are those of JetStream.
 */
import { type Msg, nanos } from "@nats-io/transport-node"

/** How often it has been handed out, this time included. 1 where the server does not say. */
export const timesOf = (message: Msg): number => {
  // $JS.ACK.<stream>.<consumer>.<times>.…, or with a domain and an account before the stream.
  const parts = (message.reply ?? "").split(".")
  const times = Number(parts[parts.length > 9 ? 6 : 4])
  return Number.isInteger(times) && times > 0 ? times : 1
}

export const ack = "+ACK"
export const working = "+WPI"
/** Never again. */
export const term = "+TERM"
export const nak = (delay: number): string =>
  delay > 0 ? `-NAK ${JSON.stringify({ delay: nanos(Math.ceil(delay)) })}` : "-NAK"

/** Says it, if the connection stands; what gets lost on the way counts as not said. */
export const say = (message: Msg, what: string): void => {
  try {
    message.respond(what)
  } catch {
    // The connection is closed: the server will find out by itself.
  }
}
