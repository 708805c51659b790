/**
 * What a client may have besides: a request goes out and its whole answer comes in at once, without the streams, signals and
 * spans that a client has for everybody. Of a short request and a short answer those are most of what it costs.
 *
 * It belongs to that very client. One made of it, to do more or to refuse more, goes without, so that nothing is passed by.
 */
import { type SendFailed } from "@fibercast/ports/Messenger"
import { type Effect } from "effect"
import { type HttpClient, type HttpClientRequest } from "effect/http"

/** The most of an answer that is read: 64 KiB. What a provider has to say about one message is far smaller. */
export const maxBytes = 65_536

export interface WholeAnswer {
  readonly status: number
  readonly text: string
  /** What `Retry-After` says. */
  readonly wait: string | undefined
}

/** Nothing where it is not made for such a request, which the client itself has to send. */
export type WholeExchange = (
  request: HttpClientRequest.HttpClientRequest
) => Effect.Effect<WholeAnswer, SendFailed> | undefined

const known = new WeakMap<HttpClient.HttpClient, WholeExchange>()

/** The client, which has it from now on. */
export const add = (client: HttpClient.HttpClient, exchange: WholeExchange): HttpClient.HttpClient => {
  known.set(client, exchange)
  return client
}

export const of = (client: HttpClient.HttpClient): WholeExchange | undefined => known.get(client)
