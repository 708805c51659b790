/**
 * `fibercast queue …`: whoever works the background jobs and campaigns that are due, and what of them may be worked.
 */
import { Command } from "effect/cli"
import { pause, resume } from "./queue/Pause.ts"
import { rescue } from "./queue/Rescue.ts"
import { restart } from "./queue/Restart.ts"
import { work } from "./queue/Work.ts"

export const command = Command.make("queue").pipe(
  Command.withDescription("Work what is due, and steer who does"),
  Command.withSubcommands([work, restart, pause, resume, rescue])
)
