/**
 * `fibercast schedule preview`: every time of a trigger in a range.
 */
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Console, Effect } from "effect"
import { Command, Flag, TerminalCapabilities } from "effect/cli"
import { Misused } from "../../Ending.ts"
import * as Ink from "../../Ink.ts"
import * as ScheduleFlags from "../../ScheduleFlags.ts"
import * as ScheduleHistory from "../../ScheduleHistory.ts"
import * as SchedulePreview from "../../SchedulePreview.ts"
import { folder, json } from "../../SendFlags.ts"
import * as TriggerLookup from "../../TriggerLookup.ts"

/** Runs from which it is told how long one takes. */
const looked = 50

export const preview = Command.make(
  "preview",
  {
    name: ScheduleFlags.name,
    workspace: ScheduleFlags.workspace,
    folder,
    from: ScheduleFlags.instant("from").pipe(
      Flag.withDescription("The first time, in UTC or as the trigger's wall clock shows it")
    ),
    to: ScheduleFlags.instant("to").pipe(Flag.withDescription("Where it ends; this time is not included")),
    json: json("Print one JSON object: name, zone, from, to, isCut, typicalMillis, times; instants in UTC")
  },
  Effect.fnUntraced(function* (input) {
    const question = yield* Effect.gen(function* () {
      const { trigger, workspaceId } = yield* TriggerLookup.find(input.workspace, input.name)
      const { definition, id: triggerId, zone } = trigger
      const store = yield* TriggerStore
      const newest = yield* store.history({ triggerId, before: null, limit: looked })
      const all = yield* store.list({ workspaceId })
      const others = all.filter(
        (other) => other.id !== triggerId && other.definition.overlapKey === definition.overlapKey
      )
      return {
        trigger: { ...definition.trigger, zone },
        zone,
        from: ScheduleFlags.at(input.from, zone),
        to: ScheduleFlags.at(input.to, zone),
        typical: ScheduleHistory.typical(newest),
        others: others.map((other) => ({ ...other.definition.trigger, zone: other.zone }))
      } satisfies SchedulePreview.Question
    }).pipe(Effect.provide(TriggerLookup.layer(input.folder)))
    if (question.from >= question.to) return yield* new Misused({ message: "--from must lie before --to." })
    const plan = SchedulePreview.plan(question)
    if (input.json) return yield* Console.log(JSON.stringify(SchedulePreview.json(question, plan)))
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    const ink = canColor ? Ink.coloured : Ink.plain
    yield* Console.log(SchedulePreview.lines(question, plan, ink).join("\n"))
  })
).pipe(
  Command.withDescription(
    "Every time of a trigger in a range, by the planner that fires it, with a note where its clock is put forward or " +
      "back, and where runs would overlap: its own, by how long the last ones took, and those of other triggers with " +
      `the same overlap key. At most ${SchedulePreview.most} are told.`
  ),
  Command.withShortDescription("Every time of a trigger in a range"),
  Command.withExamples([{ command: "fibercast schedule preview report --from 2026-10-24 --to 2026-10-27" }])
)
