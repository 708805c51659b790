/**
 * Writes the audience again with every number in E.164: one row for each that a campaign would write to, under the
 * same header. It appears under its name only when it is whole; until then it is `<name>.partial`.
 */
import { type CsvRow } from "@fibercast/content/CsvAudience"
import { Effect, FileSystem, type Scope } from "effect"
import * as CsvLine from "./CsvLine.ts"
import * as FileTrouble from "./FileTrouble.ts"

/** A row and the number that goes into it. */
export interface RepairedRow {
  readonly row: CsvRow & { readonly _tag: "Row" }
  readonly e164: string
}

export interface RepairedFile {
  readonly append: (rows: ReadonlyArray<RepairedRow>) => Effect.Effect<void, FileTrouble.FileTrouble>
  /** Gives the file its name. Without it nothing is left behind once the scope ends. */
  readonly finish: Effect.Effect<void, FileTrouble.FileTrouble>
}

export const open = Effect.fn("RepairedFile.open")(function* (options: {
  readonly path: string
  readonly source: string
  readonly header: ReadonlyArray<string>
  readonly column: string
}): Effect.fn.Return<RepairedFile, FileTrouble.FileTrouble, FileSystem.FileSystem | Scope.Scope> {
  const fs = yield* FileSystem.FileSystem
  const place = fs.realPath(options.path).pipe(Effect.orElseSucceed(() => undefined))
  const trouble = Effect.mapError(FileTrouble.because(options.path))
  if ((yield* place) === (yield* fs.realPath(options.source).pipe(trouble))) {
    const reason = "is the file that is being read; give the repaired rows another name"
    return yield* new FileTrouble.FileTrouble({ file: options.path, reason })
  }

  const partial = `${options.path}.partial`
  yield* Effect.addFinalizer(() => Effect.ignore(fs.remove(partial, { force: true })))
  const file = yield* fs.open(partial, { flag: "w" }).pipe(trouble)
  const write = (lines: ReadonlyArray<string>) => file.writeAll(encoder.encode(lines.join(""))).pipe(trouble)

  yield* write([CsvLine.of(options.header)])
  return {
    append: (rows) =>
      write(
        rows.map(({ row, e164 }) =>
          CsvLine.of(options.header.map((name) => (name === options.column ? e164 : (row.columns[name] ?? ""))))
        )
      ),
    finish: Effect.andThen(file.sync, fs.rename(partial, options.path)).pipe(trouble)
  }
})

const encoder = new TextEncoder()
