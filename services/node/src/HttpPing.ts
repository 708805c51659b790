/**
 * Pings over HTTP: a GET that must be answered with success within ten seconds. What is answered is not read.
 */
import { Ping, PingFailed } from "@fibercast/ports/Ping"
import { Effect, Layer } from "effect"
import { HttpClient } from "effect/http"

const patience = "10 seconds"

/** Without what may be secret in it: its query, and who asks. */
const shown = (url: string): string => {
  if (!URL.canParse(url)) return "an address that is none"
  const { host, pathname, protocol } = new URL(url)
  return `${protocol}//${host}${pathname}`
}

export const layer: Layer.Layer<Ping, never, HttpClient.HttpClient> = Layer.effect(
  Ping,
  Effect.map(HttpClient.HttpClient, (client) =>
    Ping.of({
      ping: Effect.fn("Ping.ping")(function* (url) {
        const failed = (reason: string) => new PingFailed({ address: shown(url), reason })
        const { status } = yield* client.get(url).pipe(
          Effect.mapError(({ message }) => failed(message)),
          Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(failed("no answer in ten seconds")) })
        )
        if (status < 200 || status > 299) return yield* failed(`it answered ${status}`)
      })
    })
  )
)
