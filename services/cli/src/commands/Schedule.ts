/**
 * `fibercast schedule …`: when triggers fire, what became of it, and whoever fires them.
 */
import { Command } from "effect/cli"
import { add, remove } from "./schedule/Add.ts"
import { backfill } from "./schedule/Backfill.ts"
import { history } from "./schedule/History.ts"
import { interrupt } from "./schedule/Interrupt.ts"
import { list } from "./schedule/List.ts"
import { maintenance } from "./schedule/Maintenance.ts"
import { next } from "./schedule/Next.ts"
import { pause, resume } from "./schedule/Pause.ts"
import { preview } from "./schedule/Preview.ts"
import { run } from "./schedule/Run.ts"
import { status } from "./schedule/Status.ts"
import { test } from "./schedule/Test.ts"
import { work } from "./schedule/Work.ts"

export const command = Command.make("schedule").pipe(
  Command.withDescription("Look at what fires when, steer it, and run the scheduler"),
  Command.withSubcommands([
    list,
    next,
    preview,
    history,
    status,
    work,
    run,
    test,
    backfill,
    interrupt,
    pause,
    resume,
    maintenance,
    add,
    remove
  ])
)
