/**
 * Pings over HTTP: a GET that must be answered with success within ten seconds. What is answered is not read, and the
 * address is neither logged nor traced.
 */
import { monitorOf, Ping, PingFailed } from "@fibercast/ports/Ping"
import { Effect, Layer, Predicate } from "effect"
import { HttpClient, type HttpClientError } from "effect/http"

const patience = "10 seconds"

/** The client's own message has the address in it. */
const why = ({ reason }: HttpClientError.HttpClientError): string => {
  if (reason._tag === "InvalidUrlError") return "it is no address"
  const { cause } = reason
  const code = Predicate.hasProperty(cause, "code") && typeof cause.code === "string" ? ` (${cause.code})` : ""
  return `it could not be reached${code}`
}

export const layer: Layer.Layer<Ping, never, HttpClient.HttpClient> = Layer.effect(
  Ping,
  Effect.map(HttpClient.HttpClient, (client) =>
    Ping.of({
      ping: Effect.fn("Ping.ping")(function* (url) {
        const failed = (reason: string) => new PingFailed({ monitor: monitorOf(url), reason })
        const { status } = yield* client.get(url).pipe(
          Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
          Effect.mapError((error) => failed(why(error))),
          Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(failed("no answer in ten seconds")) })
        )
        if (status < 200 || status > 299) return yield* failed(`it answered ${status}`)
      })
    })
  )
)
