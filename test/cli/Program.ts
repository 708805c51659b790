/**
 * The program as its users run it: a process of its own, in a folder of its own, with nothing in its environment but
 * what the test puts there.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, FileSystem, Queue, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { fileURLToPath } from "node:url"

const launcher = fileURLToPath(new URL("../../services/cli/bin/fibercast.mjs", import.meta.url))

/** The program that is one node. */
export const nodeLauncher = fileURLToPath(new URL("../../services/node/bin/fibercast-node.mjs", import.meta.url))

export interface Place {
  /** Where it runs; its database, if it makes one, is in `.fibercast` there. */
  readonly folder: string
  readonly env?: Readonly<Record<string, string>> | undefined
}

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const words = (bytes: Stream.Stream<Uint8Array, unknown>) => Stream.mkString(Stream.decodeText(bytes))

/** Started, and killed with the scope at the latest. */
export const start = ({ env, folder }: Place, args: ReadonlyArray<string>, program = launcher) =>
  ChildProcess.make(process.execPath, [program, ...args], {
    cwd: folder,
    env: { PATH: process.env["PATH"], NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"], ...env },
    extendEnv: false,
    stdin: "ignore"
  })

/** From start to end. */
export const run = (place: Place, args: ReadonlyArray<string>, program = launcher): Effect.Effect<Ran> =>
  Effect.gen(function* () {
    const child = yield* start(place, args, program)
    const [stdout, stderr, code] = yield* Effect.all([words(child.stdout), words(child.stderr), child.exitCode], {
      concurrency: "unbounded"
    })
    return { code, stdout, stderr }
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer), Effect.orDie)

/** The first line that matches; none if the output ends before. */
export const lineOf = (output: Stream.Stream<Uint8Array, unknown>, pattern: RegExp) =>
  output.pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.filter((line) => pattern.test(line)),
    Stream.runHead
  )

/** Waits, one after the other, for lines that match; fails when the output ends before. Reads on in between. */
export const follow = Effect.fnUntraced(function* (output: Stream.Stream<Uint8Array, unknown>) {
  const lines = yield* output.pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.orDie,
    Stream.toQueue({ capacity: 1000 })
  )
  return (pattern: RegExp) => Effect.repeat(Queue.take(lines), { until: (line) => pattern.test(line) })
})

/** The last line of what was printed, as JSON. */
export const lastJson = ({ stdout }: Ran): unknown => JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")

/** Everything in a folder, hidden or not. */
export const listing = (folder: string) =>
  Effect.flatMap(FileSystem.FileSystem, (files) => files.readDirectory(folder)).pipe(
    Effect.map((names) => names.toSorted()),
    Effect.provide(NodeServices.layer),
    Effect.orDie
  )

export const write = (file: string, content: string | Uint8Array) =>
  Effect.flatMap(FileSystem.FileSystem, (files) =>
    typeof content === "string" ? files.writeFileString(file, content) : files.writeFile(file, content)
  ).pipe(Effect.provide(NodeServices.layer), Effect.orDie)

/** `count` people with numbers of Indonesia that belong to nobody, each different. */
export const contacts = (count: number): string =>
  `name,phone\n${Array.from({ length: count }, (_, at) => `Person ${at + 1},0860-1000-${1000 + at}\n`).join("")}`
