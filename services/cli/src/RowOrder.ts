/**
 * Puts lines into the order of the rows they tell of, however many: they are laid down in files of `span` rows each,
 * and these are sorted one after the other. Holds one such file at a time; they are gone when the scope closes.
 */
import { Effect, FileSystem, Path, type PlatformError, Schema, type Scope, Stream } from "effect"

/** Rows of the audience that share a file. */
export const span = 20_000

export interface Line {
  /** From 0. */
  readonly row: number
  readonly text: string
}

export interface RowOrder {
  readonly add: (lines: ReadonlyArray<Line>) => Effect.Effect<void, PlatformError.PlatformError>
  /** The texts of everything that was added, by row. */
  readonly all: Stream.Stream<string, PlatformError.PlatformError>
}

const Laid = Schema.fromJsonString(Schema.Tuple([Schema.Int, Schema.String]))
const decode = Schema.decodeUnknownSync(Laid)

/** In a folder of its own inside `folder`. */
export const make = Effect.fn("RowOrder.make")(function* (
  folder: string
): Effect.fn.Return<RowOrder, PlatformError.PlatformError, FileSystem.FileSystem | Path.Path | Scope.Scope> {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const parts = yield* files.makeTempDirectoryScoped({ directory: folder, prefix: ".sorting-" })
  const used = new Set<number>()
  const fileOf = (part: number) => path.join(parts, String(part))

  const add: RowOrder["add"] = (lines) => {
    const groups = Map.groupBy(lines, ({ row }) => Math.floor(row / span))
    return Effect.forEach(
      groups,
      ([part, group]) => {
        used.add(part)
        const text = group.map((line) => `${JSON.stringify([line.row, line.text])}\n`).join("")
        return files.writeFileString(fileOf(part), text, { flag: "a" })
      },
      { discard: true }
    )
  }

  const sorted = (part: number) =>
    Effect.map(files.readFileString(fileOf(part)), (text) =>
      text
        .trimEnd()
        .split("\n")
        .map((line) => decode(line))
        .toSorted(([a], [b]) => a - b)
        .map(([, line]) => line)
    )

  const all = Stream.suspend(() => Stream.fromIterable(Array.from(used).toSorted((a, b) => a - b))).pipe(
    Stream.mapEffect(sorted),
    Stream.flattenIterable
  )
  return { add, all }
})
