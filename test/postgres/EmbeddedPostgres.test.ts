import * as EmbeddedPostgres from "@fibercast/postgres/EmbeddedPostgres"
import * as Postgres from "@fibercast/postgres/Postgres"
import { assert, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Redacted, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import * as fs from "node:fs"
import * as path from "node:path"
import { spawnOwner, visits } from "../support/EmbeddedPostgresOwner.ts"
import { tempFolder } from "../support/TempFolder.ts"

/** Runs `body` against the embedded server in `folder`, started for it and stopped after it. */
const running = <A, E, R>(folder: string, body: Effect.Effect<A, E, R>) =>
  Effect.provide(
    body,
    Postgres.layerEmbedded().pipe(Layer.provideMerge(EmbeddedPostgres.layer({ folder, durable: false }))),
    { local: true }
  )

const refusal = (folder: string) =>
  Effect.flip(Effect.scoped(Layer.build(EmbeddedPostgres.layer({ folder, durable: false }))))

/** The server's process, as it announces itself in its data folder. */
const serverPid = (folder: string) =>
  Number(fs.readFileSync(path.join(folder, "postgres/postmaster.pid"), "utf8").split("\n")[0])

const shortly = Schedule.spaced("20 millis").pipe(Schedule.upTo({ duration: "15 seconds" }))

it.live("a second start on the same folder finds the data of the first", () =>
  Effect.gen(function* () {
    const folder = path.join(yield* tempFolder, "not", "there", "yet")
    yield* running(
      folder,
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE notes (note text)`
        yield* sql`INSERT INTO notes VALUES ('kept – ✓')`
      })
    )
    assert.isFalse(fs.existsSync(path.join(folder, "postgres/postmaster.pid")), "the server stopped with its layer")
    const notes = yield* running(
      folder,
      Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT note FROM notes`)
    )
    assert.deepStrictEqual(notes, [{ note: "kept – ✓" }])
    const secret = fs.statSync(path.join(folder, "postgres.password"))
    assert.strictEqual(secret.mode & 0o777, 0o600)
  })
)

it.live("only who knows the password gets in", () =>
  Effect.gen(function* () {
    const folder = yield* tempFolder
    const error = yield* running(
      folder,
      Effect.gen(function* () {
        const { url } = yield* EmbeddedPostgres.EmbeddedPostgres
        const guess = new URL(Redacted.value(url))
        guess.password = "guess"
        return yield* Effect.flip(Effect.scoped(Layer.build(Postgres.layerUrl(guess.href))))
      })
    )
    assert.include(error.message, "password authentication failed")
    assert.include(error.hint, "Check the user and the password")
  })
)

it.live("a folder that another process runs is refused by name, and can be attached to", () =>
  Effect.gen(function* () {
    const folder = yield* tempFolder
    assert.strictEqual((yield* Effect.flip(EmbeddedPostgres.attach(folder)))._tag, "NotRunning")
    const owner = yield* spawnOwner(folder)

    const error = yield* refusal(folder)
    assert.strictEqual(error._tag, "FolderInUse")
    assert.include(error.message, `Process ${owner.pid} works in ${folder} since 20`)
    assert.include(error.message, `\`fibercast campaign list --folder ${folder}\``)

    const attached = yield* EmbeddedPostgres.attach(folder)
    assert.isFalse(attached.ownedByThisProcess)
    const layer = Postgres.layerEmbedded().pipe(Layer.provide(EmbeddedPostgres.layerAttached({ folder })))
    assert.strictEqual(yield* Effect.provide(visits, layer, { local: true }), 1)

    yield* owner.kill()
    assert.strictEqual((yield* Effect.flip(EmbeddedPostgres.attach(folder)))._tag, "NotRunning")
    assert.strictEqual(yield* running(folder, visits), 1)
  }).pipe(Effect.scoped)
)

it.live("a server killed under its owner comes back on the same port, and a living pool recovers", () =>
  Effect.gen(function* () {
    const folder = yield* tempFolder
    yield* running(
      folder,
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE marks (id int PRIMARY KEY)`
        yield* sql`INSERT INTO marks VALUES (1)`
        const killed = serverPid(folder)
        process.kill(killed, "SIGKILL")
        const again = yield* EmbeddedPostgres.attach(folder).pipe(
          Effect.filterOrFail(() => serverPid(folder) !== killed),
          Effect.retry(shortly)
        )
        assert.strictEqual(again.port, (yield* EmbeddedPostgres.EmbeddedPostgres).port)
        yield* Effect.retry(sql`INSERT INTO marks VALUES (2)`, shortly)
        assert.deepStrictEqual(yield* sql`SELECT id FROM marks ORDER BY id`, [{ id: 1 }, { id: 2 }])
      })
    )
  })
)

it.live("a machine without Postgres is told what to set", () =>
  Effect.gen(function* () {
    const error = yield* refusal(yield* tempFolder)
    assert.strictEqual(error._tag === "EmbeddedPostgresUnavailable" && error.reason, "NoBinaries")
    assert.include(error.message, "Set DATABASE_URL")
    assert.include(error.message, "Tried /nowhere/bin: ")
  }).pipe(Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ PG_BIN: "/nowhere/bin" }))))
)

it.live("a place that cannot be a folder is refused with its name", () =>
  Effect.gen(function* () {
    const file = path.join(yield* tempFolder, "file")
    fs.writeFileSync(file, "")
    const error = yield* refusal(path.join(file, ".fibercast"))
    assert.strictEqual(error._tag === "EmbeddedPostgresUnavailable" && error.reason, "FolderUnwritable")
    assert.include(error.message, path.join(file, ".fibercast"))
  })
)

it.live("data of another major version is left alone, and both versions are named", () =>
  Effect.gen(function* () {
    const folder = yield* tempFolder
    fs.mkdirSync(path.join(folder, "postgres"))
    fs.writeFileSync(path.join(folder, "postgres/PG_VERSION"), "9\n")
    const error = yield* refusal(folder)
    assert.strictEqual(error._tag === "EmbeddedPostgresUnavailable" && error.reason, "OtherVersion")
    assert.match(error.message, /made by Postgres 9, but this machine has \d\d/)
    assert.deepStrictEqual(fs.readdirSync(path.join(folder, "postgres")), ["PG_VERSION"])
  })
)

it.live("damaged data is called damaged and is never replaced by an empty database", () =>
  Effect.gen(function* () {
    const folder = yield* tempFolder
    yield* running(folder, Effect.void)
    fs.truncateSync(path.join(folder, "postgres/global/pg_control"), 100)
    const error = yield* refusal(folder)
    assert.strictEqual(error._tag === "EmbeddedPostgresUnavailable" && error.reason, "Corrupted")
    assert.include(error.message, "Restore it from a backup")
    fs.rmSync(path.join(folder, "postgres/PG_VERSION"))
    const worse = yield* refusal(folder)
    assert.strictEqual(worse._tag === "EmbeddedPostgresUnavailable" && worse.reason, "Corrupted")
  })
)
