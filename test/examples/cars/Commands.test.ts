import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Schema } from "effect"
import { fileURLToPath } from "node:url"
import * as Program from "../../cli/Program.ts"
import { tempFolder } from "../../support/TempFolder.ts"
import { TestDatabase } from "../../support/TestDatabase.ts"
import { until } from "../OnPostgres.ts"

const example = (file: string) => fileURLToPath(new URL(`../../../services/examples/src/cars/${file}`, import.meta.url))

/** A folder and an environment on the test's database. */
const given = Effect.gen(function* () {
  const { url } = yield* TestDatabase
  const folder = yield* tempFolder
  const place = { folder, env: { DATABASE_URL: url, FIBERCAST_HEALTH_PORT: "0", CARS_ZONE: "Europe/Berlin" } }
  return {
    folder,
    desk: (...args: ReadonlyArray<string>) => Program.run(place, args, example("Desk.ts")),
    queue: (...args: ReadonlyArray<string>) => Program.run(place, ["queue", ...args]),
    schedule: (...args: ReadonlyArray<string>) => Program.run(place, ["schedule", ...args]),
    node: Program.start(place, ["--app", example("App.ts")], Program.nodeLauncher)
  }
})

const Shown = Schema.fromJsonString(Schema.Struct({ views: Schema.Int, photos: Schema.Array(Schema.String) }))

/** Returns when there is something to see. */
const seen = (run: Effect.Effect<Program.Ran>, pattern: RegExp) =>
  until(run, ({ stderr, stdout }) => pattern.test(stdout + stderr))

const world = Layer.merge(TestDatabase.layer, NodeServices.layer)

describe("The commands of the car listings", () => {
  it.live(
    "a bad image is found among what failed, with its reason, and tried again",
    () =>
      Effect.gen(function* () {
        const { desk, folder, node, queue } = yield* given
        yield* Program.write(`${folder}/notes.txt`, "not a photo")
        yield* Program.write(`${folder}/front.jpg`, Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]))
        yield* node
        assert.match((yield* desk("offer", "7", "toyota-corolla-2020")).stdout, /\/car-listings\/toyota-corolla-2020/u)
        const [, id = ""] = /delivery (\d+)/u.exec((yield* desk("photos", "7", "front.jpg", "notes.txt")).stdout) ?? []
        const failed = yield* seen(queue("failed", "--workspace", "cars"), /no JPEG/u)
        assert.match(failed.stdout, /cars\.images/u)
        assert.include((yield* queue("show", id)).stdout, "image 2 of listing 7 is no JPEG, PNG or WebP")
        assert.strictEqual((yield* queue("retry", id, "--yes")).code, 0)
        yield* seen(queue("failed", "--workspace", "cars"), /no JPEG/u)
        yield* desk("photos", "7", "front.jpg")
        yield* seen(desk("show", "7"), /"photos":\["7\//u)
        const files = yield* FileSystem.FileSystem
        const { photos } = yield* Schema.decodeEffect(Shown)((yield* desk("show", "7")).stdout.trim())
        assert.isTrue(yield* files.exists(`${folder}/.fibercast/cars/photos/${photos[0]}`))
      }).pipe(Effect.scoped, Effect.provide(world)),
    180_000
  )

  it.live(
    "views of a node that is killed are counted by the next, once",
    () =>
      Effect.gen(function* () {
        const { desk, node, schedule } = yield* given
        yield* desk("offer", "7", "toyota-corolla-2020")
        const first = yield* node
        for (const visitor of ["a", "b", "c"]) yield* desk("view", "7", visitor)
        process.kill(first.pid, "SIGKILL")
        yield* Effect.exit(first.exitCode)
        for (const visitor of ["d", "e"]) yield* desk("view", "7", visitor)
        yield* node
        yield* seen(desk("show", "7"), /"views":5,/u)
        const listed = (yield* schedule("list")).stdout
        for (const name of ["sponsored.expire", "analytics.archive", "balances.remind"]) assert.include(listed, name)
        assert.include(listed, "Europe/Berlin")
      }).pipe(Effect.scoped, Effect.provide(world)),
    180_000
  )

  it.live("a zone that does not exist is told before anything starts", () =>
    Effect.gen(function* () {
      const { url } = yield* TestDatabase
      const env = { DATABASE_URL: url, FIBERCAST_HEALTH_PORT: "0", CARS_ZONE: "Europe/Atlantis" }
      const place = { folder: yield* tempFolder, env }
      const refused = yield* Program.run(place, ["--app", example("App.ts")], Program.nodeLauncher)
      assert.notStrictEqual(refused.code, 0)
      assert.match(refused.stdout + refused.stderr, /"Europe\/Atlantis" is not a time zone/u)
    }).pipe(Effect.scoped, Effect.provide(world))
  )
})
