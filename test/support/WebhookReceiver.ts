/**
 * A receiver of webhooks on this machine that believes nothing unsigned: the library of Standard Webhooks checks what comes.
 */
import { Effect, type Scope } from "effect"
import * as http from "node:http"
import { Webhook } from "standardwebhooks"

export interface Received {
  readonly path: string
  readonly id: string
  readonly timestamp: number
  readonly body: string
  /** The signature is right, and the timestamp is of these minutes. */
  readonly isGenuine: boolean
}

export interface WebhookReceiver {
  readonly port: number
  readonly received: ReadonlyArray<Received>
  /** What the next requests are answered, one after the other: a status, or null for no answer at all. Then 204. */
  readonly answers: Array<number | null>
  /** Returns when it has received so many, which no clock of a test hurries. */
  readonly awaitCount: (count: number) => Effect.Effect<void>
}

const header = (request: http.IncomingMessage, name: string): string => {
  const value = request.headers[name]
  return typeof value === "string" ? value : ""
}

/** Ends with the scope. */
export const make = (secret: string): Effect.Effect<WebhookReceiver, never, Scope.Scope> =>
  Effect.gen(function* () {
    const received: Array<Received> = []
    const answers: Array<number | null> = []
    const webhook = new Webhook(secret)
    const isGenuine = (body: string, headers: Record<string, string>): boolean => {
      try {
        webhook.verify(body, headers)
        return true
      } catch {
        return false
      }
    }
    const server = http.createServer((request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => void chunks.push(chunk))
      request.on("end", () => {
        const body = Buffer.concat(chunks).toString("utf8")
        const names = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        const headers = Object.fromEntries(names.map((name) => [name, header(request, name)]))
        received.push({
          path: request.url ?? "",
          id: headers["webhook-id"] ?? "",
          timestamp: Number(headers["webhook-timestamp"]),
          body,
          isGenuine: isGenuine(body, headers)
        })
        const answer = answers.length === 0 ? 204 : answers.shift()
        if (typeof answer !== "number") return
        response.writeHead(answer, answer >= 300 && answer < 400 ? { location: "/elsewhere" } : {}).end()
      })
    })
    const port = yield* Effect.acquireRelease(
      Effect.callback<number>((resume) => {
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
        })
      }),
      () =>
        Effect.sync(() => {
          server.closeAllConnections()
          server.close()
        })
    )
    return {
      port,
      received,
      answers,
      awaitCount: Effect.fnUntraced(function* (count) {
        while (received.length < count) yield* Effect.yieldNow
      })
    }
  })
