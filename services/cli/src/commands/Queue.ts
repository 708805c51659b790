/**
 * `fibercast queue …`: background work, for operators.
 */
import { Command } from "effect/cli"
import { monitor } from "./queue/Monitor.ts"

export const command = Command.make("queue").pipe(
  Command.withDescription("Look at background work, and put it right"),
  Command.withSubcommands([monitor])
)
