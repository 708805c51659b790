/**
 * What a case calls from its work, in a process of its own: what it takes is not the subject's, like that of a server.
 */
import { Effect, Option, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { fileURLToPath } from "node:url"

/** How long the slow one takes for an answer. */
export const slowMillis = 5

const programs = {
  /** Answers with the time at which it had the request. */
  stamping: [fileURLToPath(new URL("StampingProvider.ts", import.meta.url))],
  /** The simulator of Fonnte, which answers after 5 ms. */
  slow: [fileURLToPath(import.meta.resolve("@fibercast/simulator/main")), "--faults", `slow:${slowMillis}`]
} as const

export type Kind = keyof typeof programs

/** Ends with the scope. */
export const start = Effect.fnUntraced(function* (kind: Kind) {
  const child = yield* ChildProcess.make(process.execPath, programs[kind], { stdin: "ignore", stderr: "inherit" })
  const lines = child.stdout.pipe(Stream.decodeText, Stream.splitLines)
  const urls = Stream.map(lines, (line) => /http:\S+/.exec(line)?.[0])
  const url = yield* Stream.runHead(Stream.filter(urls, (found) => found !== undefined))
  return { url: Option.getOrThrow(url) ?? "", pid: child.pid }
})
