/**
 * One request to a provider and its whole answer, with a verdict when there is no answer.
 *
 * Callers may rely on this: the request is written at most once, redirects are not followed (so a
 * credential never reaches another host), no trace headers are added, and at most 64 KiB of the answer
 * are held. Without an answer the class is `transient` only when the connection was never made, so
 * that nothing can have been accepted; in every other case it is `unknown`. Reasons name what
 * happened in words of our own, hence carry neither headers nor the body. With the fetch client, other
 * options of `FetchHttpClient.RequestInit` do not apply to these requests.
 */
import { SendFailed } from "@fibercast/ports/Messenger"
import { isTraced } from "@fibercast/ports/Traced"
import { ByteSize, Context, DateTime, Duration, Effect, type Fiber, Option, type Scope, Stream } from "effect"
import { FetchHttpClient, type Headers, HttpClient, type HttpClientRequest, type HttpClientResponse } from "effect/http"
import * as Deadline from "./internal/Deadline.ts"
import * as NoAnswer from "./internal/NoAnswer.ts"
import * as WholeExchange from "./internal/WholeExchange.ts"

/** The longest wait a provider is believed, in milliseconds: one day. */
export const maxRetryAfter = 86_400_000

export interface HttpAnswer {
  readonly status: number
  readonly text: string
  /** Milliseconds the provider asked to wait, at most `maxRetryAfter`; absent when it did not ask, or not legibly. */
  readonly retryAfter?: number | undefined
}

/** Reads `Retry-After`, seconds or an HTTP date (RFC 9110, section 10.2.3), into milliseconds from now. */
export const retryAfterMillis = Effect.fnUntraced(function* (header: string | undefined) {
  if (header === undefined) return undefined
  const text = header.trim()
  const now = yield* DateTime.now
  const wait = /^\d+$/.test(text)
    ? Option.some(Number(text) * 1000)
    : Option.map(DateTime.make(text), (at) => at.epochMilliseconds - now.epochMilliseconds)
  return Option.getOrUndefined(Option.map(wait, (millis) => Math.min(Math.max(millis, 0), maxRetryAfter)))
})

/** What says how long it is, and is neither packed nor sent in pieces, is no longer than that (RFC 9112, section 6.3). */
const isShort = (headers: Headers.Headers): boolean => {
  const length = headers["content-length"]
  if (length === undefined || !/^\d{1,8}$/.test(length) || Number(length) > WholeExchange.maxBytes) return false
  return headers["content-encoding"] === undefined && headers["transfer-encoding"] === undefined
}

/** Read as a whole where that is known to be short, which costs less than to read it piece by piece. */
const bytesOf = (
  response: HttpClientResponse.HttpClientResponse,
  headers: Headers.Headers
): Effect.Effect<Uint8Array, SendFailed> =>
  isShort(headers)
    ? Effect.mapBoth(response.arrayBuffer, {
        onFailure: NoAnswer.ofClient,
        onSuccess: (buffer) => new Uint8Array(buffer)
      })
    : response.stream.pipe(
        Stream.mapError(NoAnswer.ofClient),
        Stream.limitBytes(ByteSize.bytes(WholeExchange.maxBytes), () => Stream.fail(NoAnswer.tooLong)),
        Stream.mkUint8Array
      )

const answered = ({ status, text, wait }: WholeExchange.WholeAnswer): Effect.Effect<HttpAnswer> =>
  wait === undefined
    ? Effect.succeed({ status, text })
    : Effect.map(retryAfterMillis(wait), (retryAfter) => ({ status, text, retryAfter }))

const decoder = new TextDecoder()

const readAnswer = Effect.fnUntraced(function* (
  client: HttpClient.HttpClient,
  request: HttpClientRequest.HttpClientRequest
) {
  const response = yield* Effect.mapError(client.execute(request), NoAnswer.ofClient)
  // Clients read them anew each time they are asked for.
  const { headers } = response
  const bytes = yield* bytesOf(response, headers)
  return yield* answered({ status: response.status, text: decoder.decode(bytes), wait: headers["retry-after"] })
})

/** Nothing of a trace is told to the provider. */
const apart = Context.make(FetchHttpClient.RequestInit, { redirect: "manual" as const }).pipe(
  Context.add(HttpClient.TracerPropagationEnabled, false)
)

/** Where nobody traces, requests need no spans. */
const untraced = Context.add(apart, HttpClient.TracerDisabledWhen, () => true)

/** What was at hand, and the same without spans. Of many requests most are made with the same at hand. */
const known = new WeakMap<Context.Context<never>, Context.Context<never>>()

const around = (fiber: Fiber.Fiber<unknown, unknown>): Context.Context<never> => {
  const { context } = fiber
  if (isTraced(fiber)) return Context.merge(context, apart)
  const before = known.get(context)
  if (before !== undefined) return before
  const merged = Context.merge(context, untraced)
  known.set(context, merged)
  return merged
}

export type Exchange = (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<HttpAnswer, SendFailed>

/** Sends requests and reads their answers, each with its answer within `timeout`. Every answer succeeds, whatever its status. */
export const make = (
  client: HttpClient.HttpClient,
  timeout: Duration.Input
): Effect.Effect<Exchange, never, Scope.Scope> =>
  Effect.map(Deadline.make(timeout), (deadline) => {
    const reason = `no answer within ${Duration.format(Duration.fromInputUnsafe(timeout))}`
    const late = Effect.suspend(() => new SendFailed({ errorClass: "unknown", reason }))
    const whole = WholeExchange.of(client)
    return (request) =>
      Effect.withFiber((fiber) => {
        const answer = isTraced(fiber) ? undefined : whole?.(request)
        return answer === undefined
          ? deadline(readAnswer(client, request), around(fiber), late)
          : deadline(Effect.flatMap(answer, answered), fiber.context, late)
      })
  })

/** The same for one request. */
export const exchange = (
  client: HttpClient.HttpClient,
  request: HttpClientRequest.HttpClientRequest,
  timeout: Duration.Input
): Effect.Effect<HttpAnswer, SendFailed> =>
  Effect.scoped(Effect.flatMap(make(client, timeout), (send) => send(request)))
