/**
 * `fibercast queue …`: what waits, what failed, and putting it right.
 */
import { Command } from "effect/cli"
import { clear } from "./queue/Clear.ts"
import { failed } from "./queue/Failed.ts"
import { flush, forget } from "./queue/Forget.ts"
import { monitor } from "./queue/Monitor.ts"
import { prune } from "./queue/Prune.ts"
import { retry } from "./queue/Retry.ts"
import { show } from "./queue/Show.ts"
import { stats } from "./queue/Stats.ts"

export const command = Command.make("queue").pipe(
  Command.withDescription("Look at deliveries, and put right what failed"),
  Command.withSubcommands([stats, monitor, failed, show, retry, forget, flush, clear, prune])
)
