/**
 * The health of a node over HTTP, for probes and for people. It listens for as long as the scope is open, whatever the
 * node does meanwhile, and answers in JSON with a line for each check.
 *
 * | path | 200 while |
 * |---|---|
 * | `/health` | all is well, as far as this node can see: what the others say, and that work is done and triggers are looked after |
 * | `/health/live` | the process answers at all |
 * | `/health/ready` | it works, and has what it needs for that |
 * | `/health/scheduler` | triggers are looked after; 404 on a node that does not schedule |
 * | `/health/queues` | no queue of any workspace is critical; its `status` is OK, WARN or CRITICAL |
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Effect, Schema, type Scope } from "effect"
import { HttpServer, HttpServerRequest, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"
import * as HealthCheck from "./HealthCheck.ts"
import { type Judged } from "./QueueCheck.ts"

export const paths = {
  all: "/health",
  live: "/health/live",
  ready: "/health/ready",
  scheduler: "/health/scheduler",
  queues: "/health/queues"
} as const

/** There is no listening at that place. */
export class HealthUnheard extends Schema.TaggedError<HealthUnheard>()("HealthUnheard", {
  host: Schema.String,
  port: Schema.Int,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return (
      `The health of this node cannot be told at ${this.host}:${this.port}: another process may listen there. ` +
      "FIBERCAST_HEALTH_PORT names another port; 0 takes any that is free."
    )
  }
}

export interface Options {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  readonly ready: ReadonlyArray<HealthCheck.HealthCheck>
  /** Null: this node does not schedule. */
  readonly scheduler: ReadonlyArray<HealthCheck.HealthCheck> | null
  /** Whether work is done, whoever does it. */
  readonly work: ReadonlyArray<HealthCheck.HealthCheck>
  /** See `QueueCheck`. */
  readonly queues: Effect.Effect<Judged>
}

const line = ({ name, ok, reason }: HealthCheck.Checked): string =>
  JSON.stringify(reason === null ? { name, ok } : { name, ok, reason })

const answered = (status: number, word: string, checks: ReadonlyArray<HealthCheck.Checked>) => {
  const listed = checks.length === 0 ? "[]" : `[\n  ${checks.map(line).join(",\n  ")}\n]`
  return HttpServerResponse.text(`{"status":${JSON.stringify(word)},"checks":${listed}}\n`, {
    status,
    contentType: "application/json",
    headers: { "cache-control": "no-store" }
  })
}

const judged = (checks: ReadonlyArray<HealthCheck.HealthCheck>) =>
  Effect.map(HealthCheck.run(checks), (checked) =>
    checked.every(({ ok }) => ok) ? answered(200, "ok", checked) : answered(503, "failing", checked)
  )

const app = ({ queues, ready, scheduler, work }: Options) =>
  Effect.gen(function* () {
    const { method, url } = yield* HttpServerRequest.HttpServerRequest
    const path = url.split("?")[0]
    const known: ReadonlyArray<string> = Object.values(paths)
    if (path === undefined || !known.includes(path)) return answered(404, "there is nothing here", [])
    if (method !== "GET" && method !== "HEAD") {
      return HttpServerResponse.setHeader(answered(405, "only GET and HEAD", []), "allow", "GET, HEAD")
    }
    if (path === paths.live) return answered(200, "ok", [])
    if (path === paths.all) return yield* judged([...ready, ...(scheduler ?? []), ...work])
    if (path === paths.ready) return yield* judged(ready)
    if (path === paths.queues) {
      const { checks, verdict } = yield* queues
      return answered(verdict === "CRITICAL" ? 503 : 200, verdict, checks)
    }
    if (scheduler === null) return answered(404, "this node has no engine role: it schedules nothing", [])
    return yield* judged(scheduler)
  })

/** Listens, and answers the address as a URL. */
export const listen = Effect.fn("HealthServer.listen")(function* (
  options: Options
): Effect.fn.Return<string, HealthUnheard, Scope.Scope> {
  const { host, port } = options
  const server = yield* NodeHttpServer.make(() => createServer({ requestTimeout: 10_000, headersTimeout: 5000 }), {
    host,
    port,
    gracefulShutdownTimeout: "500 millis"
  }).pipe(Effect.mapError((cause) => new HealthUnheard({ host, port, cause })))
  yield* HttpServer.serveEffect(app(options)).pipe(Effect.provideService(HttpServer.HttpServer, server))
  return HttpServer.formatAddress(server.address)
})
