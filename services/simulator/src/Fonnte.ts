/**
 * A Fonnte that runs here: real HTTP on the loopback address, the answers of the real one, and a count of
 * what it really accepted. Tests and demos ask it in process; other processes under `/_simulator/`.
 *
 * Endpoints: POST /send and POST /validate (url-encoded or multipart; JSON is refused, as at Fonnte), POST
 * /device. Delays run on the Clock of the layer. Memory: see `Device`, plus one request body (at most
 * 6 MiB) per open connection. Closing the layer cuts all connections.
 */
import { Context, Effect, FiberSet, Layer, Schema } from "effect"
import * as Http from "node:http"
import { Readable } from "node:stream"
import { control, type ControlReply, prefix } from "./Control.ts"
import { type Connection, Device, type Reply } from "./Device.ts"
import { type Faults } from "./Faults.ts"

export interface FonnteSimulatorOptions {
  /** Default 0: any free port. */
  readonly port?: number | undefined
  /** The one token it accepts. Default `simulated-token`. */
  readonly token?: string | undefined
  readonly faults?: Faults | undefined
  /** Keep the texts of the first so many accepted messages. Default 0. */
  readonly keepTexts?: number | undefined
  /** Counts to begin with. */
  readonly accepted?: Iterable<readonly [string, number]> | undefined
}

/** The port is taken, or may not be used. */
export class PortUnavailable extends Schema.TaggedError<PortUnavailable>()("PortUnavailable", {
  port: Schema.Int,
  cause: Schema.Defect()
}) {}

const maxBody = 6 * 1024 * 1024

/** Longer than any client keeps an idle connection, so that no request meets a closing one. */
const idleMillis = 120_000

/** A body that cannot be read as a form has no fields, which Fonnte calls invalid input. */
const fieldsOf = (type: string, body: Buffer): Effect.Effect<URLSearchParams> => {
  if (type.startsWith("application/x-www-form-urlencoded")) {
    return Effect.sync(() => new URLSearchParams(body.toString("utf8")))
  }
  if (!type.startsWith("multipart/form-data")) return Effect.succeed(new URLSearchParams())
  return Effect.tryPromise(() => new Response(body, { headers: { "content-type": type } }).formData()).pipe(
    Effect.map((form) => {
      const fields = new URLSearchParams()
      for (const [name, value] of form) if (typeof value === "string") fields.append(name, value)
      return fields
    }),
    Effect.orElseSucceed(() => new URLSearchParams())
  )
}

const notFound: Reply = { fate: "answer", status: 404, body: '{"reason":"unknown user","status":false}', delay: 0 }

const judge = Effect.fnUntraced(function* (device: Device, request: Http.IncomingMessage, body: Buffer) {
  const { authorization, "content-type": type } = request.headers
  if (request.method !== "POST") return notFound
  switch (request.url) {
    case "/send":
      return device.send(authorization, yield* fieldsOf(type ?? "", body))
    case "/validate":
      return device.validate(authorization, yield* fieldsOf(type ?? "", body))
    case "/device":
      return device.profile(authorization)
    default:
      return notFound
  }
})

const write = (response: Http.ServerResponse, reply: Reply): void => {
  if (reply.fate === "silence") return
  if (reply.fate === "cut") return void response.socket?.destroy()
  const type = reply.body.startsWith("{") ? "application/json" : "text/html"
  response.writeHead(reply.status, {
    "content-type": type,
    "content-length": Buffer.byteLength(reply.body),
    ...reply.headers
  })
  response.end(reply.body)
}

const writeControl = (response: Http.ServerResponse, reply: ControlReply): void => {
  response.writeHead(reply.status, { "content-type": reply.type })
  if (typeof reply.body === "string") response.end(reply.body)
  else Readable.from(reply.body).pipe(response)
}

/** Hands over each whole request; one whose body is too large is answered with 413 and cut. */
const listener =
  (handle: (request: Http.IncomingMessage, body: Buffer, response: Http.ServerResponse) => void) =>
  (request: Http.IncomingMessage, response: Http.ServerResponse): void => {
    const chunks: Array<Buffer> = []
    let size = 0
    request.on("error", () => undefined)
    request.on("data", (chunk: Buffer) => {
      size += chunk.length
      if (size <= maxBody) return void chunks.push(chunk)
      response.writeHead(413, { connection: "close" }).end()
      request.destroy()
    })
    request.on("end", () => handle(request, Buffer.concat(chunks), response))
  }

const listen = (server: Http.Server, port: number) =>
  Effect.callback<string, PortUnavailable>((resume) => {
    const refused = (cause: Error) => resume(Effect.fail(new PortUnavailable({ port, cause })))
    server.once("error", refused)
    server.listen(port, "127.0.0.1", () => {
      server.off("error", refused)
      const address = server.address()
      const bound = typeof address === "object" && address !== null ? address.port : port
      resume(Effect.succeed(`http://127.0.0.1:${bound}`))
    })
  })

const make = Effect.fnUntraced(function* (options: FonnteSimulatorOptions) {
  const token = options.token ?? "simulated-token"
  const device = new Device({ token, keepTexts: options.keepTexts ?? 0 })
  device.restore(options.accepted ?? [])
  device.script(options.faults ?? [])

  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const server = yield* Effect.acquireRelease(
    Effect.sync(() =>
      Http.createServer(
        { keepAliveTimeout: idleMillis },
        listener((request, body, response) => {
          const path = request.url ?? "/"
          if (path.startsWith(prefix)) {
            return writeControl(response, control(device, request.method ?? "GET", path, body.toString("utf8")))
          }
          run(
            Effect.flatMap(judge(device, request, body), (reply) => {
              const answer = Effect.sync(() => write(response, reply))
              return reply.delay === 0 ? answer : Effect.andThen(Effect.sleep(reply.delay), answer)
            })
          )
        })
      )
    ),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  const url = yield* listen(server, options.port ?? 0)

  return FonnteSimulator.of({
    url,
    token,
    accepted: Effect.sync(() => new Map(device.accepted)),
    acceptedTotal: Effect.sync(() => device.total),
    requests: Effect.sync(() => device.requests),
    messages: (target) => Effect.sync(() => device.messages(target)),
    script: (plan) => Effect.sync(() => device.script(plan)),
    setDevice: (connection) =>
      Effect.sync(() => {
        device.connection = connection
      }),
    setQuota: (messages) =>
      Effect.sync(() => {
        device.quota = messages
      }),
    reset: Effect.sync(() => device.reset())
  })
})

export class FonnteSimulator extends Context.Service<
  FonnteSimulator,
  {
    /** `http://127.0.0.1:<port>`, for the messenger's `url`. */
    readonly url: string
    readonly token: string
    /** How many messages it really accepted for each target (digits), as of now. */
    readonly accepted: Effect.Effect<ReadonlyMap<string, number>>
    readonly acceptedTotal: Effect.Effect<number>
    /** Requests to /send, however they ended. */
    readonly requests: Effect.Effect<number>
    /** The kept texts for the target (digits), oldest first. */
    readonly messages: (target: string) => Effect.Effect<ReadonlyArray<string>>
    /** Replaces the fault plan; its counters begin again. */
    readonly script: (plan: Faults) => Effect.Effect<void>
    readonly setDevice: (connection: Connection) => Effect.Effect<void>
    /** How many more messages it accepts. */
    readonly setQuota: (messages: number) => Effect.Effect<void>
    /** As new: nothing accepted, no faults, connected, quota without end. */
    readonly reset: Effect.Effect<void>
  }
>()("fibercast/simulator/Fonnte") {
  static readonly layer = (options: FonnteSimulatorOptions = {}): Layer.Layer<FonnteSimulator, PortUnavailable> =>
    Layer.effect(FonnteSimulator, make(options))
}
