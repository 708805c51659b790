/**
 * Results on stdout, with back-pressure: no more is produced than the reader takes.
 */
import { Effect, PlatformError, Predicate, Stdio, Stream } from "effect"
import * as FileTrouble from "./FileTrouble.ts"

/**
 * Prints the pieces in order, as they are. A reader that goes away (`| head`) ends it quietly: the source is
 * closed and nothing has failed. Any other trouble with stdout, a full disk say, is a `FileTrouble`.
 */
export const print = Effect.fn("StandardOutput.print")(function* <E, R>(
  pieces: Stream.Stream<string, E, R>
): Effect.fn.Return<void, E | FileTrouble.FileTrouble, R | Stdio.Stdio> {
  const stdio = yield* Stdio.Stdio
  yield* Stream.run(pieces, stdio.stdout()).pipe(
    Effect.catchIf(isOutput, (error) => {
      const { cause } = error.reason
      const code = Predicate.hasProperty(cause, "code") ? cause.code : undefined
      if (code === "EPIPE" || code === "ERR_STREAM_DESTROYED") return Effect.void
      const reason = cause instanceof Error ? cause.message : error.reason.message
      return Effect.fail(new FileTrouble.FileTrouble({ file: "stdout", reason }))
    })
  )
})

const isOutput = (error: unknown): error is PlatformError.PlatformError =>
  error instanceof PlatformError.PlatformError && error.reason.module === "Stdio"
