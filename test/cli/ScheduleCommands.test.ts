import { assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer, Schema } from "effect"
import { tempFolder } from "../support/TempFolder.ts"
import { TestDatabase } from "../support/TestDatabase.ts"
import * as Program from "./Program.ts"

const layer = Layer.mergeAll(TestDatabase.layer, NodeServices.layer)

/** A place on a database of its own, with a file of three people. */
const given = Effect.gen(function* () {
  const folder = yield* tempFolder
  const { url } = yield* TestDatabase
  yield* Program.write(`${folder}/people.csv`, Program.contacts(3))
  const place = { folder, env: { DATABASE_URL: url } }
  return { folder, place, schedule: (...args: ReadonlyArray<string>) => Program.run(place, ["schedule", ...args]) }
})

const campaign = ["--audience", "people.csv", "--to", "phone", "--region", "ID", "--provider", "log"]
const said = ["--template", "Halo {{ name }}"]

const Triggers = Schema.Array(
  Schema.Struct({
    workspace: Schema.String,
    name: Schema.String,
    fires: Schema.String,
    paused: Schema.NullOr(Schema.Struct({ since: Schema.String, note: Schema.NullOr(Schema.String) })),
    counts: Schema.Array(
      Schema.Struct({ outcome: Schema.String, reason: Schema.NullOr(Schema.String), count: Schema.Int })
    )
  })
)
const Runs = Schema.Array(
  Schema.Struct({ outcome: Schema.String, reason: Schema.NullOr(Schema.String), state: Schema.NullOr(Schema.String) })
)
const Health = Schema.Struct({
  status: Schema.String,
  schedulers: Schema.Array(Schema.Struct({ app: Schema.NullOr(Schema.String) }))
})
const Times = Schema.Struct({
  isCut: Schema.Boolean,
  times: Schema.Array(Schema.Struct({ nominal: Schema.String, clock: Schema.NullOr(Schema.String) }))
})

const read = <S extends Schema.Top & { readonly DecodingServices: never }>(schema: S, ran: Program.Ran) =>
  Schema.decodeUnknownEffect(schema)(Program.lastJson(ran))

describe("schedule", () => {
  it.live("adds, shows, steers and removes a trigger, and says that nobody fires it", () =>
    Effect.gen(function* () {
      const { schedule } = yield* given
      const empty = yield* schedule("list")
      assert.match(empty.stdout, /^No triggers yet\. Add one:$/mu)

      const added = yield* schedule(
        "add",
        "fees",
        "--cron",
        "0 9 1 * *",
        "--zone",
        "Asia/Jakarta",
        ...campaign,
        ...said
      )
      assert.strictEqual(added.code, 0, added.stderr)
      assert.match(
        added.stdout,
        /^fees is added: it fires at 09:00 on the 1st of each month, in Asia\/Jakarta, and sets off campaign by broadcast\.log\.\nIts next time is \d{4}-\d\d-01 09:00 \+07:00, in /u
      )
      assert.match(
        added.stderr,
        /^No scheduler has run since the triggers were defined.*nothing fires\.\nStart one: `fibercast schedule work`\n$/u
      )
      assert.match(
        (yield* schedule("add", "fees", "--every", "1h", ...campaign, ...said)).stdout,
        /^fees is changed: it fires every hour/u
      )

      const listed = yield* schedule("list")
      assert.match(
        listed.stdout,
        /^No scheduler has run .*\nStart one: `fibercast schedule work`\n\nname .*\nfees +every hour +campaign by broadcast\.log /u
      )

      assert.match((yield* schedule("pause", "fees", "--note", "lunch")).stdout, /^fees is paused: /u)
      const [paused] = yield* read(Triggers, yield* schedule("list", "--json"))
      assert.deepStrictEqual([paused?.workspace, paused?.name, paused?.paused?.note], ["global", "fees", "lunch"])
      assert.match((yield* schedule("list")).stdout, /paused \d+ s ago: lunch/u)
      assert.match(
        (yield* schedule("resume", "fees")).stdout,
        /^fees is resumed after \d+ s\. It fires next at .*\+00:00, in /u
      )
      assert.strictEqual((yield* schedule("resume", "fees")).stdout, "fees was not paused.\n")

      const misspelt = yield* schedule("pause", "fess")
      assert.deepStrictEqual(
        [misspelt.code, misspelt.stderr],
        [1, 'There is no trigger "fess" in the workspace global. Did you mean "fees"?\n']
      )
      const elsewhere = yield* schedule("pause", "fees", "--workspace", "school")
      assert.match(elsewhere.stderr, /There is one elsewhere: add --workspace global\.\n$/u)

      assert.match((yield* schedule("remove", "fees")).stdout, /^fees is removed: it fires no more/u)
      assert.deepStrictEqual(yield* read(Triggers, yield* schedule("list", "--json")), [])
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("previews a range, and marks what a change of the clock moves", () =>
    Effect.gen(function* () {
      const { schedule } = yield* given
      yield* schedule("add", "sweep", "--cron", "30 2 * * *", "--zone", "Europe/Berlin", "--pipeline", "sweep")
      const range = ["--from", "2026-03-28", "--to", "2026-03-30"]
      const shown = yield* schedule("preview", "sweep", ...range)
      assert.match(
        shown.stdout,
        /^Sun 2026-03-29 03:30 {2}\+02:00 {2}2026-03-29T01:30:00Z {2}! moved: 02:30 does not exist$/mu
      )
      const { isCut, times } = yield* read(Times, yield* schedule("preview", "sweep", ...range, "--json"))
      assert.isFalse(isCut)
      assert.deepStrictEqual(times, [
        { nominal: "2026-03-28T01:30:00.000Z", clock: null },
        { nominal: "2026-03-29T01:30:00.000Z", clock: "moved: 02:30 does not exist" }
      ])
      assert.strictEqual((yield* schedule("preview", "sweep", "--from", "2026-03-28", "--to", "2026-03-28")).code, 2)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live(
    "runs a recurring campaign that was added in one command, once for each time, with what was asked for by hand",
    () =>
      Effect.gen(function* () {
        const { place, schedule } = yield* given
        yield* schedule("add", "fees", "--every", "1h", ...campaign, ...said)
        const nobody = yield* schedule("test", "fees")
        assert.strictEqual(nobody.code, 1)
        assert.match(
          nobody.stderr,
          /^No scheduler is running, so nobody would run fees\. Start one in another terminal: `fibercast schedule work`\.\n$/u
        )

        const hours = ["--from", "2026-01-01T00:00Z", "--to", "2026-01-01T03:00Z"]
        const unasked = yield* schedule("backfill", "fees", ...hours)
        assert.deepStrictEqual([unasked.code, unasked.stdout], [2, ""])
        assert.match(unasked.stderr, /^fees would run 3 times from 2026-01-01 00:00 \+00:00 to .* add --yes\.\n$/u)
        const asked = yield* schedule("backfill", "fees", ...hours, "--yes")
        assert.match(asked.stdout, /^3 runs of fees will follow one another\./u)

        const ran = yield* schedule("run")
        assert.strictEqual(ran.code, 0, ran.stderr)
        assert.match(
          ran.stdout,
          /fees +▸ late \(backfill\) for 2026-01-01 00:00:00 \+00:00[^]*✓ completed[^]*\n3 late\.\n$/u
        )
        const runs = yield* read(Runs, yield* schedule("history", "fees", "--json"))
        assert.deepStrictEqual(
          runs,
          Array.from({ length: 3 }, () => ({ outcome: "late", reason: "backfill", state: "completed" }))
        )
        assert.match(
          (yield* schedule("backfill", "fees", ...hours)).stdout,
          /nothing to run of fees .*: all 3 have run\.$/mu
        )
        assert.match(
          (yield* Program.run(place, ["campaign", "list", "--workspace", "global"])).stdout,
          /completed +3 +0/u
        )
        assert.match((yield* schedule("run")).stdout, /^Nothing was due\.$/mu)
        assert.strictEqual((yield* schedule("interrupt", "fees")).stdout, "Nothing of fees is running.\n")
      }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("turns maintenance mode on and off, and says so first", () =>
    Effect.gen(function* () {
      const { schedule } = yield* given
      assert.strictEqual((yield* schedule("maintenance", "status")).stdout, "Maintenance mode is off.\n")
      assert.match(
        (yield* schedule("maintenance", "on", "--note", "upgrade")).stdout,
        /^Maintenance mode is on for \d+ s \(upgrade\)/u
      )
      assert.match(
        (yield* schedule("list")).stdout,
        /^Maintenance mode is on for \d+ s \(upgrade\): what is due is skipped\.\nEnd it: /u
      )
      assert.match(
        (yield* schedule("maintenance", "status", "--json")).stdout,
        /^\{"on":true,"since":"\d{4}-.*","note":"upgrade"\}\n$/u
      )
      assert.strictEqual((yield* schedule("maintenance", "off")).stdout, "Maintenance mode is off.\n")
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("is green with an exit code for probes, and red once triggers were left alone for too long", () =>
    Effect.gen(function* () {
      const { place, schedule } = yield* given
      assert.deepStrictEqual(yield* read(Health, yield* schedule("status", "--json")), {
        status: "green",
        schedulers: []
      })
      yield* schedule("add", "sweep", "--every", "1h", "--pipeline", "sweep")
      const impatient = { ...place, env: { ...place.env, FIBERCAST_SCHEDULER_DEAD_AFTER: "1s" } }
      const red = yield* Effect.repeat(Program.run(impatient, ["schedule", "status"]), {
        until: ({ code }) => code === 1
      })
      assert.match(
        red.stdout,
        /^red\n {2}Nobody looks after 1 trigger defined at run time, for .* since they were defined\.\n {2}Start one: `fibercast schedule work`\n/u
      )
      assert.match(red.stderr, /^Scheduling is red/u)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live(
    "says what is wrong with what it cannot use, and makes no database for it",
    () =>
      Effect.gen(function* () {
        const folder = yield* tempFolder
        yield* Program.write(`${folder}/people.csv`, Program.contacts(3))
        const cases: ReadonlyArray<readonly [ReadonlyArray<string>, number, RegExp]> = [
          [["add", "a", "--every", "1s"], 2, /^Say what it sets off: --pipeline/u],
          [["add", "a", "--pipeline", "p"], 2, /^Say when it fires: --cron/u],
          [
            ["add", "a", "--every", "1s", "--cron", "* * * * *", "--pipeline", "p"],
            2,
            /^--cron and --every do not go together/u
          ],
          [["add", "A!", "--every", "1s", "--pipeline", "p"], 2, /^"A!" cannot name a trigger: use 1 to 80/u],
          [["add", "a", "--cron", "61 * * * *", "--pipeline", "p"], 2, /at character 1: minute 61/u],
          [["add", "a", "--every", "often", "--pipeline", "p"], 2, /a period like 90s/u],
          [["add", "a", "--at", "2020-01-01 09:00", "--pipeline", "p"], 2, /has passed: it would never fire/u],
          [["add", "a", "--every", "1s", "--pipeline", "p", "--payload", "{"], 2, /Expected: JSON/u],
          [["add", "a", "--every", "1s", "--pipeline", "p", "--zone", "Mars/X"], 2, /an IANA time zone/u],
          [
            ["add", "a", "--every", "1s", "--pipeline", "p", ...campaign],
            2,
            /^--pipeline and --audience, --to.* do not go together/u
          ],
          [
            ["add", "a", "--every", "1s", "--audience", "people.csv"],
            2,
            /^--audience also needs --to, --template, --provider/u
          ],
          [["add", "a", "--every", "1s", ...campaign, "--template", "Halo {{ nama }}"], 1, /did you mean "name"/u],
          [["preview", "a", "--from", "soon", "--to", "2026-01-01"], 2, /ISO 8601/u],
          [["history", "a", "--limit", "0"], 2, /Expected 1 to 10000/u],
          [["maintenance", "maybe"], 2, /on.*off.*status/u],
          [["work", "--app", "no.ts"], 1, /^no\.ts: there is no such file\. Check the path of --app\.\n$/u],
          [["run", "--app", "people.csv"], 1, /^people\.csv: only \.ts, \.js and \.mjs/u],
          [["list"], 1, /^There is no database in \.fibercast: nothing was scheduled from here yet\./u],
          [["status"], 1, /^There is no database/u]
        ]
        for (const [args, code, says] of cases) {
          const ran = yield* Program.run({ folder }, ["schedule", ...args])
          assert.deepStrictEqual([ran.code, ran.stdout], [code, ""], `${args.join(" ")}\n${ran.stderr}`)
          assert.match(ran.stderr, says)
        }
        assert.deepStrictEqual(yield* Program.listing(folder), ["people.csv"])
        const env = { FIBERCAST_SCHEDULER_POLL: "quickly" }
        const badly = yield* Program.run({ folder, env }, ["schedule", "run"])
        assert.strictEqual(badly.code, 1)
        assert.match(badly.stderr, /FIBERCAST_SCHEDULER_POLL is "quickly", which is no period/u)
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    60_000
  )
})
