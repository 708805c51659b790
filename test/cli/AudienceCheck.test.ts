import * as NodeServices from "@effect/platform-node/NodeServices"
import * as AudienceCheck from "@fibercast/cli/AudienceCheck"
import * as Audience from "@fibercast/cli/commands/Audience"
import * as FirstRows from "@fibercast/cli/FirstRows"
import * as Table from "@fibercast/cli/Table"
import { assert, describe, it } from "@effect/vitest"
import { Console, Effect, FileSystem, PlatformError, Schema, Sink, Stdio } from "effect"
import { Command } from "effect/cli"
import * as fc from "fast-check"

const contacts = [
  "name,telepon,kota",
  "Budi,0860-1234-5678,Jakarta",
  `"Ani, S.Pd.",'+62 861 2345 6789,Bandung`,
  "Citra,belum ada,Medan",
  "Dewi,+62 860 1234 5678,Jakarta",
  "Eko,0862",
  "Fitri,,Ambon",
  ""
].join("\n")

/** Runs `audience <args>` in a folder of its own with `contacts.csv` in it; gives what it printed and how it ended. */
const run = (
  args: (folder: string) => ReadonlyArray<string>,
  options: { csv?: string; stdout?: Stdio.Stdio["stdout"] } = {}
) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped()
    yield* fs.writeFileString(`${folder}/contacts.csv`, options.csv ?? contacts)
    const printed: Array<string> = []
    const keep = Sink.forEach((piece: string | Uint8Array) => Effect.sync(() => void printed.push(String(piece))))
    const console = yield* Console.Console
    const exit = yield* Command.runWith(Audience.command, { version: "1.0.0" })(args(folder)).pipe(
      Effect.provideService(Console.Console, { ...console, log: (line: string) => void printed.push(`${line}\n`) }),
      Effect.provide(Stdio.layerTest({ stdout: options.stdout ?? (() => keep) })),
      Effect.exit
    )
    const files = yield* fs.readDirectory(folder)
    const read = (name: string) => fs.readFileString(`${folder}/${name}`)
    return { exit, stdout: printed.join(""), files, read, folder }
  }).pipe(Effect.provide(NodeServices.layer))

const check =
  (...flags: ReadonlyArray<string>) =>
  (folder: string): ReadonlyArray<string> => ["check", `${folder}/contacts.csv`, ...flags]

const message = (exit: { readonly _tag: string }): string =>
  exit._tag === "Failure" && "cause" in exit ? String(exit.cause) : ""

const Line = Schema.fromJsonString(
  Schema.Struct({
    row: Schema.Int,
    input: Schema.String,
    e164: Schema.NullOr(Schema.String),
    type: Schema.NullOr(Schema.String),
    repaired: Schema.Array(Schema.String),
    reason: Schema.NullOr(Schema.String)
  })
)

describe("audience check", () => {
  it.effect("prints one object a row with --json, and nothing else", () =>
    Effect.gen(function* () {
      const { exit, stdout } = yield* run(check("--to", "telepon", "--region", "ID", "--json"))
      assert.strictEqual(exit._tag, "Success")
      const lines = stdout.split("\n")
      assert.strictEqual(lines.pop(), "")
      const strict = Schema.decodeUnknownEffect(Line, { onExcessProperty: "error" })
      assert.deepStrictEqual(yield* Effect.forEach(lines, (line) => strict(line)), [
        { row: 1, input: "0860-1234-5678", e164: "+6286012345678", type: "mobile", repaired: [], reason: null },
        {
          row: 2,
          input: "'+62 861 2345 6789",
          e164: "+6286123456789",
          type: "mobile",
          repaired: ["apostrophe"],
          reason: null
        },
        { row: 3, input: "belum ada", e164: null, type: null, repaired: [], reason: "not a number" },
        { row: 4, input: "+62 860 1234 5678", e164: "+6286012345678", type: "mobile", repaired: [], reason: null },
        { row: 5, input: "Eko,0862", e164: null, type: null, repaired: [], reason: "2 fields, but the header has 3" },
        { row: 6, input: "", e164: null, type: null, repaired: [], reason: "empty" }
      ])
    })
  )

  it.effect("tells a person what would be written to, repaired and skipped, and where", () =>
    Effect.gen(function* () {
      const { exit, stdout } = yield* run(check("--to", "telepon", "--region", "id"))
      assert.strictEqual(exit._tag, "Success")
      for (const line of [
        /^.*contacts\.csv: 6 rows, numbers in "telepon", region ID$/mu,
        /^ {2}would be written to +2$/mu,
        /^ {2}would be skipped: invalid +3$/mu,
        /^ {2}would be skipped: duplicates +1$/mu,
        /^ {2}apostrophe +1$/mu,
        /^ +3 +4 +belum ada +not a number$/mu,
        /^ +4 +5 +\+62 860 1234 5678 +same number as row 1$/mu,
        /^ +6 +7 +\(blank\) +empty$/mu
      ]) {
        assert.match(stdout, line)
      }
    })
  )

  it.effect("writes each number that would be written to once, in E.164, under the same header", () =>
    Effect.gen(function* () {
      const { files, read } = yield* run((folder) =>
        check("--to", "telepon", "--region", "ID", "--repaired", `${folder}/clean.csv`)(folder)
      )
      assert.sameMembers(files, ["contacts.csv", "clean.csv"])
      assert.strictEqual(
        yield* read("clean.csv"),
        `name,telepon,kota\nBudi,+6286012345678,Jakarta\n"Ani, S.Pd.",+6286123456789,Bandung\n`
      )
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("never writes over the file it reads", () =>
    Effect.gen(function* () {
      const { exit, read } = yield* run((folder) =>
        check("--to", "telepon", "--region", "ID", "--repaired", `${folder}/./contacts.csv`)(folder)
      )
      assert.include(message(exit), "is the file that is being read")
      assert.strictEqual(yield* read("contacts.csv"), contacts)
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("leaves no file behind when the audience turns out unreadable", () =>
    Effect.gen(function* () {
      const { exit, files } = yield* run(
        (folder) => check("--to", "telepon", "--region", "ID", "--repaired", `${folder}/clean.csv`)(folder),
        { csv: `${contacts}"never closed,1,2\n` }
      )
      assert.match(message(exit), /contacts\.csv: line 8: /u)
      assert.deepStrictEqual(files, ["contacts.csv"])
    })
  )

  it.effect("checks no more than --limit rows", () =>
    Effect.gen(function* () {
      const { stdout } = yield* run(check("--to", "telepon", "--region", "ID", "--json", "--limit", "2"))
      assert.lengthOf(stdout.trim().split("\n"), 2)
    })
  )

  it.effect("lists the columns and suggests the one with phone numbers in it", () =>
    Effect.gen(function* () {
      const { exit, stdout } = yield* run(check("--to", "phone", "--region", "ID", "--json"))
      assert.include(
        message(exit),
        `contacts.csv: no column "phone"; it has: name, telepon, kota. Did you mean --to telepon?`
      )
      assert.strictEqual(stdout, "")
    })
  )

  it.effect("says what is wrong with a file that cannot be read", () =>
    Effect.gen(function* () {
      const absent = yield* run((folder) => ["check", `${folder}/contact.csv`, "--to", "telepon", "--region", "ID"])
      assert.include(message(absent.exit), `${absent.folder}/contact.csv: there is no such file`)
      const folder = yield* run((folder) => ["check", folder, "--to", "telepon", "--region", "ID"])
      assert.include(message(folder.exit), `${folder.folder}: is a folder, not a file`)
      const empty = yield* run(check("--to", "telepon", "--region", "ID"), { csv: "" })
      assert.include(message(empty.exit), "contacts.csv: line 1: The file is empty.")
    })
  )

  it.effect("ends quietly when nobody reads on", () =>
    Effect.gen(function* () {
      const gone = PlatformError.systemError({
        _tag: "Unknown",
        module: "Stdio",
        method: "stdout",
        cause: Object.assign(new Error("write EPIPE"), { code: "EPIPE" })
      })
      const { exit } = yield* run(check("--to", "telepon", "--region", "ID", "--json"), {
        stdout: () => Sink.fail(gone)
      })
      assert.strictEqual(exit._tag, "Success")
      const full = PlatformError.systemError({ _tag: "Unknown", module: "Stdio", method: "stdout" })
      const other = yield* run(check("--to", "telepon", "--region", "ID", "--json"), { stdout: () => Sink.fail(full) })
      assert.strictEqual(other.exit._tag, "Failure")
    })
  )

  it.effect("finds at least 4,700 recipients in the demo's contacts, and every kind of dirt", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const demo = new URL("../../services/cli/demo/contacts.csv", import.meta.url)
      const { stdout } = yield* run(check("--to", "phone", "--region", "ID", "--json"), {
        csv: yield* fs.readFileString(demo.pathname)
      })
      const rows = yield* Effect.forEach(stdout.trim().split("\n"), (line) => Schema.decodeUnknownEffect(Line)(line))
      assert.lengthOf(rows, 5000)
      const sendable = new Set(rows.flatMap(({ e164 }) => (e164 === null ? [] : [e164]))).size
      assert.isAtLeast(sendable, 4700)
      assert.isAtMost(sendable, 4800)
      assert.isAtLeast(new Set(rows.flatMap(({ repaired }) => repaired)).size, 10)
      assert.includeMembers(
        rows.map(({ reason }) => reason),
        [
          "empty",
          "two numbers in one cell",
          "precision lost by the spreadsheet",
          "too long",
          "5 fields, but the header has 7"
        ]
      )
    }).pipe(Effect.provide(NodeServices.layer))
  )
})

describe("AudienceCheck", () => {
  it("keeps the first problems and counts them all", () => {
    const audience = AudienceCheck.make("phone", "ID")
    for (let row = 1; row <= 100; row++) audience.judge({ _tag: "Row", row, line: row + 1, columns: { phone: "x" } })
    const { byReason, invalid, problems, problemsInAll, rows } = audience.summary()
    assert.deepStrictEqual([rows, invalid, problemsInAll], [100, 100, 100])
    assert.deepStrictEqual(byReason, [["not a number", 100]])
    assert.deepStrictEqual(
      problems.map(({ row }) => row),
      Array.from({ length: AudienceCheck.maxProblems }, (_, at) => at + 1)
    )
  })
})

describe("FirstRows", () => {
  it("remembers exactly what a map remembers", () => {
    const numbers = fc.array(fc.bigInt({ min: 1n, max: 999_999_999_999_999n }), { maxLength: 3000 })
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 50 }), (some, repeats) => {
        const firstRows = FirstRows.make()
        const model = new Map<string, number>()
        ;[...some, ...some.slice(0, repeats)].forEach((number, at) => {
          const e164 = `+${number}`
          assert.strictEqual(firstRows.visit(e164, at + 1), model.get(e164))
          if (!model.has(e164)) model.set(e164, at + 1)
        })
        assert.isFalse(firstRows.full())
      }),
      { numRuns: 30 }
    )
  })

  it("tells dense neighbours apart", () => {
    const firstRows = FirstRows.make()
    for (let row = 1; row <= 50_000; row++) assert.isUndefined(firstRows.visit(`+${6_286_000_000_000 + row}`, row))
    for (let row = 1; row <= 50_000; row += 997)
      assert.strictEqual(firstRows.visit(`+${6_286_000_000_000 + row}`, 0), row)
  })

  it("says so when it is full, and keeps what it has", () => {
    const firstRows = FirstRows.make(2)
    firstRows.visit("+1", 1)
    firstRows.visit("+2", 2)
    assert.isFalse(firstRows.full())
    assert.isUndefined(firstRows.visit("+3", 3))
    assert.isTrue(firstRows.full())
    assert.strictEqual(firstRows.visit("+1", 4), 1)
    assert.isUndefined(firstRows.visit("+3", 5))
  })
})

describe("Table", () => {
  it("shows what would move the cursor or reorder the row as an escape", () => {
    assert.strictEqual(Table.shown("a\u001B[2Jb\n\u202E+62"), "a\\u{1b}[2Jb\\n\\u{202e}+62")
  })

  it("lines columns up, wide characters included, and cuts what is too long", () => {
    const columns = [
      { title: "row", align: "right" },
      { title: "cell", align: "left" },
      { title: "reason", align: "left" }
    ] as const
    const lines = Table.format(columns, [
      ["1", "０８", "wide"],
      ["12", "x".repeat(200), "long"]
    ])
    assert.strictEqual(lines[1], `  1  ０８${" ".repeat(Table.maxWidth - 4)}  wide`)
    assert.strictEqual(lines[2], ` 12  ${"x".repeat(Table.maxWidth - 1)}…  long`)
  })
})
