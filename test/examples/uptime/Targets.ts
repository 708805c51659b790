/**
 * Local servers to be checked, each with a way of its own, and what they were asked.
 */
import { Effect } from "effect"
import { createServer, type RequestListener, type ServerResponse } from "node:http"

/** Asked for so far, by path, and how many at once at the most. */
class Asked {
  readonly #now = new Map<string, number>()
  readonly #all = new Map<string, number>()
  readonly #waiting: Array<{ readonly at: number; readonly answer: () => void }> = []
  most = 0
  total = 0

  enter(path: string, response: ServerResponse) {
    const now = (this.#now.get(path) ?? 0) + 1
    this.#now.set(path, now)
    this.#all.set(path, (this.#all.get(path) ?? 0) + 1)
    this.most = Math.max(this.most, now)
    this.total += 1
    response.once("close", () => this.#now.set(path, (this.#now.get(path) ?? 1) - 1))
    while ((this.#waiting[0]?.at ?? Infinity) <= this.total) this.#waiting.shift()?.answer()
  }

  /** Once so many more were asked for. */
  after(more: number, answer: () => void) {
    this.#waiting.push({ at: this.total + more, answer })
  }

  of(path: string): number {
    return this.#all.get(path) ?? 0
  }
}

/** Listens on a port of its own until the scope is closed; answers the address. */
const server = (listener: RequestListener) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly close: () => void }>((resume) => {
      const listening = createServer(listener)
      listening.listen(0, "127.0.0.1", () => {
        const address = listening.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        const close = () => {
          listening.closeAllConnections()
          listening.close()
        }
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  ).pipe(Effect.map(({ url }) => url))

/** An address at which nobody listens any more. */
export const refusing = Effect.scoped(server(() => undefined))

/** Answers `status.now`. */
export const changing = Effect.gen(function* () {
  const status = { now: 200 }
  return { status, url: yield* server((_, response) => void response.writeHead(status.now).end()) }
})

/**
 * One that answers by the first part of the path: `good` at once, `broken` with 500, `slow` when three more were asked
 * for, `cut` with a closed connection, and `silent` never.
 */
export const site = Effect.gen(function* () {
  const asked = new Asked()
  const url = yield* server((request, response) => {
    const path = request.url ?? ""
    asked.enter(path, response)
    const ok = () => void response.writeHead(200).end("here")
    if (path.startsWith("/good")) ok()
    else if (path.startsWith("/broken")) response.writeHead(500).end()
    else if (path.startsWith("/slow")) asked.after(3, ok)
    else if (path.startsWith("/cut")) request.socket.destroy()
  })
  return { url, asked }
})
