import { assert, describe, it } from "@effect/vitest"
import { FonnteSimulator } from "@fibercast/simulator/Fonnte"
import { Effect, Layer, Schema } from "effect"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { tempFolder } from "../support/TempFolder.ts"
import { TestDatabase } from "../support/TestDatabase.ts"
import * as Program from "./Program.ts"

const layer = Layer.mergeAll(TestDatabase.layer, FonnteSimulator.layer(), NodeServices.layer)

const Campaigns = Schema.Array(
  Schema.Struct({ id: Schema.Int, status: Schema.String, note: Schema.NullOr(Schema.String) })
)
const Counted = Schema.Struct({
  counts: Schema.Struct({ planned: Schema.Int, open: Schema.Int, cancelled: Schema.Int, completed: Schema.Int })
})
const Failure = Schema.Struct({ row: Schema.Int, state: Schema.String, errorClass: Schema.Null })
const Instants = Schema.Struct({ createdAt: Schema.String, spec: Schema.Struct({ dueAt: Schema.String }) })

describe("campaign", () => {
  it.live("steers a campaign that another process runs: pause, resume, cancel", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder
      const { token, url } = yield* FonnteSimulator
      const { url: database } = yield* TestDatabase
      const place = { folder, env: { FONNTE_TOKEN: token, DATABASE_URL: database } }
      const campaign = (...args: ReadonlyArray<string>) => Program.run(place, ["campaign", ...args])
      yield* Program.write(`${folder}/contacts.csv`, Program.contacts(2000))
      const flags = ["--to", "phone", "--region", "ID", "--template", "Halo", "--provider", "fonnte", "--url", url]
      const child = yield* Program.start(place, ["send", "--audience", "contacts.csv", ...flags, "--rate", "40/s"])
      const sees = yield* Program.follow(child.stdout)
      yield* sees(/ sent [1-9]/u)

      const paused = yield* campaign("pause", "1", "--note", "lunch")
      assert.match(paused.stdout, /^Campaign 1 is paused: \d+ sent, [\d,]+ open\./u)
      yield* sees(/paused by hand: lunch; `fibercast campaign resume 1`/u)
      const listed = yield* campaign("list", "--json")
      assert.deepStrictEqual(yield* Schema.decodeUnknownEffect(Campaigns)(Program.lastJson(listed)), [
        { id: 1, status: "paused", note: "by hand: lunch" }
      ])
      const twice = yield* campaign("pause", "1")
      assert.deepStrictEqual([twice.code, twice.stderr], [1, "Campaign 1 is paused; there is nothing to pause.\n"])

      assert.match((yield* campaign("resume", "1")).stdout, /^Campaign 1 is resumed/u)
      yield* sees(/ running$/u)
      const cancelled = yield* campaign("cancel", "1", "--json")
      const { counts } = yield* Schema.decodeUnknownEffect(Counted)(Program.lastJson(cancelled))
      assert.deepStrictEqual([counts.open, counts.completed + counts.cancelled], [0, 2000])
      assert.strictEqual(yield* child.exitCode, 1)
      const failures = yield* campaign("failures", "1", "--json")
      assert.strictEqual(failures.stdout.split("\n").length, counts.cancelled + 1)
      const one = yield* Schema.decodeUnknownEffect(Failure)(Program.lastJson(failures))
      assert.deepStrictEqual([one.state, one.errorClass], ["cancelled", null])
      const shown = yield* Schema.decodeUnknownEffect(Instants)(
        Program.lastJson(yield* campaign("show", "1", "--json"))
      )
      assert.match(shown.spec.dueAt, /^\d{4}-\d\d-\d\dT.*Z$/u)
      assert.strictEqual((yield* campaign("failures", "1", "--csv")).stdout.split("\n").length, counts.cancelled + 2)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("creates no database to look into, and knows what is not there", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder
      const none = yield* Program.run({ folder }, ["campaign", "list"])
      assert.deepStrictEqual([none.code, none.stdout], [1, ""])
      assert.match(none.stderr, /There is no database in \.fibercast: nothing was sent from here yet/u)
      assert.deepStrictEqual(yield* Program.listing(folder), [])
      const { url } = yield* TestDatabase
      const absent = yield* Program.run({ folder, env: { DATABASE_URL: url } }, ["campaign", "show", "7"])
      assert.deepStrictEqual(
        [absent.code, absent.stderr],
        [1, 'There is no workspace "default" here: there is none at all yet.\n']
      )
    }).pipe(Effect.scoped, Effect.provide(layer))
  )
})
