/**
 * `fibercast schedule status`: whether triggers are looked after; for people and for probes.
 */
import * as SchedulerHealth from "@fibercast/engine/SchedulerHealth"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Clock, Console, Effect, Schema } from "effect"
import { Command, TerminalCapabilities } from "effect/cli"
import { Hint } from "../../Hint.ts"
import * as Ink from "../../Ink.ts"
import * as SchedulerSettings from "../../SchedulerSettings.ts"
import * as SchedulerStatus from "../../SchedulerStatus.ts"
import { folder, json } from "../../SendFlags.ts"
import * as TriggerLookup from "../../TriggerLookup.ts"

/** Triggers stand that nobody looks after. */
export class Unattended extends Schema.TaggedError<Unattended>()("Unattended", {}) {
  override get message(): string {
    return "Scheduling is red: triggers stand that no scheduler looks after."
  }
}

export const status = Command.make(
  "status",
  { folder, json: json("Print one JSON object: status, unattended, schedulers; instants in UTC") },
  Effect.fnUntraced(
    function* (input) {
      const hint = yield* Hint
      const { health, now, schedulers } = yield* Effect.all({
        health: SchedulerHealth.look(),
        schedulers: Effect.flatMap(TriggerStore, (store) => store.schedulers),
        now: Clock.currentTimeMillis
      }).pipe(Effect.provide(SchedulerSettings.layer), Effect.provide(TriggerLookup.layer(input.folder)))
      const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
      const ink = canColor ? Ink.coloured : Ink.plain
      yield* Console.log(
        input.json
          ? JSON.stringify(SchedulerStatus.json(health, schedulers))
          : SchedulerStatus.lines(health, schedulers, now, hint.command, ink).join("\n")
      )
      if (health.status === "red") return yield* new Unattended()
    },
    (run, { folder }) => Effect.provide(run, Hint.layer({ folder, workspace: "default" }))
  )
).pipe(
  Command.withDescription(
    "Whether every trigger is looked after by a running scheduler: exit code 0 when health is green, 1 when it is red, " +
      "which it is once triggers have been without one for FIBERCAST_SCHEDULER_DEAD_AFTER (default 1min)."
  ),
  Command.withShortDescription("Health of scheduling, for probes")
)
