/**
 * `fibercast schedule …`: when triggers fire, what became of it, and whoever fires them.
 */
import { Command } from "effect/cli"
import { history } from "./schedule/History.ts"
import { list } from "./schedule/List.ts"
import { next } from "./schedule/Next.ts"
import { pause, resume } from "./schedule/Pause.ts"
import { work } from "./schedule/Work.ts"

export const command = Command.make("schedule").pipe(
  Command.withDescription("Look at what fires when, steer it, and run the scheduler"),
  Command.withSubcommands([list, history, next, pause, resume, work])
)
