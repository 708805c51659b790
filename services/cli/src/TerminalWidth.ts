/**
 * How wide what is printed may be.
 */
import { Effect, Stdio, Terminal } from "effect"

/** Columns of the terminal that reads stdout; null: it is read as a file, and lines may be as long as they like. */
export const ofStdout = Effect.gen(function* () {
  const stdio = yield* Stdio.Stdio
  if (!(yield* stdio.stdoutIsTerminal)) return null
  const { columns } = yield* Terminal.Terminal
  return (yield* columns) || 80
})
