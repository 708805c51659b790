/**
 * A node as a process.
 *
 * | exit code | when |
 * |---|---|
 * | 0 | it was drained: by SIGTERM, by SIGINT, or by an operator |
 * | 1 | it could not start, or not go on; the reason is on stderr |
 * | 2 | the command line itself cannot be understood |
 * | 130, 143 | it was ended at once, by a second signal |
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Console, Effect, Exit, Predicate, type Runtime } from "effect"
import { CliError, Command } from "effect/cli"
import manifest from "../package.json" with { type: "json" }
import * as NodeCommand from "./NodeCommand.ts"

const teardown: Runtime.Teardown = (exit, onExit) => onExit(code(exit))

const code = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return 0
  const error = Cause.squash(exit.cause)
  if (!CliError.isCliError(error)) return 1
  return error._tag === "ShowHelp" && error.errors.length === 0 ? 0 : 2
}

const report = (cause: Cause.Cause<unknown>) => {
  const error = Cause.squash(cause)
  // What the command line lacks was said already.
  if (Cause.hasInterruptsOnly(cause) || CliError.isCliError(error)) return Effect.void
  if (Cause.hasDies(cause)) return Console.error(Cause.pretty(cause))
  const message = Predicate.hasProperty(error, "message") ? String(error.message) : String(error)
  return Console.error(message)
}

Command.run(NodeCommand.command, { version: manifest.version }).pipe(
  Effect.tapCause(report),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain({ disableErrorReporting: true, teardown })
)
