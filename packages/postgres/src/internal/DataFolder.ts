/**
 * What an embedded Postgres keeps in its folder, and how that comes to be.
 *
 * - `postgres/`: the data, readable by the server's user only. Made aside and renamed when complete, so a crash
 *   half-way leaves nothing that looks like data. A link when root's own folders keep the server's user out: the
 *   data is then in `/var/lib/fibercast`.
 * - `postgres.password`: of the one database user, readable by the owner only.
 * - `postgres.owner`: who runs it now. `postgres.log`: what this run of the server said.
 */
import { Effect, Redacted } from "effect"
import { randomBytes } from "node:crypto"
import * as fs from "node:fs/promises"
import * as path from "node:path"
import {
  corrupted,
  type EmbeddedPostgresUnavailable,
  fromOutput,
  unusableFolder,
  unwritable
} from "./EmbeddedPostgresUnavailable.ts"
import { type Binaries } from "./PostgresBinaries.ts"
import * as PostgresUser from "./PostgresUser.ts"
import * as Program from "./Program.ts"

export const databaseUser = "fibercast"
export const database = "fibercast"

export const dataOf = (folder: string): string => path.join(folder, "postgres")
export const logOf = (folder: string): string => path.join(folder, "postgres.log")
const passwordOf = (folder: string): string => path.join(folder, "postgres.password")

/** Creates the folder, kept out of version control, and proves that it can be written to. */
export const prepare = Effect.fnUntraced(function* (folder: string) {
  yield* touch(folder, () => fs.mkdir(folder, { recursive: true }))
  yield* touch(folder, () => fs.access(folder, fs.constants.W_OK))
  const ignore = path.join(folder, ".gitignore")
  yield* Effect.ignore(touch(folder, () => fs.writeFile(ignore, "*\n", { flag: "wx" })))
})

/** The major version that made the data; `undefined` when there is none yet. */
export const version = Effect.fnUntraced(function* (
  folder: string
): Effect.fn.Return<string | undefined, EmbeddedPostgresUnavailable> {
  const data = dataOf(folder)
  const entries = yield* touch(folder, () =>
    fs
      .readdir(data)
      .catch((error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? undefined : Promise.reject(error)))
  )
  if (entries === undefined) return undefined
  const text = yield* touch(folder, () => fs.readFile(path.join(data, "PG_VERSION"), "utf8").catch(() => ""))
  const major = text.trim()
  return /^\d+$/.test(major) ? major : yield* corrupted(folder, "its file PG_VERSION is missing or unreadable")
})

/** Makes an empty database. Local TCP clients only, and only with the generated password (SCRAM). */
export const initialize = Effect.fnUntraced(
  function* (options: {
    readonly folder: string
    readonly binaries: Binaries
    readonly user: Program.User
    readonly durable: boolean
  }): Effect.fn.Return<void, EmbeddedPostgresUnavailable> {
    const { binaries, durable, folder, user } = options
    const place = yield* newPlace(folder, user)
    const aside = `${place}.new`
    const password = randomBytes(24).toString("base64url")
    yield* touch(folder, () => fs.rm(aside, { recursive: true, force: true }))
    yield* touch(folder, () => fs.mkdir(aside, { mode: 0o700 }))
    yield* own(folder, aside, user)
    yield* succeeds(folder, path.join(binaries.folder, "initdb"), {
      user,
      args: [
        `--pgdata=${aside}`,
        `--username=${databaseUser}`,
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--no-instructions",
        ...(durable ? [] : ["--no-sync"])
      ]
    })
    yield* touch(folder, () =>
      fs.writeFile(path.join(aside, "pg_hba.conf"), "host all all 127.0.0.1/32 scram-sha-256\n")
    )
    yield* succeeds(folder, path.join(binaries.folder, "postgres"), {
      user,
      args: ["--single", "-j", ...(durable ? [] : ["-F"]), "-D", aside, "postgres"],
      input: `ALTER ROLE ${databaseUser} PASSWORD '${password}';\n\nCREATE DATABASE ${database};\n\n`
    })
    yield* touch(folder, () => fs.writeFile(passwordOf(folder), password, { mode: 0o600 }))
    yield* touch(folder, () => fs.rename(aside, place))
    if (place !== dataOf(folder)) yield* touch(folder, () => fs.symlink(place, dataOf(folder)))
  },
  (effect, { folder }) => Effect.onError(effect, () => discard(`${dataOf(folder)}.new`))
)

export const password = (folder: string): Effect.Effect<Redacted.Redacted, EmbeddedPostgresUnavailable> =>
  Effect.map(
    touch(folder, () => fs.readFile(passwordOf(folder), "utf8")),
    Redacted.make
  )

/** A file system call on the folder. */
export const touch = <A>(folder: string, evaluate: () => Promise<A>): Effect.Effect<A, EmbeddedPostgresUnavailable> =>
  Effect.tryPromise({ try: evaluate, catch: (cause) => unusableFolder(folder, cause) })

const sharedRoot = "/var/lib/fibercast"

/**
 * In the folder if the server's user can get there, else in a place of its own that it can get to. The folder itself
 * may be passed through by anyone (its files are closed to others), so that only a folder above it can be in the way.
 */
const newPlace = Effect.fnUntraced(function* (folder: string, user: Program.User) {
  if (yield* PostgresUser.canEnter(user, folder)) return dataOf(folder)
  const { mode } = yield* touch(folder, () => fs.stat(folder))
  yield* touch(folder, () => fs.chmod(folder, (mode & 0o777) | 0o011))
  if (yield* PostgresUser.canEnter(user, folder)) return dataOf(folder)
  yield* touch(folder, () => fs.mkdir(sharedRoot, { recursive: true, mode: 0o755 }))
  const home = yield* touch(folder, () => fs.mkdtemp(path.join(sharedRoot, `${path.basename(path.dirname(folder))}-`)))
  yield* touch(folder, () => fs.chmod(home, 0o755))
  if (!(yield* PostgresUser.canEnter(user, home))) {
    return yield* unwritable(
      folder,
      `the user that Postgres runs as (uid ${user.uid}) can enter neither it nor ${home}`
    )
  }
  yield* Effect.logInfo(`only root can enter ${folder}: the data is in ${home}, and ${dataOf(folder)} links to it`)
  return path.join(home, "postgres")
})

const own = (folder: string, target: string, { gid, uid }: Program.User) =>
  uid === undefined || gid === undefined ? Effect.void : touch(folder, () => fs.chown(target, uid, gid))

const succeeds = Effect.fnUntraced(function* (
  folder: string,
  command: string,
  options: { readonly user: Program.User; readonly args: ReadonlyArray<string>; readonly input?: string }
) {
  const { code, output } = yield* Program.run(command, options.args, options)
  // A backend in single-user mode ends well even when a statement failed.
  if (code !== 0 || /ERROR:|FATAL:|PANIC:/.test(output)) return yield* fromOutput(folder, output)
})

const discard = (place: string) => Effect.promise(() => fs.rm(place, { recursive: true, force: true }).catch(() => {}))
