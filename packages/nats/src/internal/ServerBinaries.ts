/**
 * Finds a nats-server that runs here: the one `NATS_SERVER` names and no other, else that of PATH, of the system, or of
 * our cache folder, else the package of the Debian archive, unpacked there (its signature is checked by apt; no root is
 * needed). A candidate counts only if it has answered with its version.
 */
import { Config, Effect, Option, Schema } from "effect"
import * as fs from "node:fs/promises"
import * as os from "node:os"
import * as path from "node:path"
import * as Program from "./Program.ts"

/** There is no nats-server here, and none could be had. */
export class NatsServerNotFound extends Schema.TaggedError<NatsServerNotFound>()("NatsServerNotFound", {
  /** Each place, and why it would not do. */
  lookedAt: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return [
      "No nats-server runs on this machine. Install it (the package nats-server of Debian and Ubuntu, or",
      "https://github.com/nats-io/nats-server/releases), or set NATS_SERVER to the program.",
      ...this.lookedAt.map((place) => `Looked at ${place}.`)
    ].join("\n")
  }
}

export interface ServerBinary {
  readonly executable: string
  /** `2.9.10`. */
  readonly version: string
}

/** Where to look. */
export type Source = "PATH" | "system" | "cache" | "debian"
const everywhere: ReadonlyArray<Source> = ["PATH", "system", "cache", "debian"]

export interface FindOptions {
  /** In this order; default all, from the nearest to the farthest. */
  readonly sources?: ReadonlyArray<Source> | undefined
  /** Default `fibercast/nats-server` in the user's cache folder. */
  readonly cache?: string | undefined
}

const name = "nats-server"

export const find = Effect.fnUntraced(function* (
  options: FindOptions = {}
): Effect.fn.Return<ServerBinary, NatsServerNotFound> {
  const lookedAt: Array<string> = []
  const probe = Effect.fnUntraced(function* (executable: string, place: string) {
    const { output } = yield* Program.run(executable, ["--version"], "/")
    const version = /^nats-server: v(\d+\.\d+\.\d+\S*)/m.exec(output)?.[1]
    if (version === undefined) lookedAt.push(`${place}: ${output.trim() || "no answer"}`)
    return version === undefined ? undefined : { executable, version }
  })

  const named = yield* Config.option(Config.NonEmptyString("NATS_SERVER")).pipe(Effect.orDie)
  if (Option.isSome(named)) {
    const executable = path.resolve(named.value)
    const found = yield* probe(executable, `NATS_SERVER (${executable})`)
    return found ?? (yield* new NatsServerNotFound({ lookedAt }))
  }

  const cache = options.cache ?? (yield* cacheFolder)
  const unpacked = path.join(cache, "unpacked", "usr", "sbin", name)
  const placesOf: Record<Exclude<Source, "debian">, ReadonlyArray<string>> = {
    PATH: (yield* Config.String("PATH").pipe(Config.withDefault(""), Effect.orDie))
      .split(path.delimiter)
      .filter((folder) => folder !== "")
      .map((folder) => path.join(folder, name)),
    system: ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"].map((at) => path.join(at, name)),
    cache: [unpacked]
  }
  for (const source of options.sources ?? everywhere) {
    if (source === "debian") {
      const trouble = yield* unpackDebian(cache)
      if (trouble !== undefined) lookedAt.push(`the Debian archive: ${trouble}`)
    }
    const there = yield* Effect.filter(source === "debian" ? [unpacked] : placesOf[source], isThere)
    if (there.length === 0) lookedAt.push(source === "debian" ? unpacked : `${source}: ${placesOf[source].join(", ")}`)
    for (const executable of there) {
      const found = yield* probe(executable, executable)
      if (found !== undefined) return found
    }
  }
  return yield* new NatsServerNotFound({ lookedAt })
})

const isThere = (file: string): Effect.Effect<boolean> =>
  Effect.promise(() =>
    fs.access(file, fs.constants.X_OK).then(
      () => true,
      () => false
    )
  )

const cacheFolder = Effect.gen(function* () {
  const home = yield* Config.String("XDG_CACHE_HOME").pipe(
    Config.withDefault(path.join(os.homedir(), ".cache")),
    Effect.orDie
  )
  return path.join(home, "fibercast", name)
})

/** Puts the package's files under `unpacked`; the answer is why not. */
const unpackDebian = Effect.fnUntraced(function* (cache: string) {
  const made = yield* Effect.exit(Effect.tryPromise(() => fs.mkdir(cache, { recursive: true })))
  if (made._tag === "Failure") return `${cache} cannot be created`
  const work = yield* Effect.promise(() => fs.mkdtemp(path.join(cache, "download-")))
  return yield* downloadInto(work, path.join(cache, "unpacked")).pipe(
    Effect.ensuring(Effect.promise(() => fs.rm(work, { recursive: true, force: true })))
  )
})

const downloadInto = Effect.fnUntraced(function* (work: string, unpacked: string) {
  const download = (options: ReadonlyArray<string>) => Program.run("apt-get", [...options, "download", name], work)
  let answer = yield* download([])
  if (answer.code !== 0) {
    // The lists of the system may be missing: take some of our own.
    const own = ["-o", `Dir::State::Lists=${work}/lists`, "-o", `Dir::Cache=${work}/cache`, "-o", "Debug::NoLocking=1"]
    const updated = yield* Program.run("apt-get", [...own, "update"], work)
    if (updated.code === undefined) return updated.output
    answer = yield* download(own)
  }
  const archive = (yield* Effect.promise(() => fs.readdir(work))).find((file) => file.endsWith(".deb"))
  if (archive === undefined) return answer.output.trim().split("\n").slice(-2).join(" ")
  const half = path.join(work, "files")
  const extracted = yield* Program.run("dpkg", ["-x", archive, half], work)
  if (extracted.code !== 0) return extracted.output.trim()
  // Another process may have put the same files there meanwhile; either will do.
  yield* Effect.promise(() => fs.rename(half, unpacked).catch(() => {}))
  return undefined
})
