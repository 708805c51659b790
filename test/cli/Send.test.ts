import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { tempFolder } from "../support/TempFolder.ts"
import * as Program from "./Program.ts"

const latin = Uint8Array.from([...new TextEncoder().encode("name,phone\nBudi,0860\nJos"), 0xe9, 0x0a])
const nobody = "http://127.0.0.1:1"

/** Flags that are all well; later ones of the same name win. */
const good = { audience: "contacts.csv", to: "phone", region: "ID", provider: "log", template: "Halo {{ name }}" }

const command = (flags: Readonly<Record<string, string>>): ReadonlyArray<string> => [
  "send",
  ...Object.entries({ ...good, ...flags }).flatMap(([name, value]) => [`--${name}`, value])
]

interface BadInput {
  readonly what: string
  readonly flags: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly code: 1 | 2
  readonly says: RegExp
}

const badInputs: ReadonlyArray<BadInput> = [
  {
    what: "a file that is not there",
    flags: { audience: "no.csv" },
    code: 1,
    says: /^no\.csv: there is no such file/u
  },
  { what: "a folder for a file", flags: { audience: "." }, code: 1, says: /^\.: is a folder, not a file/u },
  {
    what: "a file in another encoding",
    flags: { audience: "latin.csv" },
    code: 1,
    says: /^latin\.csv: line 3: .*0xE9.*not valid UTF-8.*Save the file as "CSV UTF-8"/u
  },
  {
    what: "a column that is not there",
    flags: { to: "telepon" },
    code: 1,
    says: /no column "telepon"; it has: name, phone\. Did you mean --to phone\?/u
  },
  {
    what: "a variable that is no column",
    flags: { template: "Halo {{ nama }}" },
    code: 1,
    says: /"nama" \(did you mean "name"\?\)/u
  },
  { what: "a template that is none", flags: { template: "Halo {{ name" }, code: 1, says: /line 1, column 6/u },
  {
    what: "a zone that is none",
    flags: { at: "2126-12-01 09:00", zone: "Asia/Jakrta" },
    code: 2,
    says: /--zone: "Asia\/Jakrta"\. Expected: an IANA time zone/u
  },
  { what: "a time without a zone", flags: { at: "2126-12-01 09:00" }, code: 2, says: /--at needs --zone/u },
  { what: "a zone without a time", flags: { zone: "Asia/Jakarta" }, code: 2, says: /--zone needs --at/u },
  {
    what: "a time that no clock shows",
    flags: { at: "2126-02-30 09:00", zone: "Asia/Jakarta" },
    code: 2,
    says: /"2126-02-30 09:00" is not a date and time/u
  },
  {
    what: "a time that has passed",
    flags: { at: "2020-12-01 09:00", zone: "Asia/Jakarta" },
    code: 1,
    says: /2020-12-01 09:00 in Asia\/Jakarta has passed/u
  },
  { what: "a template that is blank", flags: { template: " " }, code: 1, says: /The template is blank/u },
  {
    what: "sends under way that are none",
    flags: { concurrency: "0" },
    code: 2,
    says: /--concurrency: "0"\. Expected:? 1 to 10000/u
  },
  { what: "a rate that is none", flags: { rate: "fast" }, code: 2, says: /--rate: "fast"\. Expected: a count and a/u },
  { what: "a region that is none", flags: { region: "XX" }, code: 2, says: /--region: "XX"\. Expected: a two-letter/u },
  {
    what: "no token",
    flags: { provider: "fonnte" },
    code: 1,
    says: /There is no token for Fonnte\. Set FONNTE_TOKEN/u
  },
  {
    what: "a provider that is down",
    flags: { provider: "fonnte", url: nobody },
    env: { FONNTE_TOKEN: "t" },
    code: 1,
    says: /fonnte at http:\/\/127\.0\.0\.1:1 cannot send: the provider could not be reached\. Nothing was sent/u
  },
  {
    what: "a database address that is none",
    flags: {},
    env: { DATABASE_URL: "mysql://localhost/x" },
    code: 1,
    says: /it is not a Postgres connection URL\. Set DATABASE_URL to/u
  }
]

const Preview = Schema.Struct({
  dryRun: Schema.Literal(true),
  rows: Schema.Int,
  sendable: Schema.Int,
  skipped: Schema.Array(Schema.Struct({ reason: Schema.String, count: Schema.Int })),
  messages: Schema.Array(Schema.Struct({ row: Schema.Int, to: Schema.String, text: Schema.String })),
  starts: Schema.Struct({
    utc: Schema.String,
    zone: Schema.String,
    wallTime: Schema.String,
    asked: Schema.NullOr(Schema.String)
  }),
  takes: Schema.NullOr(Schema.Number),
  campaign: Schema.Null,
  warnings: Schema.Array(Schema.String)
})

describe.concurrent("send", () => {
  for (const { code, env, flags, says, what } of badInputs) {
    it.live(`refuses ${what}, says what to do, and writes nothing`, () =>
      Effect.gen(function* () {
        const folder = yield* tempFolder
        yield* Program.write(`${folder}/contacts.csv`, Program.contacts(3))
        yield* Program.write(`${folder}/latin.csv`, latin)
        const ran = yield* Program.run({ folder, env }, command(flags))
        assert.match(ran.stderr, says)
        assert.deepStrictEqual([ran.code, ran.stdout], [code, ""])
        assert.deepStrictEqual(yield* Program.listing(folder), ["contacts.csv", "latin.csv"])
      })
    )
  }

  it.live("shows with --dry-run what it would do, and does nothing", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder
      const rows = "Ani,08601\n,0860-2222-3333\nBudi,0860-1000-1000\nragged\n"
      yield* Program.write(`${folder}/contacts.csv`, Program.contacts(40) + rows)
      const at = { at: "2126-12-01 09:00", zone: "Asia/Jakarta", rate: "2/s" }
      const ran = yield* Program.run({ folder }, [...command(at), "--dry-run", "--json"])
      const preview = yield* Schema.decodeUnknownEffect(Preview)(Program.lastJson(ran))
      assert.deepStrictEqual([preview.rows, preview.sendable, preview.takes], [44, 40, 20_000])
      assert.sameDeepMembers(preview.skipped.slice(), [
        { reason: "too short", count: 1 },
        { reason: "no value for {{ name }}", count: 1 },
        { reason: "same number as an earlier row", count: 1 },
        { reason: "1 field, but the header has 2", count: 1 }
      ])
      assert.deepStrictEqual(preview.messages[0], { row: 1, to: "***000", text: "Halo Person 1" })
      assert.deepStrictEqual(preview.starts, {
        utc: "2126-12-01T02:00:00.000Z",
        zone: "Asia/Jakarta",
        wallTime: "2126-12-01 09:00:00 Asia/Jakarta",
        asked: "2126-12-01 09:00"
      })
      assert.deepStrictEqual(preview.warnings, [])
      assert.deepStrictEqual(yield* Program.listing(folder), ["contacts.csv"])
      const people = yield* Program.run({ folder }, [...command({ rate: "2/s" }), "--dry-run"])
      assert.match(
        people.stdout,
        /would send {2}40 messages[^]*starts {6}at once\n[^]*about 20 s at 2\/s[^]*To \*{3}000 \(row 1\)\n {2}Halo/u
      )
    })
  )

  it.live(
    "warns with --dry-run of what would go wrong: no token, too slow for the deadline, a time that is skipped",
    () =>
      Effect.gen(function* () {
        const folder = yield* tempFolder
        yield* Program.write(`${folder}/contacts.csv`, Program.contacts(40))
        const slow = { provider: "fonnte", rate: "2/s", deadline: "10s" }
        const gap = { at: "2126-03-31 02:30", zone: "Europe/Berlin" }
        const ran = yield* Program.run({ folder }, [...command({ ...slow, ...gap }), "--dry-run"])
        assert.strictEqual(ran.code, 0)
        assert.match(ran.stdout, /FONNTE_TOKEN is not set/u)
        assert.match(ran.stdout, /about 20 of 40 messages would expire: they take 20 s, the deadline is 10 s/u)
        assert.match(ran.stdout, /2126-03-31 02:30 does not exist there.* It means 2126-03-31 03:30:00 Europe\/Berlin/u)
      })
  )
})
