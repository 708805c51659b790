/**
 * The chat over HTTP, on a port of its own.
 *
 * | | |
 * |---|---|
 * | `GET /` | a page to try it |
 * | `POST /login` | `{name, room}`: a token; stands for the campus' own login |
 * | `POST /rooms/:room/messages` | `{nonce, text}`: send; 201 when it is stored, 202 when it was told directly |
 * | `GET /rooms/:room/messages?before=` | the last 50 messages before that place |
 * | `GET /rooms/:room/members` | who is online there |
 * | `GET /rooms/:room/events`, `/socket` | what happens, as Server-Sent Events or over a WebSocket |
 * | `GET /health` | 503 with the reason while messages do not get through |
 *
 * All but the page, the login and the health want a token of a student of that room. Bodies are at most 16 KiB.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Realtime } from "@fibercast/messengers/Realtime"
import { bearer, isOwnPage, NotAdmitted, refusal } from "@fibercast/messengers/RealtimeDoor"
import * as RealtimeSocket from "@fibercast/messengers/RealtimeSocket"
import * as RealtimeSse from "@fibercast/messengers/RealtimeSse"
import { ByteSize, Clock, Config, Effect, Layer, Option, Result, Schema } from "effect"
import { HttpIncomingMessage, HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"
import { channelOf } from "./Broadcast.ts"
import * as CampusHealth from "./CampusHealth.ts"
import { Chat } from "./Chat.ts"
import { Messages, name, text } from "./Messages.ts"
import * as Page from "./Page.ts"
import { Students } from "./Students.ts"

const maxBody = 16_384

const Room = Schema.Struct({ room: name })
const Login = Schema.Struct({ name, room: name })
const Sending = Schema.Struct({ nonce: Schema.String.check(Schema.isPattern(/^[\w-]{1,64}$/)), text })
const Before = Schema.Struct({ before: Schema.optionalKey(Schema.NumberFromString.check(Schema.isInt())) })

const answer = (status: number, body: object) =>
  HttpServerResponse.jsonUnsafe(body, { status, headers: { "cache-control": "no-store" } })

const strange = new NotAdmitted({ status: 403, reason: "pages of that origin may not ask" })

/** The student whose token the request has, in the room of its path. */
const entered = Effect.gen(function* () {
  const { who } = yield* Students
  const request = yield* HttpServerRequest.HttpServerRequest
  const { room } = yield* HttpRouter.schemaPathParams(Room)
  const student = Option.getOrNull(yield* who(bearer(request) ?? ""))
  if (student === null) return yield* new NotAdmitted({ status: 401, reason: "a valid token is needed" })
  if (!student.rooms.includes(room)) return yield* new NotAdmitted({ status: 403, reason: `you are not in ${room}` })
  return { room, member: student.name, channel: channelOf(room) }
}).pipe(
  Effect.catchTag("SchemaError", () => Effect.fail(new NotAdmitted({ status: 404, reason: "there is no such room" })))
)

/** For whoever entered, by a page of this server. */
const guarded = <E, R>(
  handle: (who: Effect.Success<typeof entered>) => Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
) =>
  Effect.gen(function* () {
    const isOwn = isOwnPage(yield* HttpServerRequest.HttpServerRequest)
    const who = yield* Effect.result(isOwn ? entered : Effect.fail(strange))
    return Result.isFailure(who) ? refusal(who.failure) : yield* handle(who.success)
  })

const badRequest = () => Effect.succeed(answer(400, { error: "the request is not as it should be" }))

const login = Effect.gen(function* () {
  const { name, room } = yield* HttpServerRequest.schemaBodyJson(Login)
  return answer(200, { token: yield* (yield* Students).login({ name, rooms: [room] }) })
}).pipe(Effect.catchTag(["SchemaError", "HttpServerError"], badRequest))

const send = guarded(({ member: author, room }) =>
  Effect.gen(function* () {
    const { nonce, text } = yield* HttpServerRequest.schemaBodyJson(Sending)
    const id = `${author}/${nonce}`
    const sent = yield* (yield* Chat).send({ id, room, author, text, at: yield* Clock.currentTimeMillis })
    return answer(sent.stored ? 201 : 202, { id, ...sent })
  }).pipe(
    Effect.catchTag(["SchemaError", "HttpServerError"], badRequest),
    Effect.catchTag("ChatOverloaded", (error) => Effect.succeed(answer(503, { error: error.message })))
  )
)

const history = guarded(({ room }) =>
  Effect.gen(function* () {
    const { before } = yield* HttpServerRequest.schemaSearchParams(Before)
    return answer(200, { messages: yield* (yield* Messages).read({ room, before, limit: 50 }) })
  }).pipe(
    Effect.catchTag("SchemaError", badRequest),
    Effect.catchTag("MessagesUnavailable", (error) => Effect.succeed(answer(503, { error: error.message })))
  )
)

const members = guarded(({ channel }) =>
  Effect.map(
    Effect.flatMap(Realtime, (hub) => hub.members(channel)),
    (all) => answer(200, { members: all })
  )
)

const health = Effect.map(CampusHealth.check, (wrong) =>
  wrong === null ? answer(200, { status: "ok" }) : answer(503, { status: "failing", reason: wrong })
)

/** A client that is new gets what is kept: the database may be away. */
const door = { admit: () => entered, from: "kept" } as const

const routes = HttpRouter.addAll([
  HttpRouter.route("GET", "/", Page.respond),
  HttpRouter.route("POST", "/login", login),
  HttpRouter.route("POST", "/rooms/:room/messages", send),
  HttpRouter.route("GET", "/rooms/:room/messages", history),
  HttpRouter.route("GET", "/rooms/:room/members", members),
  HttpRouter.route("GET", "/rooms/:room/events", RealtimeSse.respond(door)),
  HttpRouter.route("GET", "/rooms/:room/socket", RealtimeSocket.respond(door)),
  HttpRouter.route("GET", "/health", health)
])

const anyPort = Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 0, maximum: 65_535 }))

/** Listens on `CAMPUS_HOST` and `CAMPUS_PORT` (127.0.0.1:4680; 0 takes any that is free). */
export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const host = yield* Config.String("CAMPUS_HOST").pipe(Config.withDefault("127.0.0.1"))
    const port = yield* Config.schema(anyPort, "CAMPUS_PORT").pipe(Config.withDefault(4680))
    const server = NodeHttpServer.layerServer(() => createServer({ requestTimeout: 10_000, headersTimeout: 5000 }), {
      host,
      port,
      gracefulShutdownTimeout: "500 millis",
      websocket: { maxPayload: 1024 }
    })
    const bounded = Layer.succeed(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(maxBody))
    const said = Layer.effectDiscard(
      HttpServer.addressFormattedWith((address) => Effect.logInfo(`the chat is at ${address}`))
    )
    return Layer.merge(HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }), said).pipe(
      Layer.provide(bounded),
      Layer.provideMerge(server)
    )
  })
)
