/**
 * How a run of the command line ends: what stderr says, and the exit code.
 *
 * | code | when |
 * |---|---|
 * | 0 | done: a campaign ended, also with failed deliveries; also when the reader of stdout went away (`| head`) |
 * | 1 | it could not go on; its error's message is on stderr |
 * | 2 | the command line itself cannot be understood |
 * | 1, 2 | a verdict, which is on stdout: warning, critical (`doctor`, `queue monitor`) |
 * | 12 | `queue work` was larger than `--memory`, and drained |
 * | 130 | interrupted (SIGINT, SIGTERM) |
 *
 * A stack is only shown with `--log-level debug` (or trace, all) or FIBERCAST_DEBUG=1.
 */
import { Cause, Config, Console, Effect, Exit, Layer, Logger, Predicate, type Runtime, Schema, Stdio } from "effect"
import { CliError, CliOutput, TerminalCapabilities } from "effect/cli"
import * as Hint from "./Hint.ts"

/** Flags that say nothing together, or nothing at all. */
export class Misused extends Schema.TaggedError<Misused>()("Misused", { message: Schema.String }) {}

/** What was found is not well, and was said already. */
export class Verdict extends Schema.TaggedError<Verdict>()("Verdict", { code: Schema.Literals([1, 2]) }) {}
/** A worker that ended in good order because it held too much memory: to be started again. */
export class GrownTooLarge extends Schema.TaggedError<GrownTooLarge>()("GrownTooLarge", { megabytes: Schema.Int }) {
  override get message(): string {
    return `It held more than ${this.megabytes} MB of memory (--memory), and has drained. Start it again.`
  }
}

/** For `NodeRuntime.runMain`. */
export const teardown: Runtime.Teardown = (exit, onExit) => onExit(code(exit))

const code = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return 0
  if (Cause.hasInterruptsOnly(exit.cause)) return 130
  const error = Cause.squash(exit.cause)
  if (CliError.isCliError(error)) return error._tag === "ShowHelp" && error.errors.length === 0 ? 0 : 2
  if (error instanceof Verdict) return error.code
  if (error instanceof GrownTooLarge) return 12
  return error instanceof Misused ? 2 : 1
}

/** Says on stderr why the run failed, once. Adds no failure of its own. */
export const report = <A, E, R>(run: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Stdio.Stdio> =>
  Effect.tapCause(run, (cause) =>
    Effect.gen(function* () {
      if (Cause.hasInterruptsOnly(cause)) return
      const error = Cause.squash(cause)
      // What the command line lacks was said by the presenter.
      if (CliError.isCliError(error) || error instanceof Verdict) return
      yield* Console.error(yield* Hint.typed(Cause.hasDies(cause) ? stumbled(error) : messageOf(error)))
      if (yield* debugging) yield* Console.error(Cause.pretty(cause))
    })
  )

const stumbled = (defect: unknown): string =>
  `fibercast stopped by a fault of its own: ${messageOf(defect)}\n` +
  "Run it again with FIBERCAST_DEBUG=1 to see where, and report that."

const messageOf = (error: unknown): string =>
  Predicate.hasProperty(error, "message") && typeof error.message === "string" && error.message !== ""
    ? error.message
    : Predicate.hasProperty(error, "_tag")
      ? String(error._tag)
      : String(error)

const debugging: Effect.Effect<boolean, never, Stdio.Stdio> = Effect.gen(function* () {
  const { args } = yield* Stdio.Stdio
  const flags = (yield* args).join(" ")
  if (/--log-level[= ](?:debug|trace|all)\b/u.test(flags)) return true
  return yield* Config.Boolean("FIBERCAST_DEBUG").pipe(Config.withDefault(false))
}).pipe(Effect.orElseSucceed(() => false))

/** Help that was asked for is a result and goes to stdout; what is wrong with a command line goes to stderr, in short. */
const presenter: CliOutput.Presenter = {
  present: Effect.fnUntraced(function* (event) {
    if (event._tag !== "InvalidInvocation") return yield* CliOutput.defaultPresenter.present(event)
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    const formatter = CliOutput.defaultFormatter({ colors: canColor })
    for (const error of event.errors) yield* Console.error(formatter.formatCliError(error))
    yield* Console.error(`\nUsage: ${event.helpDoc.usage}\n       ${event.commandPath.join(" ")} --help explains it`)
  })
}

/** Keeps stdout for results: logs and complaints go to stderr. */
export const layer: Layer.Layer<never> = Layer.merge(
  CliOutput.layerPresenter(presenter),
  Layer.succeed(Logger.LogToStderr, true)
)
