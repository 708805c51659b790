/**
 * Clients of a hub as the world has them: a `WebSocket`, and a response of `fetch` that is read as it comes.
 */
import { Effect, Queue, type Scope } from "effect"

export interface Heard {
  readonly id: string | undefined
  readonly event: string
  readonly data: string
}

export interface StreamClient {
  readonly heard: Queue.Dequeue<Heard>
  /** With what it ended: a status of HTTP, or a code of the WebSocket; 0 when the connection just ended. */
  readonly ended: Effect.Effect<number>
  readonly close: Effect.Effect<void>
  /** Every line that it was sent. */
  readonly lines: ReadonlyArray<string>
}

interface Connecting {
  readonly token?: string
  readonly lastEventId?: string | undefined
  readonly origin?: string
}

const parsed = (block: string): Heard => {
  const field = (name: string) =>
    block
      .split("\n")
      .filter((line) => line.startsWith(`${name}: `))
      .map((line) => line.slice(name.length + 2))
  return { id: field("id")[0], event: field("event")[0] ?? "message", data: field("data").join("\n") }
}

/** Server-Sent Events. Comments and settings are among the lines only. Gone with the scope. */
export const sse = (
  url: string,
  { lastEventId, origin, token }: Connecting = {}
): Effect.Effect<StreamClient, never, Scope.Scope> =>
  Effect.gen(function* () {
    const heard = yield* Queue.unbounded<Heard>()
    const ended = yield* Queue.unbounded<number>()
    const lines: Array<string> = []
    const controller = new AbortController()
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
      ...(origin === undefined ? {} : { origin })
    }
    const read = async () => {
      const response = await globalThis.fetch(url, { headers, signal: controller.signal })
      if (!response.ok || response.body === null) return response.status
      let text = ""
      for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
        text += part
        const blocks = text.split("\n\n")
        text = blocks.pop() ?? ""
        for (const block of blocks) {
          lines.push(...block.split("\n"))
          if (/^data: /mu.test(block)) Queue.offerUnsafe(heard, parsed(block))
        }
      }
      return 0
    }
    void read().then(
      (status) => Queue.offerUnsafe(ended, status),
      () => Queue.offerUnsafe(ended, 0)
    )
    const close = Effect.sync(() => controller.abort())
    yield* Effect.addFinalizer(() => close)
    return { heard, ended: Queue.take(ended), close, lines }
  })

/** A WebSocket. Heartbeats are among the lines only. Gone with the scope. */
export const socket = (
  url: string,
  { lastEventId, token }: Connecting = {}
): Effect.Effect<StreamClient & { readonly send: (text: string) => void }, never, Scope.Scope> =>
  Effect.gen(function* () {
    const heard = yield* Queue.unbounded<Heard>()
    const ended = yield* Queue.unbounded<number>()
    const lines: Array<string> = []
    const place = new URL(url.replace("http", "ws"))
    if (lastEventId !== undefined) place.searchParams.set("lastEventId", lastEventId)
    const connection = new WebSocket(place, token === undefined ? [] : ["fibercast", `bearer.${token}`])
    connection.addEventListener("message", ({ data }) => {
      const line = String(data)
      lines.push(line)
      const { count, data: text, event, id } = JSON.parse(line)
      if (event !== "heartbeat") Queue.offerUnsafe(heard, { id, event, data: text ?? JSON.stringify({ count }) })
    })
    connection.addEventListener("close", ({ code }) => Queue.offerUnsafe(ended, code))
    const close = Effect.sync(() => connection.close())
    yield* Effect.addFinalizer(() => close)
    return { heard, ended: Queue.take(ended), close, lines, send: (text) => connection.send(text) }
  })

/** Waits for so many events of that kind. */
export const several = Effect.fnUntraced(function* ({ heard }: StreamClient, event: string, count: number) {
  const found: Array<Heard> = []
  while (found.length < count) {
    const one = yield* Queue.take(heard)
    if (one.event === event) found.push(one)
  }
  return found
})
