/**
 * One look at a target over HTTP. It never fails: what goes wrong is what it found. It takes no longer than it is told,
 * so that a dead target holds its place no longer.
 */
import { Clock, Context, Effect, Layer } from "effect"
import { HttpClient } from "effect/http"

export interface Seen {
  readonly status: number | null
  /** Milliseconds to the head of the answer. */
  readonly latency: number
  readonly problem: string | null
}

export class Probe extends Context.Service<
  Probe,
  {
    /** Within so many milliseconds. */
    readonly look: (url: string, within: number) => Effect.Effect<Seen>
  }
>()("fibercast/examples/uptime/Probe") {
  static readonly layer: Layer.Layer<Probe, never, HttpClient.HttpClient> = Layer.effect(
    Probe,
    Effect.map(HttpClient.HttpClient, (client) => {
      const look = Effect.fn("Probe.look")(function* (url: string, within: number) {
        const began = yield* Clock.currentTimeMillis
        const answer = yield* HttpClient.withScope(client)
          .get(url)
          .pipe(
            Effect.scoped,
            Effect.map(({ status }) => ({ status, problem: status < 400 ? null : `it answered ${status}` })),
            Effect.timeoutOrElse({
              duration: within,
              orElse: () => Effect.succeed({ status: null, problem: `no answer within ${within / 1000} seconds` })
            }),
            Effect.catch(({ message }) => Effect.succeed({ status: null, problem: message }))
          )
        return { ...answer, latency: (yield* Clock.currentTimeMillis) - began }
      })
      return Probe.of({ look })
    })
  )
}
