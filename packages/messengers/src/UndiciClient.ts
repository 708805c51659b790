/**
 * The HTTP client that messengers are fastest over, on Node: `NodeHttpClient.layerUndici`, which asks undici for whole answers
 * where it is a messenger that asks and nobody traces. Everything else it does as that one does.
 *
 * Undici writes a request to a connection that it kept only after a turn of the event loop, to see whether the other side has
 * closed it. Whatever is done with the answers of one turn therefore comes before the next requests, so it had better be
 * little: a whole answer costs less than half of what a response with a stream and a signal does.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type Undici from "@effect/platform-node/Undici"
import { type SendFailed } from "@fibercast/ports/Messenger"
import { Effect, Layer, Option } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import * as NoAnswer from "./internal/NoAnswer.ts"
import * as WholeExchange from "./internal/WholeExchange.ts"

const decoder = new TextDecoder()

/** How long undici waits for the head and for more of the body: who asks has a deadline. */
const noTimeouts = { headersTimeout: 0, bodyTimeout: 0 } as const

const first = (header: string | ReadonlyArray<string> | undefined): string | undefined =>
  typeof header === "string" ? header : header?.[0]

type Told = Effect.Effect<WholeExchange.WholeAnswer, SendFailed>

/** What is known of an answer while it comes in. */
class Answer implements Undici.Dispatcher.DispatchHandler {
  readonly #promised = Promise.withResolvers<Told>()
  /** A promise, for who hears of it at once would ask for more while undici is still at it, which it does not expect. */
  readonly told: Promise<Told> = this.#promised.promise
  #controller: Undici.Dispatcher.DispatchController | undefined
  #isOver = false
  #status: number | undefined
  #wait: string | undefined
  #length = 0
  readonly #pieces: Array<Uint8Array> = []

  #end(told: Told): void {
    this.#isOver = true
    this.#promised.resolve(told)
  }

  #add(length: number): void {
    this.#length += length
    if (this.#length <= WholeExchange.maxBytes) return
    this.#end(NoAnswer.tooLong)
    this.abort()
  }

  /** Nobody waits for it any more. */
  abort(): void {
    this.#isOver = true
    this.#controller?.abort(new Error("nobody waits for the answer"))
  }

  onRequestStart(controller: Undici.Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isOver) this.abort()
  }

  onResponseStart(
    _: Undici.Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  ): void {
    // The last counts: hints may come before the answer (RFC 9110, section 15.2).
    this.#status = status
    this.#wait = first(headers["retry-after"])
  }

  onResponseData(_: Undici.Dispatcher.DispatchController, piece: Uint8Array): void {
    this.#pieces.push(piece)
    this.#add(piece.length)
  }

  onResponseEnd(): void {
    const [piece, ...more] = this.#pieces
    const bytes = more.length === 0 ? piece : Buffer.concat(this.#pieces)
    this.#end(Effect.succeed({ status: this.#status ?? 0, text: decoder.decode(bytes), wait: this.#wait }))
  }

  onResponseError(_: Undici.Dispatcher.DispatchController, cause: Error): void {
    this.#end(this.#status === undefined ? NoAnswer.lostBefore(cause) : NoAnswer.lostWithin)
  }
}

/** The bytes of the request; nothing where it has others, which come bit by bit. */
const bytesOf = ({ body, headers }: HttpClientRequest.HttpClientRequest): Uint8Array | null | undefined => {
  if (headers["upgrade"] !== undefined) return undefined
  if (body._tag === "Empty") return null
  return body._tag === "Uint8Array" ? body.body : undefined
}

const exchangeOver =
  (dispatcher: Undici.Dispatcher): WholeExchange.WholeExchange =>
  (request) => {
    const body = bytesOf(request)
    if (body === undefined) return undefined
    const url = Option.getOrUndefined(HttpClientRequest.toUrl(request))
    if (url === undefined) return NoAnswer.badAddress
    const { headers, method } = request
    const { origin, pathname, search } = url
    return Effect.withFiber((fiber) => {
      const given = fiber.getRef(NodeHttpClient.UndiciOptions)
      const options = { ...given, ...noTimeouts, method, headers, origin, path: pathname + search, body }
      return Effect.callback((resume) => {
        const answer = new Answer()
        void answer.told.then(resume)
        dispatcher.dispatch(options, answer)
        return Effect.sync(() => answer.abort())
      })
    })
  }

/** An agent of its own, which ends with the layer. */
export const layer: Layer.Layer<HttpClient.HttpClient> = Layer.effect(
  HttpClient.HttpClient,
  Effect.gen(function* () {
    const client = yield* NodeHttpClient.makeUndici
    return WholeExchange.add(client, exchangeOver(yield* NodeHttpClient.Dispatcher))
  })
).pipe(Layer.provide(NodeHttpClient.layerDispatcher))
