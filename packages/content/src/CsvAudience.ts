/**
 * A CSV of recipients as a stream of rows.
 *
 * Rows come in file order, in batches, with back-pressure: between two pulls it holds the rows of at
 * most 64 KiB of input and one unfinished row of at most `maxRowLength`, however long the file is.
 * A row that does not fit the header, or has a field that goes on after its closing quote, is handed
 * on as `Bad` with its reason, and reading goes on; a file that cannot be trusted beyond a point ends
 * with `UnreadableCsv`, after the rows before it. Nothing is dropped silently but blank lines, and no
 * character is replaced.
 *
 * Reads UTF-8 (with or without its mark) and UTF-16 (with its mark); comma, semicolon, tab or bar;
 * LF, CRLF or CR; quoting as in RFC 4180, and a quote inside an unquoted field is a plain character.
 * A first line `sep=;`, as spreadsheets write it, names the delimiter.
 */
import { Cause, Effect, Option, Pull, Result, Schema, Stream } from "effect"
import { type BadBytes, CsvBytes } from "./internal/CsvBytes.ts"
import { type CsvRecord, CsvRecords, type CsvStop, lineBreaks } from "./internal/CsvRecords.ts"
import { CsvStart } from "./internal/CsvStart.ts"
import { listed, nearest } from "@fibercast/domain/Nearest"

export type CsvRow =
  | {
      readonly _tag: "Row"
      /** Number of the data record, from 1; the header and blank lines do not count, `Bad` ones do. */
      readonly row: number
      /** Physical line of the file where it starts, from 1. */
      readonly line: number
      /** By header name. Cells are as written: not trimmed, empty ones are "". */
      readonly columns: Readonly<Record<string, string>>
    }
  | {
      readonly _tag: "Bad"
      readonly row: number
      readonly line: number
      /** The row as written. */
      readonly input: string
      readonly reason: string
    }

/** The file cannot be read, or not beyond `line`. Trying again does not help; the file must change. */
export class UnreadableCsv extends Schema.TaggedError<UnreadableCsv>()("UnreadableCsv", {
  /** Physical line, from 1. For a quote that is never closed, the line where it opens. */
  line: Schema.Int,
  reason: Schema.String
}) {
  override get message(): string {
    return `The CSV cannot be read at line ${this.line}. ${this.reason}`
  }
}

/** The header lacks a column that is needed. */
export class AbsentColumn extends Schema.TaggedError<AbsentColumn>()("AbsentColumn", {
  name: Schema.String,
  header: Schema.Array(Schema.String),
  /** The column that was probably meant. */
  nearest: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    const meant = this.nearest === undefined ? "" : ` Did you mean "${this.nearest}"?`
    return `The CSV has no column "${this.name}".${meant} Its columns are ${listed(this.header)}.`
  }
}

export interface CsvOptions {
  /** One character. Found from a first line `sep=;` or the header line when left out. */
  readonly delimiter?: string
  /** Longest row in bytes of UTF-8, its line break included. 1,048,576 when left out. */
  readonly maxRowLength?: number
}

export interface RowsOptions extends CsvOptions {
  /** Skip the rows up to and including this number, `Bad` ones as well. */
  readonly after?: number
}

const sliceBytes = 65_536
const defaultMaxRowLength = 1_048_576

/** Column names, or what is wrong with them. */
const namesOf = (record: CsvRecord): Result.Result<ReadonlyArray<string>, string> => {
  const names = record.cells.map((cell) => cell.trim())
  if (record.flaw !== undefined) return Result.fail(`In the header, ${record.flaw}.`)
  if (record.input.includes("\0")) return Result.fail('This is not text. Save the file as "CSV UTF-8" and try again.')
  const blank = names.indexOf("")
  if (blank >= 0) return Result.fail(`Column ${blank + 1} of the header has no name.`)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) return Result.fail(`Two columns are called "${twice}".`)
  return names.includes("__proto__") ? Result.fail('A column cannot be called "__proto__".') : Result.succeed(names)
}

const fields = (count: number): string => `${count} ${count === 1 ? "field" : "fields"}`

/** Reads one file, a slice at a time. */
class Reader {
  header: ReadonlyArray<string> | undefined
  failure: UnreadableCsv | undefined
  private rows: Array<CsvRow> = []
  private row = 0
  private readonly bytes = new CsvBytes()
  private readonly start: CsvStart
  private records: CsvRecords | undefined
  private readonly options: RowsOptions
  private readonly after: number
  private readonly maxRow: number

  constructor(options: RowsOptions) {
    this.options = options
    this.after = options.after ?? 0
    this.maxRow = options.maxRowLength ?? defaultMaxRowLength
    this.start = new CsvStart(this.maxRow)
  }

  take(): ReadonlyArray<CsvRow> {
    const rows = this.rows
    this.rows = []
    return rows
  }

  /** Reads on. What ends reading is left in `failure`. */
  push(slice: Uint8Array, last: boolean): Effect.Effect<void> {
    const text = this.bytes.decode(slice, last)
    const read = Result.isSuccess(text) ? this.feed(text.success, last) : this.tear(text.failure)
    return Effect.catch(read, (stop) => Effect.sync(() => this.stop(stop)))
  }

  private feed(text: string, last: boolean): Effect.Effect<void, CsvStop> {
    if (this.records !== undefined) return this.parse(this.records, text, last)
    if (!this.start.feed(text) && !last) return Effect.void
    const found = this.start.found
    this.records = new CsvRecords({
      delimiter: this.options.delimiter ?? found.delimiter,
      maxRow: this.maxRow,
      line: found.line,
      emit: (record) => this.accept(record)
    })
    this.start.text = ""
    return this.parse(this.records, found.text, last)
  }

  private parse(records: CsvRecords, text: string, last: boolean): Effect.Effect<void, CsvStop> {
    const fed = records.feed(new TextEncoder().encode(text))
    if (!last) return fed
    return fed.pipe(
      Effect.andThen(records.finish()),
      Effect.andThen(() =>
        this.header === undefined ? Effect.fail({ line: 1, reason: "The file is empty." }) : Effect.void
      )
    )
  }

  private tear(bad: BadBytes): Effect.Effect<void, CsvStop> {
    return this.feed(bad.before, false).pipe(
      Effect.andThen(() => this.records?.tear() ?? Effect.succeed(1 + lineBreaks(this.start.text))),
      Effect.flatMap((line) => Effect.fail({ line, reason: bad.reason }))
    )
  }

  private stop(stop: CsvStop): void {
    this.failure ??= new UnreadableCsv(stop)
  }

  private accept(record: CsvRecord): void {
    if (this.failure !== undefined) return
    if (this.header === undefined) {
      const names = namesOf(record)
      if (Result.isFailure(names)) return this.stop({ line: record.line, reason: names.failure })
      this.header = names.success
    } else {
      this.row++
      if (this.row > this.after) this.rows.push(this.toRow(this.header, record))
    }
  }

  private toRow(header: ReadonlyArray<string>, record: CsvRecord): CsvRow {
    const { cells, input, line } = record
    const row = this.row
    if (cells.length !== header.length) {
      const reason = `${fields(cells.length)}, but the header has ${header.length}`
      return { _tag: "Bad", row, line, input, reason: record.flaw ?? reason }
    }
    if (record.flaw !== undefined) return { _tag: "Bad", row, line, input, reason: record.flaw }
    const columns: Record<string, string> = {}
    for (let index = 0; index < header.length; index++) columns[header[index] ?? ""] = cells[index] ?? ""
    return { _tag: "Row", row, line, columns }
  }
}

type Batch<A> = readonly [A, ...Array<A>]

const isBatch = <A>(values: ReadonlyArray<A>): values is Batch<A> => values.length > 0

/** Streams what `take` finds in the reader after each slice. */
const reading =
  <A>(options: RowsOptions, take: (reader: Reader) => ReadonlyArray<A>) =>
  <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<A, E | UnreadableCsv, R> =>
    Stream.transformPull(bytes, (pull) =>
      Effect.sync(() => {
        const reader = new Reader(options)
        let chunks: ReadonlyArray<Uint8Array> = []
        let chunk = 0
        let at = 0
        let over = false
        const found = (): Pull.Pull<Batch<A>, E | UnreadableCsv> => {
          const values = take(reader)
          return isBatch(values) ? Effect.succeed(values) : next
        }
        const more: Pull.Pull<Batch<A>, E | UnreadableCsv> = Pull.matchEffect(pull, {
          onSuccess: (arrived) => {
            chunks = arrived
            chunk = 0
            return next
          },
          onFailure: Effect.failCause,
          onDone: () => {
            over = true
            return Effect.flatMap(reader.push(new Uint8Array(0), true), found)
          }
        })
        const next: Pull.Pull<Batch<A>, E | UnreadableCsv> = Effect.suspend(() => {
          if (reader.failure !== undefined) return Effect.fail(reader.failure)
          if (over) return Cause.done()
          const current = chunks[chunk]
          if (current === undefined) return more
          const slice = current.subarray(at, at + sliceBytes)
          at += sliceBytes
          if (at >= current.length) {
            chunk++
            at = 0
          }
          return Effect.flatMap(reader.push(slice, false), found)
        })
        return next
      })
    )

/**
 * The rows of a file given as bytes in any chunks. `after` resumes: it yields what dropping that many
 * rows would, without building them.
 */
export const rows = (
  options: RowsOptions = {}
): (<E, R>(bytes: Stream.Stream<Uint8Array, E, R>) => Stream.Stream<CsvRow, E | UnreadableCsv, R>) =>
  reading(options, (reader) => reader.take())

/** The column names alone, trimmed, in order. Reads no further than the slice that completes the header. */
export const header = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  options: CsvOptions = {}
): Effect.Effect<ReadonlyArray<string>, E | UnreadableCsv, R> =>
  bytes.pipe(
    reading(options, (reader) => (reader.header === undefined ? [] : [reader.header])),
    Stream.runHead,
    Effect.map(Option.getOrElse((): ReadonlyArray<string> => []))
  )

/** Whether the header has the column, by its exact name. */
export const requireColumn = (header: ReadonlyArray<string>, name: string): Result.Result<void, AbsentColumn> => {
  if (header.includes(name)) return Result.void
  const meant = nearest(name, header)
  return Result.fail(new AbsentColumn({ name, header, ...(meant === undefined ? {} : { nearest: meant }) }))
}
