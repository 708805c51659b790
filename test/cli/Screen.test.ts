import { Screen } from "@fibercast/cli/Screen"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Sink, Stdio, Terminal } from "effect"
import { TerminalCapabilities } from "effect/cli"

/** What a terminal of so many columns shows after these bytes: enough of ECMA-48 for what the screen writes. */
const shownAfter = (bytes: string, columns: number): ReadonlyArray<string> => {
  const rows: Array<string> = [""]
  let at = 0
  for (const [piece] of bytes.matchAll(/\p{Cc}\[\??[\d;]*[A-Za-z]|\r|\n|[^\p{Cc}]/gsu)) {
    const up = /\[(\d+)A$/u.exec(piece)?.[1]
    if (up !== undefined) at = Math.max(0, at - Number(up))
    else if (piece.endsWith("[0J")) rows.splice(at, rows.length, "")
    else if (piece === "\n") rows[(at += 1)] ??= ""
    else if (piece.length === 1 && piece !== "\r") {
      if ((rows[at] ?? "").length >= columns) rows[(at += 1)] ??= ""
      rows[at] = (rows[at] ?? "") + piece
    }
  }
  return rows
}

/** Runs on a screen of the given kind and gives what was written to stdout. */
const written = <E>(
  use: (screen: Screen["Service"], resize: (columns: number) => void) => Effect.Effect<void, E>,
  options: { readonly live: boolean; readonly rows?: number; readonly quiet?: boolean }
) =>
  Effect.gen(function* () {
    const printed: Array<string> = []
    let columns = 40
    const keep = Sink.forEach((piece: string | Uint8Array) => Effect.sync(() => void printed.push(String(piece))))
    const unused = Effect.die("unused")
    const terminal = Terminal.make({
      columns: Effect.sync(() => columns),
      rows: Effect.succeed(options.rows ?? 10),
      size: unused,
      readInput: unused,
      readLine: unused,
      display: () => unused
    })
    const resize = (to: number) => {
      columns = to
    }
    yield* Effect.flatMap(Screen, (screen) => use(screen, resize)).pipe(
      Effect.provide(Screen.layer({ quiet: options.quiet ?? false })),
      Effect.provide(Layer.merge(Stdio.layerTest({ stdout: () => keep }), Layer.succeed(Terminal.Terminal, terminal))),
      Effect.provideService(TerminalCapabilities.TerminalCapabilities, {
        canAnimate: options.live,
        canColor: false,
        canPrompt: false
      })
    )
    return printed.join("")
  })

const live = { live: true }

const drawAndSay = (screen: Screen["Service"]) => Effect.andThen(screen.draw(["drawn"]), screen.say("said"))

const noteOften = (screen: Screen["Service"]) =>
  Effect.sync(() => {
    for (let time = 0; time < 15; time++) screen.note("again")
  })

describe("the screen of a run", () => {
  it.effect("draws in place, with what was said above, and leaves no drawing behind", () =>
    Effect.gen(function* () {
      const during = yield* written(
        (screen) =>
          Effect.gen(function* () {
            yield* screen.draw(["one", "two"])
            yield* screen.say("said")
            yield* screen.draw(["three"])
          }),
        live
      )
      assert.deepStrictEqual(shownAfter(during, 40), ["said", ""])
      assert.isTrue(during.endsWith("\u001B[?25h"), "the cursor is visible again")
    })
  )

  it.effect("cuts lines at the edge and drawings at the bottom of a small terminal", () =>
    Effect.gen(function* () {
      const bytes = yield* written((screen) => screen.draw(["x".repeat(100), "b", "c", "d"]), { live: true, rows: 3 })
      const drawn = bytes.slice(0, bytes.lastIndexOf("\u001B[2A"))
      assert.deepStrictEqual(shownAfter(drawn, 40), [`${"x".repeat(38)}…`, "b", ""])
    })
  )

  it.effect("erases all rows of a drawing that a narrower terminal wrapped", () =>
    Effect.gen(function* () {
      const bytes = yield* written(
        (screen, resize) =>
          Effect.gen(function* () {
            yield* screen.draw(["x".repeat(39), "y"])
            resize(20)
            yield* screen.draw(["z"])
          }),
        live
      )
      assert.include(bytes, "\u001B[3A\u001B[0Jz\n")
    })
  )

  it.effect("writes plain lines elsewhere than on a terminal, and nothing to stdout when that is for a result", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* written(drawAndSay, { live: false }), "said\n")
      assert.strictEqual(yield* written(drawAndSay, { live: true, quiet: true }), "")
    })
  )

  it.effect("writes a note that repeats the first and the tenth time", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* written(noteOften, { live: false }), "again\nagain (10 times)\n")
    })
  )
})
