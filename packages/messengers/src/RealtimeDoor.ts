/**
 * The door to a hub over HTTP: who may come in, and from which pages.
 *
 * Nobody comes in unless the app says so: `admit` is asked for every connection, once. A request of a browser, which names
 * the origin of its page, is refused unless that is the server's own or one of `origins`; others do not name one.
 */
import { Effect, Option, Schema } from "effect"
import { Headers, type HttpServerRequest, HttpServerResponse } from "effect/http"
import type * as Realtime from "./Realtime.ts"

/** Who came, and where it may listen. */
export interface Admitted {
  readonly channel: string
  readonly member: string
}

/** The client may not come in. Its status is the answer's: 401 without a valid token, 403 or 404 with one. */
export class NotAdmitted extends Schema.TaggedError<NotAdmitted>()("NotAdmitted", {
  status: Schema.Literals([400, 401, 403, 404, 429]),
  reason: Schema.String
}) {
  override get message(): string {
    return this.reason
  }
}

export interface DoorOptions<out R> {
  /** Decides by the request: its token, its path. What it fails with is told to the client. */
  readonly admit: (request: HttpServerRequest.HttpServerRequest) => Effect.Effect<Admitted, NotAdmitted, R>
  /** Origins of pages besides the server's own, like `https://chat.example.org`. Default none. */
  readonly origins?: ReadonlyArray<string> | undefined
  /** Where a client begins that names no event. Default `now`. */
  readonly from?: "now" | "kept" | undefined
  /** Milliseconds of silence after which a heartbeat is sent. Default 15 seconds. */
  readonly heartbeat?: number | undefined
}

export const heartbeat = 15_000

/** The first word of the subprotocols that a WebSocket client offers; the second is `bearer.` and its token. */
export const subprotocol = "fibercast"

const fromProtocols = (offered: string): string | null =>
  offered
    .split(",")
    .map((one) => one.trim())
    .find((one) => one.startsWith("bearer."))
    ?.slice("bearer.".length) ?? null

/**
 * The token of a request: of `Authorization: Bearer …`, or, as browsers cannot set headers of a WebSocket, of its
 * subprotocols. Never of the address, which is logged on the way.
 */
export const bearer = ({ headers }: HttpServerRequest.HttpServerRequest): string | null => {
  const [, token = null] = /^Bearer ([\w.~+/=-]{1,4096})$/iu.exec(headers["authorization"] ?? "") ?? []
  return token ?? fromProtocols(headers["sec-websocket-protocol"] ?? "")
}

const hostOf = (origin: string): string | null => (URL.canParse(origin) ? new URL(origin).host : null)

/** Whether a page of the request's origin may talk to the server. */
export const isOwnPage = ({ headers }: HttpServerRequest.HttpServerRequest, origins: ReadonlyArray<string> = []) => {
  const { origin } = headers
  return origin === undefined || origins.includes(origin) || hostOf(origin) === headers["host"]
}

/** The id of the last event that the client had: a header of EventSource, or a parameter for those who cannot set it. */
const lastEventId = ({ headers, url }: HttpServerRequest.HttpServerRequest): string | null => {
  const query = new URLSearchParams(url.split("?")[1] ?? "")
  const id = Option.getOrElse(Headers.get(headers, "last-event-id"), () => query.get("lastEventId") ?? "")
  return id === "" || id.length > 100 ? null : id
}

/** How the client may subscribe; fails if it may not. */
export const enter = Effect.fnUntraced(function* <R>(
  request: HttpServerRequest.HttpServerRequest,
  { admit, from = "now", origins }: DoorOptions<R>
): Effect.fn.Return<Realtime.SubscribeOptions, NotAdmitted, R> {
  if (!isOwnPage(request, origins)) {
    return yield* new NotAdmitted({ status: 403, reason: "pages of that origin may not connect" })
  }
  const { channel, member } = yield* admit(request)
  const after = lastEventId(request)
  return { channel, member, from: after === null ? from : { after } }
})

/** What a client is answered that is not let in. */
export const refusal = (error: NotAdmitted | Realtime.SubscriptionRefused) =>
  HttpServerResponse.jsonUnsafe(
    { error: error.message },
    error._tag === "NotAdmitted"
      ? { status: error.status, headers: { "cache-control": "no-store" } }
      : { status: 503, headers: { "cache-control": "no-store", "retry-after": "5" } }
  )
