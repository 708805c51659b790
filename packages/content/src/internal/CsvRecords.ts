/**
 * Text to records, as csv-parse reads them (RFC 4180): fields in quotes may hold delimiters, line
 * breaks and doubled quotes; lines end with LF, CRLF or CR; a quote inside an unquoted field is a
 * plain character. The same records come out wherever the text is cut into chunks.
 *
 * Lines are counted from the bytes of each record: csv-parse counts a CRLF inside quotes twice.
 */
import { CsvError, type Options, Parser } from "csv-parse"
import { parse } from "csv-parse/sync"
import { Effect, Result } from "effect"
import { joined } from "./CsvBytes.ts"

export interface CsvRecord {
  /** Physical line where the record starts, from 1. */
  readonly line: number
  readonly cells: ReadonlyArray<string>
  /** The record as written, without its line break. */
  readonly input: string
  /** Why the cells cannot be trusted. */
  readonly flaw: string | undefined
}

/** The file cannot be read beyond this point. */
export interface CsvStop {
  readonly line: number
  readonly reason: string
}

export interface CsvRecordsOptions {
  readonly delimiter: string
  /** Longest record with its line break, in bytes of UTF-8. */
  readonly maxRow: number
  /** Physical line where the text starts. */
  readonly line: number
  /** Takes every record that is not blank, in order. */
  readonly emit: (record: CsvRecord) => void
}

/** More bytes than csv-parse ever looks ahead before it ends a record. */
const lookahead = 16

export const lineBreaks = (text: string): number => text.match(/\r\n|\r|\n/gu)?.length ?? 0

/** Reads one file. Between calls it holds one unfinished record, at most `maxRow` long and one chunk. */
export class CsvRecords {
  private readonly options: CsvRecordsOptions
  private readonly dialect: Options
  private readonly parser: Parser
  private line: number
  private stop: CsvStop | undefined
  private torn = false
  /** The bytes after the last record, and those of the chunk that is being read. */
  private held: Uint8Array = new Uint8Array(0)
  /** Where in the text `held` starts, and where the last record ends. */
  private heldFrom = 0
  private end = 0

  constructor(options: CsvRecordsOptions) {
    this.options = options
    this.line = options.line
    this.dialect = {
      delimiter: options.delimiter,
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      relax_quotes: true
    }
    this.parser = new Parser({ ...this.dialect, on_record: (cells, { bytes }) => this.take(cells, bytes) })
    // The callbacks of `write` and `end` carry the failure; without a listener it would end the process as well.
    this.parser.on("error", () => {})
  }

  /** Reads on, in UTF-8. A record that ends in the last few bytes is emitted by the next call. */
  feed(text: Uint8Array): Effect.Effect<void, CsvStop> {
    return Effect.suspend(() => {
      this.held = joined(this.held, text)
      return Effect.callback<void>((resume) => {
        this.parser.write(text, (error) => resume(error ? Effect.die(error) : Effect.void))
      })
    }).pipe(Effect.flatMap(() => this.settle()))
  }

  /** The text is over: the last record may lack its line break. */
  finish(): Effect.Effect<void, CsvStop> {
    return Effect.callback<void, CsvStop>((resume) => {
      this.parser.end((error?: Error | null) => {
        const settled = this.settle()
        if (!error) return resume(settled)
        if (!isOpenQuote(error)) return resume(Effect.die(error))
        const opened = this.line + (this.linesToOpenQuote(this.held) ?? 0)
        const open = Effect.fail(neverClosed(opened, "The file ends before it is closed"))
        resume(Effect.andThen(settled, open))
      })
    })
  }

  /** The text is torn here: emits what ended before, and gives the physical line that was reached. */
  tear(): Effect.Effect<number, CsvStop> {
    this.torn = true
    return this.finish().pipe(
      Effect.catch((stop) => (this.stop === undefined ? Effect.void : Effect.fail(stop))),
      Effect.map(() => this.line + lineBreaks(utf8.decode(this.held)))
    )
  }

  private take(cells: ReadonlyArray<string>, end: number): undefined {
    const { emit, maxRow } = this.options
    const bytes = this.held.subarray(this.end - this.heldFrom, end - this.heldFrom)
    this.end = end
    if (this.stop !== undefined) return
    if (bytes.length > maxRow) return void (this.stop = this.tooLong(bytes))
    const text = utf8.decode(bytes)
    const input = text.replace(/\r?\n$|\r$/u, "")
    const line = this.line
    this.line += lineBreaks(text)
    const blank = cells.length === 1 && /^[ \t]*$/u.test(input)
    if (blank || (this.torn && input === text)) return
    // A malformed field keeps the quote it starts with. So does a well-formed one that starts with a doubled quote.
    const flaw = cells.some((cell) => cell.startsWith('"')) ? this.flawOf(bytes) : undefined
    emit({ line, cells, input, flaw })
  }

  private settle(): Effect.Effect<void, CsvStop> {
    this.held = this.held.subarray(this.end - this.heldFrom)
    this.heldFrom = this.end
    if (this.held.length > this.options.maxRow + lookahead) this.stop ??= this.tooLong(this.held)
    return this.stop === undefined ? Effect.void : Effect.fail(this.stop)
  }

  /** Why a record is not RFC 4180, by csv-parse's strict reading of it. */
  private flawOf(record: Uint8Array): string | undefined {
    let flaw: string | undefined
    parse(record, {
      ...this.dialect,
      relax_quotes: false,
      skip_records_with_error: true,
      on_skip: (error) => {
        if (error?.code !== "CSV_INVALID_CLOSING_QUOTE") return
        flaw ??= `field ${Number(error["column"]) + 1} goes on after its closing quote`
      }
    })
    return flaw
  }

  /** The line breaks before the quote that is still open where the record is cut off. */
  private linesToOpenQuote(record: Uint8Array): number | undefined {
    const read = Result.try({ try: () => parse(record, this.dialect), catch: (error) => error })
    if (Result.isSuccess(read) || !isOpenQuote(read.failure)) return undefined
    return lineBreaks(utf8.decode(record.subarray(0, Number(read.failure["bytes"]))))
  }

  private tooLong(record: Uint8Array): CsvStop {
    const { maxRow } = this.options
    const lines = this.linesToOpenQuote(record.subarray(0, maxRow))
    return lines === undefined
      ? { line: this.line, reason: `The row is longer than ${maxRow} bytes.` }
      : neverClosed(this.line + lines, `It is not closed within ${maxRow} bytes`)
  }
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })

const isOpenQuote = (error: unknown): error is CsvError =>
  error instanceof CsvError && error.code === "CSV_QUOTE_NOT_CLOSED"

const neverClosed = (line: number, what: string): CsvStop => ({
  line,
  reason: `A quote opens on line ${line}. ${what}.`
})
