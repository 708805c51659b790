import { assert, describe, it } from "@effect/vitest"
import * as Migrations from "@fibercast/postgres/Migrations"
import { Effect } from "effect"
import { tempFolder } from "../support/TempFolder.ts"
import { TestDatabase } from "../support/TestDatabase.ts"
import * as Program from "./Program.ts"

const known = Migrations.all.map(({ id, name }) => ({ id, name }))

describe("migrate", () => {
  it.live("brings a database to this release's schema; until then send refuses it and says so", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder
      const { name, url } = yield* TestDatabase
      const place = { folder, env: { DATABASE_URL: url } }
      const migrate = (...flags: ReadonlyArray<string>) => Program.run(place, ["migrate", "--json", ...flags])
      const database = `${new URL(url).host}/${name}`
      yield* Program.write(`${folder}/contacts.csv`, Program.contacts(3))
      const flags = [
        "--audience",
        "contacts.csv",
        "--to",
        "phone",
        "--region",
        "ID",
        "--template",
        "Hi",
        "--provider",
        "log"
      ]
      const refused = yield* Program.run(place, ["send", ...flags])
      assert.deepStrictEqual([refused.code, refused.stdout], [1, ""])
      assert.match(refused.stderr, /lacks \d+ migrations? \(1 .*\)\. Run `fibercast migrate` first\./u)

      assert.deepStrictEqual(Program.lastJson(yield* migrate("--status")), { database, pending: known })
      assert.deepStrictEqual(Program.lastJson(yield* migrate()), { database, applied: known })
      assert.deepStrictEqual(Program.lastJson(yield* migrate()), { database, applied: [] })
      assert.strictEqual((yield* Program.run(place, ["send", ...flags])).code, 0)
    }).pipe(Effect.scoped, Effect.provide(TestDatabase.layerEmpty))
  )
})
