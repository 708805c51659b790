/**
 * `fibercast schedule maintenance`: while it is on, what is due is skipped, but for triggers that say otherwise.
 */
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Clock, Console, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { Misused } from "../../Ending.ts"
import * as Figures from "../../Figures.ts"
import * as Instant from "../../Instant.ts"
import * as ScheduleFlags from "../../ScheduleFlags.ts"
import { folder, json } from "../../SendFlags.ts"
import * as Table from "../../Table.ts"
import * as TriggerLookup from "../../TriggerLookup.ts"

const status = Effect.fnUntraced(function* (asJson: boolean) {
  const maintenance = yield* (yield* TriggerStore).maintenance
  if (asJson) {
    const since = maintenance === null ? null : Instant.format(maintenance.since)
    return yield* Console.log(JSON.stringify({ on: maintenance !== null, since, note: maintenance?.note ?? null }))
  }
  if (maintenance === null) return yield* Console.log("Maintenance mode is off.")
  const note = maintenance.note === null ? "" : ` (${Table.visible(maintenance.note)})`
  const span = Figures.span((yield* Clock.currentTimeMillis) - maintenance.since)
  yield* Console.log(`Maintenance mode is on for ${span}${note}: what is due is skipped.`)
})

export const maintenance = Command.make(
  "maintenance",
  {
    what: Argument.Literals("what", ["on", "off", "status"]).pipe(
      Argument.withDescription("Turn it on, turn it off, or say whether it is on")
    ),
    note: ScheduleFlags.note.pipe(Flag.withDescription("Why; recorded with what is skipped")),
    folder,
    json: json("Print one JSON object: on, since, note")
  },
  Effect.fnUntraced(function* ({ folder, json, note, what }) {
    if (what !== "on" && Option.isSome(note)) return yield* new Misused({ message: "--note goes with on." })
    yield* Effect.gen(function* () {
      if (what !== "status") {
        const now = yield* Clock.currentTimeMillis
        yield* (yield* TriggerStore).setMaintenance({ on: what === "on", note: Option.getOrNull(note), now })
      }
      yield* status(json)
    }).pipe(Effect.provide(TriggerLookup.layer(folder)))
  })
).pipe(
  Command.withDescription(
    "Maintenance mode, for every scheduler on this database: what is due while it is on is recorded as skipped, but for " +
      "triggers that run even then. What runs goes on."
  ),
  Command.withShortDescription("Skip what is due for a while")
)
