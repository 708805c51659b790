/**
 * `fibercast queue …`: who works what is due, what waits, what failed, and putting it right.
 */
import { Command } from "effect/cli"
import { clear } from "./queue/Clear.ts"
import { failed } from "./queue/Failed.ts"
import { flush, forget } from "./queue/Forget.ts"
import { monitor } from "./queue/Monitor.ts"
import { pause, resume } from "./queue/Pause.ts"
import { prune } from "./queue/Prune.ts"
import { rescue } from "./queue/Rescue.ts"
import { restart } from "./queue/Restart.ts"
import { retry } from "./queue/Retry.ts"
import { show } from "./queue/Show.ts"
import { stats } from "./queue/Stats.ts"
import { work } from "./queue/Work.ts"

export const command = Command.make("queue").pipe(
  Command.withDescription("Work what is due, look at deliveries, and put right what failed"),
  Command.withSubcommands([
    work,
    restart,
    stats,
    monitor,
    pause,
    resume,
    failed,
    show,
    retry,
    forget,
    flush,
    clear,
    prune,
    rescue
  ])
)
