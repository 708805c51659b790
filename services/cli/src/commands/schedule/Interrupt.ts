/**
 * `fibercast schedule interrupt`: stops what a trigger is running.
 */
import { Triggers } from "@fibercast/engine/Triggers"
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import * as ClockText from "../../ClockText.ts"
import * as Figures from "../../Figures.ts"
import * as ScheduleFlags from "../../ScheduleFlags.ts"
import { folder } from "../../SendFlags.ts"
import * as TriggerLookup from "../../TriggerLookup.ts"

export const interrupt = Command.make(
  "interrupt",
  {
    name: ScheduleFlags.name,
    workspace: ScheduleFlags.workspace,
    folder,
    force: Flag.Boolean("force").pipe(
      Flag.withDefault(false),
      Flag.withDescription("At once: it counts as cancelled now, and is cut off within seconds")
    )
  },
  Effect.fnUntraced(function* ({ folder, force, name, workspace }) {
    yield* Effect.gen(function* () {
      const { trigger, workspaceId } = yield* TriggerLookup.find(workspace, name)
      const runs = yield* (yield* Triggers).interrupt(workspaceId, name, { force })
      if (runs.length === 0) return yield* Console.log(`Nothing of ${name} is running.`)
      const told = force ? "cancelled, and cut off within seconds" : "asked to stop"
      const runsOf = Figures.counted(runs.length, "run")
      yield* Console.log(`${runsOf} of ${name} ${runs.length === 1 ? "is" : "are"} ${told}:`)
      yield* Console.log(runs.map(({ nominal }) => `  due ${ClockText.full(nominal, trigger.zone)}`).join("\n"))
    }).pipe(Effect.provide(TriggerLookup.layer(folder)))
  })
).pipe(
  Command.withDescription(
    "Stop what a trigger is running; it fires again at its next time. A campaign sends nothing more"
  )
)
