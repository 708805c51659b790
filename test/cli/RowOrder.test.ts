import * as RowOrder from "@fibercast/cli/RowOrder"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import { Effect, FileSystem, Stream } from "effect"
import { tempFolder } from "../support/TempFolder.ts"

const lineOf = (row: number) => ({ row, text: `${row},"two\nlines"\n` })

it.effect("lines come out by row, also from rows far apart, and nothing is left behind", () =>
  Effect.gen(function* () {
    const folder = yield* tempFolder
    const files = yield* FileSystem.FileSystem
    const rows = [3, RowOrder.span * 5, 1, RowOrder.span + 1, 2, RowOrder.span, 0]
    const texts = yield* Effect.scoped(
      Effect.gen(function* () {
        const sorted = yield* RowOrder.make(folder)
        yield* sorted.add(rows.slice(0, 4).map(lineOf))
        yield* sorted.add(rows.slice(4).map(lineOf))
        return yield* Stream.runCollect(sorted.all)
      })
    )
    const inOrder = rows.toSorted((a, b) => a - b)
    assert.deepStrictEqual(
      texts,
      inOrder.map((row) => `${row},"two\nlines"\n`)
    )
    assert.deepStrictEqual(yield* files.readDirectory(folder), [])
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
)

it.effect("nothing comes out when nothing was added", () =>
  Effect.gen(function* () {
    const sorted = yield* RowOrder.make(yield* tempFolder)
    assert.deepStrictEqual(yield* Stream.runCollect(sorted.all), [])
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
)
