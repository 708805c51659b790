import * as CsvAudience from "@fibercast/content/CsvAudience"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Stream } from "effect"
import * as fc from "fast-check"

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

const utf16 = (text: string, littleEndian: boolean): Uint8Array => {
  const bytes = new Uint8Array(2 + text.length * 2)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 0xfeff, littleEndian)
  for (let index = 0; index < text.length; index++) view.setUint16(2 + index * 2, text.charCodeAt(index), littleEndian)
  return bytes
}

/** The bytes cut at the given places, in any order. */
const cut = (bytes: Uint8Array, places: ReadonlyArray<number>): Stream.Stream<Uint8Array> => {
  const ends = [...new Set([...places.map((place) => place % (bytes.length + 1)), bytes.length])].toSorted(
    (a, b) => a - b
  )
  return Stream.fromIterable(ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end)))
}

/** A file that begins with the first text and goes on with the second without end. */
const endless = (start: string, rest: string): Stream.Stream<Uint8Array> =>
  Stream.concat(Stream.make(utf8(start)), Stream.forever(Stream.make(utf8(rest))))

/** A CSV with every cell in quotes. */
const written = (rows: ReadonlyArray<ReadonlyArray<string>>, lineEnd: string): string =>
  rows.map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(",")).join(lineEnd)

const lines = (text: string): number => text.split(/\r\n|\r|\n/u).length

interface Read {
  readonly rows: ReadonlyArray<CsvAudience.CsvRow>
  readonly failure: CsvAudience.UnreadableCsv | undefined
}

const read = (bytes: Stream.Stream<Uint8Array>, options?: CsvAudience.RowsOptions): Effect.Effect<Read> => {
  const rows: Array<CsvAudience.CsvRow> = []
  return bytes.pipe(
    CsvAudience.rows(options),
    Stream.runForEach((row) => Effect.sync(() => rows.push(row))),
    Effect.match({
      onFailure: (failure): Read => ({ rows, failure }),
      onSuccess: (): Read => ({ rows, failure: undefined })
    })
  )
}

const readText = (text: string, options?: CsvAudience.RowsOptions): Effect.Effect<Read> =>
  read(Stream.make(utf8(text)), options)

const row = (row: number, line: number, columns: Record<string, string>): CsvAudience.CsvRow => ({
  _tag: "Row",
  row,
  line,
  columns
})

const messy = [
  "\uFEFF name ;phone;note",
  'Siti;0812;"a ""quoted"" word"',
  "",
  'Budi;0813;"two',
  'lines; one cell"',
  "   ",
  "short;1",
  "long;1;2;3",
  'bad;1;"x"y',
  'inch;5" pipe;é😀',
  "last;1;"
].join("\r\n")

describe("CsvAudience", () => {
  it.effect("rows carry their number, their physical line and their cells by column", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* readText(messy), {
        failure: undefined,
        rows: [
          row(1, 2, { name: "Siti", phone: "0812", note: 'a "quoted" word' }),
          row(2, 4, { name: "Budi", phone: "0813", note: "two\r\nlines; one cell" }),
          { _tag: "Bad", row: 3, line: 7, input: "short;1", reason: "2 fields, but the header has 3" },
          { _tag: "Bad", row: 4, line: 8, input: "long;1;2;3", reason: "4 fields, but the header has 3" },
          { _tag: "Bad", row: 5, line: 9, input: 'bad;1;"x"y', reason: "field 3 goes on after its closing quote" },
          row(6, 10, { name: "inch", phone: '5" pipe', note: "é😀" }),
          row(7, 11, { name: "last", phone: "1", note: "" })
        ]
      })
    })
  )

  const delimited: ReadonlyArray<readonly [string, string]> = [
    ["comma", "a,b\n1,2\n"],
    ["semicolon", "a;b\r\n1;2"],
    ["tab", "a\tb\r1\t2\r"],
    ["bar", "a|b\n1|2\n\n"],
    ["sep= line", "sep=;\r\na;b\r\n1;2\r\n"],
    ["sep= line that names another character", "sep=:\r\n\r\na:b\r\n1:2\r\n"],
    ["blank lines first", "\r\n  \r\na;b\r\n1;2"],
    ["quoted header", '"a";"b"\n"1";"2"']
  ]
  for (const [name, text] of delimited) {
    it.effect(`the delimiter and the line ends are found from the header: ${name}`, () =>
      Effect.gen(function* () {
        const line = lines(text.slice(0, text.search(/"?1/u)))
        for (let place = 0; place <= text.length; place++) {
          const { failure, rows } = yield* read(cut(utf8(text), [place]))
          assert.isUndefined(failure)
          assert.deepStrictEqual(rows, [row(1, line, { a: "1", b: "2" })])
        }
      })
    )
  }

  it.effect("a given delimiter wins over the one that the header suggests", () =>
    Effect.gen(function* () {
      const { rows } = yield* readText("a;b,c\n1;2,3\n", { delimiter: "," })
      assert.deepStrictEqual(rows, [row(1, 2, { "a;b": "1;2", c: "3" })])
    })
  )

  for (const littleEndian of [true, false]) {
    it.effect(`UTF-16 ${littleEndian ? "LE" : "BE"} with its mark is read, cut anywhere`, () =>
      Effect.gen(function* () {
        const bytes = utf16("a,b\n1,é😀\n", littleEndian)
        for (let place = 0; place <= bytes.length; place++) {
          const { rows } = yield* read(cut(bytes, [place]))
          assert.deepStrictEqual(rows, [row(1, 2, { a: "1", b: "é😀" })])
        }
      })
    )
  }

  const unreadable: ReadonlyArray<readonly [string, Uint8Array, number, string, number]> = [
    ["an empty file", utf8(""), 1, "The file is empty.", 0],
    ["blank lines alone", utf8("\n \r\n"), 1, "The file is empty.", 0],
    ["a column named twice", utf8("\na,b,a\n1,2,3"), 2, 'Two columns are called "a".', 0],
    ["a column without a name", utf8("a, ,b\n1,2,3"), 1, "Column 2 of the header has no name.", 0],
    [
      "a column that would hide an object's own",
      utf8("a,__proto__\n1,2"),
      1,
      'A column cannot be called "__proto__".',
      0
    ],
    [
      "a quote that is never closed",
      utf8('a,b\n1,2\n3,"x\n4,5\n'),
      3,
      "A quote opens on line 3. The file ends before it is closed.",
      1
    ],
    [
      "a quote that is never closed after a field of two lines",
      utf8('a,b\r\n1,2\r\n"3\r\n4","x\r\n'),
      4,
      "A quote opens on line 4. The file ends before it is closed.",
      1
    ],
    [
      "a quote that the last character opens",
      utf8('a,b\n1,2\n"'),
      3,
      "A quote opens on line 3. The file ends before it is closed.",
      1
    ],
    [
      "a byte of another encoding inside quotes",
      new Uint8Array([...utf8('a,b\n1,2\n3,"x\r\ny'), 0xe9, ...utf8('"\n')]),
      4,
      'Byte 15 (0xE9) is not valid UTF-8. Save the file as "CSV UTF-8" and try again.',
      1
    ],
    [
      "a byte of another encoding in the header",
      new Uint8Array([...utf8("\na"), 0xe9, ...utf8("\n1\n")]),
      2,
      'Byte 2 (0xE9) is not valid UTF-8. Save the file as "CSV UTF-8" and try again.',
      0
    ],
    [
      "a byte of another encoding",
      new Uint8Array([...utf8("a,b\n1,2\n3,"), 0xe9, ...utf8("\n")]),
      3,
      'Byte 10 (0xE9) is not valid UTF-8. Save the file as "CSV UTF-8" and try again.',
      1
    ],
    [
      "a character cut off by the end",
      new Uint8Array([...utf8("a\n1\n"), 0xe2, 0x82]),
      3,
      'Byte 4 (0xE2) is not valid UTF-8. Save the file as "CSV UTF-8" and try again.',
      1
    ],
    [
      "half a UTF-16 pair",
      utf16("a\n\uD800x", true),
      2,
      'Byte 6 (0x00) is not valid UTF-16LE. Save the file as "CSV UTF-8" and try again.',
      0
    ],
    [
      "a workbook",
      new Uint8Array([0x50, 0x4b, 0x03, 0x04, 0, 0]),
      1,
      'This is an Excel workbook (.xlsx) or another zip file, not a CSV. Save the file as "CSV UTF-8" and try again.',
      0
    ],
    ["binary", utf8("a\0b\n"), 1, 'This is not text. Save the file as "CSV UTF-8" and try again.', 0]
  ]
  for (const [name, bytes, line, reason, before] of unreadable) {
    it.effect(`${name} ends reading at its line, after the rows before it, cut anywhere`, () =>
      Effect.gen(function* () {
        for (let place = 0; place <= bytes.length; place++) {
          const { failure, rows } = yield* read(cut(bytes, [place]))
          assert.strictEqual(failure?.message, `The CSV cannot be read at line ${line}. ${reason}`)
          assert.strictEqual(rows.length, before)
        }
      })
    )
  }

  it.effect("a row beyond the bound ends reading instead of filling memory", () =>
    Effect.gen(function* () {
      const tooLong = "The row is longer than 1000 bytes."
      const neverClosed = "A quote opens on line 3. It is not closed within 1000 bytes."
      const cases: ReadonlyArray<readonly [string, string, number, string]> = [
        ["a\n1\n", "x".repeat(50), 3, tooLong],
        ["a\n1\n", ",", 3, tooLong],
        ["a\n1\n", "é", 3, tooLong],
        ['a\n1\n"', "x\n", 3, neverClosed],
        ["", "x", 1, tooLong]
      ]
      for (const [start, rest, line, reason] of cases) {
        const { failure } = yield* read(endless(start, rest), { maxRowLength: 1000 })
        assert.deepStrictEqual([failure?.line, failure?.reason], [line, reason])
      }
    })
  )

  it.effect("a row beyond the bound is refused for the same reason wherever it is cut", () =>
    Effect.gen(function* () {
      const bytes = utf8(`a\n"${"é\n".repeat(100)}"\n1\n`)
      for (let place = 0; place <= bytes.length; place++) {
        const { failure, rows } = yield* read(cut(bytes, [place]), { maxRowLength: 50 })
        assert.strictEqual(failure?.reason, "A quote opens on line 2. It is not closed within 50 bytes.")
        assert.deepStrictEqual(rows, [])
      }
    })
  )

  it.effect("a row is as long as its bytes and its line break", () =>
    Effect.gen(function* () {
      const text = "a\r\néé\r\n1\r\n"
      assert.strictEqual((yield* readText(text, { maxRowLength: 6 })).rows.length, 2)
      const { failure, rows } = yield* readText(text, { maxRowLength: 5 })
      assert.deepStrictEqual([failure?.line, failure?.reason], [2, "The row is longer than 5 bytes."])
      assert.deepStrictEqual(rows, [])
    })
  )

  it.effect("only a field that goes on after its closing quote makes a row Bad, even by a space", () =>
    Effect.gen(function* () {
      const { failure, rows } = yield* readText('a,b\n"1" ,2\n"""1"" x",5" "\n5" ,"x"y"\n 1,"2"\n')
      assert.isUndefined(failure)
      assert.deepStrictEqual(rows, [
        { _tag: "Bad", row: 1, line: 2, input: '"1" ,2', reason: "field 1 goes on after its closing quote" },
        row(2, 3, { a: '"1" x', b: '5" "' }),
        { _tag: "Bad", row: 3, line: 4, input: '5" ,"x"y"', reason: "field 2 goes on after its closing quote" },
        row(4, 5, { a: " 1", b: "2" })
      ])
    })
  )

  it.effect("no more is read than the rows that are asked for", () =>
    Effect.gen(function* () {
      let pulled = 0
      const chunks = Stream.fromIterable(Array.from({ length: 1000 }, (_, index) => index)).pipe(
        Stream.rechunk(1),
        Stream.map((index) => {
          pulled++
          return utf8(index === 0 ? "a\n" : `${index}\n`)
        })
      )
      assert.strictEqual((yield* chunks.pipe(CsvAudience.rows(), Stream.take(3), Stream.runCollect)).length, 3)
      assert.isBelow(pulled, 10)
      pulled = 0
      assert.deepStrictEqual(yield* CsvAudience.header(chunks), ["a"])
      assert.isBelow(pulled, 10)
    })
  )

  it.effect("the header alone can be read, and asked for a column", () =>
    Effect.gen(function* () {
      const header = yield* CsvAudience.header(Stream.make(utf8(messy)))
      assert.deepStrictEqual(header, ["name", "phone", "note"])
      assert.deepStrictEqual(CsvAudience.requireColumn(header, "phone"), Result.void)
      const near = Result.getOrThrow(Result.flip(CsvAudience.requireColumn(header, "Phnoe")))
      assert.strictEqual(
        near.message,
        'The CSV has no column "Phnoe". Did you mean "phone"? Its columns are "name", "phone", "note".'
      )
      const far = Result.getOrThrow(Result.flip(CsvAudience.requireColumn(header, "mobile_number")))
      assert.strictEqual(far.message, 'The CSV has no column "mobile_number". Its columns are "name", "phone", "note".')
      const empty = yield* Effect.flip(CsvAudience.header(Stream.empty))
      assert.strictEqual(empty.reason, "The file is empty.")
    })
  )

  it.effect("a failure of the source is the stream's failure", () =>
    Effect.gen(function* () {
      const broken = Stream.concat(Stream.make(utf8("a\n1\n2")), Stream.fail("disk" as const))
      assert.strictEqual(yield* broken.pipe(CsvAudience.rows(), Stream.runDrain, Effect.flip), "disk")
    })
  )

  const cell = fc.string({ unit: fc.constantFrom("a", "é", "😀", ",", ";", '"', "\n", "\r", " ", "1"), maxLength: 6 })
  const table = fc.integer({ min: 1, max: 4 }).chain((width) =>
    fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }).map((cells) => ({
      header: Array.from({ length: width }, (_, index) => `c${index}`),
      cells
    }))
  )
  const places = fc.array(fc.nat(400), { maxLength: 12 })
  it.effect("what was written comes back, whatever the cells and wherever the bytes are cut", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(table, places, fc.constantFrom("\n", "\r\n", "\r"), ({ cells, header }, places, lineEnd) =>
          Effect.runPromise(
            Effect.gen(function* () {
              const { failure, rows } = yield* read(cut(utf8(written([header, ...cells], lineEnd)), places))
              assert.isUndefined(failure)
              assert.deepStrictEqual(
                rows.map((row) => (row._tag === "Row" ? Object.values(row.columns) : row.reason)),
                cells
              )
              assert.deepStrictEqual(
                rows.map((row) => row.line),
                cells.map((_, index) => 1 + lines(written([header, ...cells.slice(0, index)], lineEnd)))
              )
            })
          )
        ),
        { numRuns: 300 }
      )
    )
  )

  const anyText = fc
    .string({ unit: fc.constantFrom("a", "b", ",", ";", '"', "\n", "\r", " ", "é", "😀"), maxLength: 60 })
    .map((text) => `x,y\n${text}`)

  it.effect("any text gives the same rows and the same end in one chunk as in many", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(anyText, places, fc.integer({ min: 4, max: 40 }), (text, places, maxRowLength) =>
          Effect.runPromise(
            Effect.gen(function* () {
              const whole = yield* readText(text, { maxRowLength })
              assert.deepStrictEqual(yield* read(cut(utf8(text), places), { maxRowLength }), whole)
            })
          )
        ),
        { numRuns: 2000, examples: [['x,y\n"" "', [7], 40]] }
      )
    )
  )

  it.effect("resuming after a row is the same as dropping the rows up to it", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(anyText, places, fc.nat(6), (text, places, after) =>
          Effect.runPromise(
            Effect.gen(function* () {
              const whole = yield* readText(text)
              const resumed = yield* read(cut(utf8(text), places), { after })
              assert.deepStrictEqual(resumed, { ...whole, rows: whole.rows.slice(after) })
            })
          )
        ),
        { numRuns: 500 }
      )
    )
  )
})
