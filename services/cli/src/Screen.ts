/**
 * Where a long run shows how it goes: on a terminal a few lines that are redrawn in place, with lasting
 * lines scrolling above them; elsewhere plain lines only.
 *
 * Callers may rely on this: pieces never mix, a drawn line is never wider than the terminal and the drawing
 * never higher, also after a resize; the cursor is visible again when the layer closes; a reader that went
 * away is no failure. At most 100 notes wait to be written; older ones are dropped.
 */
import { Context, Effect, Layer, Logger, Queue, Semaphore, Stdio, Stream, Terminal } from "effect"
import { TerminalCapabilities } from "effect/cli"
import * as Ink from "./Ink.ts"
import * as Notes from "./Notes.ts"
import * as Table from "./Table.ts"

export class Screen extends Context.Service<
  Screen,
  {
    /** Whether drawings are shown. */
    readonly live: boolean
    readonly ink: Ink.Ink
    readonly columns: Effect.Effect<number>
    /** Draw these lines in place of the last drawing. Nothing elsewhere than on a terminal. */
    readonly draw: (lines: ReadonlyArray<string>) => Effect.Effect<void>
    /** Write lines that stay. */
    readonly say: (...lines: ReadonlyArray<string>) => Effect.Effect<void>
    /** Write a line that stays, soon; one that repeats is written the 1st, 10th, 100th … time. */
    readonly note: (line: string) => void
  }
>()("fibercast/cli/Screen") {
  /** On stdout; plain lines on stderr when stdout is for a result alone. */
  static readonly layer = (options: {
    readonly quiet: boolean
  }): Layer.Layer<Screen, never, Stdio.Stdio | Terminal.Terminal> => Layer.effect(Screen, make(options.quiet))

  /** The engine's warnings and errors, as notes. */
  static readonly layerLogger: Layer.Layer<never, never, Screen> = Layer.unwrap(
    Effect.map(Screen, (screen) =>
      Logger.layer([
        Logger.make(({ logLevel, message }) => {
          if (logLevel !== "Warn" && logLevel !== "Error" && logLevel !== "Fatal") return
          const words = Array.isArray(message) ? message : [message]
          const text = words.filter((word) => typeof word === "string").join(": ")
          if (text !== "") screen.note(logLevel === "Warn" ? text : screen.ink.red(text))
        })
      ])
    )
  )
}

const maxNotes = 100
const hideCursor = "\u001B[?25l"
const showCursor = "\u001B[?25h"

const textOf = (lines: ReadonlyArray<string>): string => lines.map((line) => `${line}\n`).join("")

const make = Effect.fnUntraced(function* (quiet: boolean) {
  const stdio = yield* Stdio.Stdio
  const terminal = yield* Terminal.Terminal
  const { canAnimate, canColor } = yield* TerminalCapabilities.TerminalCapabilities
  const live = canAnimate && !quiet
  const ink = canColor && !quiet ? Ink.coloured : Ink.plain
  const turn = yield* Semaphore.make(1)
  const notes = yield* Queue.sliding<string>(maxNotes)
  const repeated = Notes.make()
  let drawn: ReadonlyArray<string> = []

  const write = (text: string) =>
    Stream.succeed(text).pipe(Stream.run(quiet ? stdio.stderr() : stdio.stdout()), Effect.ignore)

  const columns = Effect.map(terminal.columns, (wide) => (wide > 0 ? wide : 80))

  /** Rows that the last drawing takes on a terminal that is now this wide. */
  const rowsDrawn = (wide: number) =>
    drawn.reduce((rows, line) => rows + Math.max(1, Math.ceil(Table.width(Ink.bare(line)) / wide)), 0)

  const erase = (wide: number) => {
    const up = rowsDrawn(wide)
    return up === 0 ? "" : `\r\u001B[${up}A\u001B[0J`
  }

  const put = Effect.fnUntraced(function* (lasting: ReadonlyArray<string>, drawing: ReadonlyArray<string>) {
    if (!live) return lasting.length === 0 ? undefined : yield* write(textOf(lasting))
    const wide = yield* columns
    const high = (yield* terminal.rows) || 24
    const fitting = drawing.slice(0, Math.max(1, high - 1)).map((line) => Ink.cut(line, wide - 1, Table.width))
    const piece = erase(wide) + textOf(lasting) + textOf(fitting)
    drawn = fitting
    if (piece !== "") yield* write(fitting.length === 0 ? piece + showCursor : hideCursor + piece)
  })

  let shown: ReadonlyArray<string> = []
  const draw = (lines: ReadonlyArray<string>) =>
    turn.withPermit(
      Effect.suspend(() => {
        shown = lines
        return live ? put([], lines) : Effect.void
      })
    )
  const say = (...lines: ReadonlyArray<string>) => turn.withPermit(Effect.suspend(() => put(lines, shown)))

  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      yield* draw([])
      const left = yield* Queue.clear(notes)
      if (left.length > 0) yield* say(...left)
    })
  )
  yield* Effect.forkScoped(Effect.forever(Effect.flatMap(Queue.takeAll(notes), (lines) => say(...lines))))

  return Screen.of({
    live,
    ink,
    columns,
    draw,
    say,
    note: (line) => {
      const text = repeated.count(line)
      if (text !== null) Queue.offerUnsafe(notes, text)
    }
  })
})
