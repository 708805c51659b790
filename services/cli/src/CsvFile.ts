/**
 * A CSV file named on the command line, and the column in it that holds the phone numbers.
 */
import * as CsvAudience from "@fibercast/content/CsvAudience"
import * as PhoneNumber from "@fibercast/content/PhoneNumber"
import { Effect, FileSystem, Result, Stream } from "effect"
import * as FileTrouble from "./FileTrouble.ts"
import * as Table from "./Table.ts"

export interface CsvFile {
  readonly header: ReadonlyArray<string>
  /** Reads the file anew each time it is run, in bounded chunks. */
  readonly rows: Stream.Stream<CsvAudience.CsvRow, FileTrouble.FileTrouble>
}

const chunkSize = 262_144

/** Reads the header. Only regular files: rows are read in a second pass. */
export const open = Effect.fn("CsvFile.open")(function* (
  file: string
): Effect.fn.Return<CsvFile, FileTrouble.FileTrouble, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const { type } = yield* Effect.mapError(fs.stat(file), FileTrouble.because(file))
  if (type !== "File") {
    const reason = type === "Directory" ? "is a folder, not a file" : "is not a regular file"
    return yield* new FileTrouble.FileTrouble({ file, reason })
  }
  const bytes = fs.stream(file, { chunkSize }).pipe(Stream.mapError(FileTrouble.because(file)))
  const unreadable = (error: CsvAudience.UnreadableCsv | FileTrouble.FileTrouble): FileTrouble.FileTrouble =>
    error._tag === "FileTrouble"
      ? error
      : new FileTrouble.FileTrouble({ file, reason: `line ${error.line}: ${error.reason}` })
  const header = yield* Effect.mapError(CsvAudience.header(bytes), unreadable)
  return { header, rows: bytes.pipe(CsvAudience.rows(), Stream.mapError(unreadable)) }
})

/** Rows read to guess which column was meant. */
const sampleRows = 50

/**
 * Fails unless the column is there. Suggests the column whose cells look like phone numbers of the region, else
 * the one whose name is nearest.
 */
export const requireColumn = Effect.fn("CsvFile.requireColumn")(function* (asked: {
  readonly file: string
  readonly csv: CsvFile
  readonly region: string
  /** The flag that named the column, to repeat it in the suggestion. */
  readonly flag: string
  readonly column: string
}): Effect.fn.Return<void, FileTrouble.FileTrouble> {
  const { csv, column, file, flag, region } = asked
  const present = CsvAudience.requireColumn(csv.header, column)
  if (Result.isSuccess(present)) return
  const sample = yield* Stream.runCollect(Stream.take(csv.rows, sampleRows))
  const meant = likelyPhones(csv.header, sample, region) ?? present.failure.nearest
  const hint = meant === undefined ? "" : ` Did you mean ${flag} ${quoted(meant)}?`
  const columns = csv.header.slice(0, shownColumns).map(Table.shown).join(", ")
  const more = csv.header.length > shownColumns ? ` and ${csv.header.length - shownColumns} more` : ""
  const reason = `no column "${Table.shown(column)}"; it has: ${columns}${more}.${hint}`
  return yield* new FileTrouble.FileTrouble({ file, reason })
})

const shownColumns = 30

/** The column whose cells most often are phone numbers, if at least half of the sample's are. */
const likelyPhones = (
  columns: ReadonlyArray<string>,
  sample: ReadonlyArray<CsvAudience.CsvRow>,
  region: string
): string | undefined => {
  const hits = (column: string) =>
    sample.filter((row) => row._tag === "Row" && Result.isSuccess(PhoneNumber.parse(row.columns[column] ?? "", region)))
      .length
  const [best] = columns.map((name) => ({ name, hits: hits(name) })).toSorted((a, b) => b.hits - a.hits)
  return best !== undefined && best.hits > 0 && best.hits * 2 >= sample.length ? best.name : undefined
}

/** As a shell needs it. */
const quoted = (name: string): string =>
  /^[\w.-]+$/u.test(name) ? name : `'${name.replaceAll("'", String.raw`'\''`)}'`
