/**
 * Audiences in CSV files. A file is read in a stream, whatever its size; its hash is the SHA-256 of
 * its bytes, so a file that was touched between launch and crash is noticed.
 */
import * as CsvAudience from "@fibercast/content/CsvAudience"
import { AudienceUnreadable, type Opener } from "@fibercast/ports/AudienceSource"
import { Effect, FileSystem, Path, type PlatformError, Stream } from "effect"
import { createHash } from "node:crypto"

/** Bytes read at once. */
const chunkSize = 256 * 1024

const explain = (path: string) => (error: PlatformError.PlatformError | CsvAudience.UnreadableCsv) => {
  if (error._tag === "UnreadableCsv") return new AudienceUnreadable({ source: path, reason: error.message })
  const reasons: Record<string, string> = {
    NotFound: "there is no such file. Check the path.",
    PermissionDenied: "this user may not read it. Check its permissions."
  }
  const reason = reasons[error.reason._tag] ?? error.message
  return new AudienceUnreadable({ source: path, reason })
}

/** Opens CSV files; relative paths are against the working directory at the time of the launch. */
export const opener: Effect.Effect<Opener<"Csv">, never, FileSystem.FileSystem | Path.Path> = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const paths = yield* Path.Path

  return Effect.fn("CsvFile.open")(function* ({ path }) {
    const file = paths.resolve(path)
    const bytes = files.stream(file, { chunkSize })
    const info = yield* Effect.mapError(files.stat(file), explain(path))
    if (info.type !== "File") {
      return yield* new AudienceUnreadable({ source: path, reason: `it is a ${info.type.toLowerCase()}, not a file` })
    }
    const columns = yield* Effect.mapError(CsvAudience.header(bytes), explain(path))
    const hash = createHash("sha256")
    yield* Stream.runForEach(bytes, (chunk) => Effect.sync(() => hash.update(chunk))).pipe(
      Effect.mapError(explain(path))
    )
    return {
      columns,
      hash: hash.digest("hex"),
      rows: (after) => CsvAudience.rows({ after })(bytes).pipe(Stream.mapError(explain(path)))
    }
  })
})
