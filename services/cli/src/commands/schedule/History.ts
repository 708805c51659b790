/**
 * `fibercast schedule history`: what became of the occurrences of one trigger.
 */
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Console, Effect, Option, Schema } from "effect"
import { Command, Flag, TerminalCapabilities } from "effect/cli"
import * as ClockText from "../../ClockText.ts"
import * as Ink from "../../Ink.ts"
import * as ScheduleFlags from "../../ScheduleFlags.ts"
import * as ScheduleHistory from "../../ScheduleHistory.ts"
import { folder, json } from "../../SendFlags.ts"
import * as TerminalWidth from "../../TerminalWidth.ts"
import * as TriggerLookup from "../../TriggerLookup.ts"

/** Nothing is recorded for that time. */
export class NoOccurrence extends Schema.TaggedError<NoOccurrence>()("NoOccurrence", { message: Schema.String }) {}

export const history = Command.make(
  "history",
  {
    name: ScheduleFlags.name,
    workspace: ScheduleFlags.workspace,
    folder,
    limit: ScheduleFlags.limit(20),
    output: Flag.Boolean("output").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Print the whole output of the newest run, or of the one --at a time")
    ),
    at: ScheduleFlags.instant("at").pipe(
      Flag.optional,
      Flag.withDescription("With --output: the time the run was due, in UTC or as the trigger's wall clock shows it")
    ),
    json: json("Print one JSON array; instants in UTC")
  },
  Effect.fnUntraced(function* (input) {
    const { name } = input
    const { newest, trigger } = yield* Effect.gen(function* () {
      const { trigger } = yield* TriggerLookup.find(input.workspace, name)
      const at = ScheduleFlags.optionalAt(input.at, trigger.zone)
      const store = yield* TriggerStore
      // Times are told to the second, and so may be asked for.
      const before = at === null ? null : at + 1000
      const newest = yield* store.history({ triggerId: trigger.id, before, limit: input.limit })
      return { trigger, newest: at === null ? newest : newest.filter(({ nominal }) => nominal >= at) }
    }).pipe(Effect.provide(TriggerLookup.layer(input.folder)))
    if (input.output) {
      const wanted = Option.isSome(input.at) ? newest[0] : newest.find(({ output }) => output !== null)
      if (wanted === undefined) {
        const when = Option.isSome(input.at) ? `for ${input.at.value}` : `in the last ${input.limit}`
        return yield* new NoOccurrence({ message: `${name} has no run with output ${when}.` })
      }
      return yield* Console.log(wanted.output ?? "")
    }
    if (input.json) return yield* Console.log(JSON.stringify(newest.map(ScheduleHistory.json)))
    if (newest.length === 0) {
      const next = trigger.nextDue === null ? "" : ` It is due ${ClockText.full(trigger.nextDue, trigger.zone)}.`
      return yield* Console.log(`Nothing is recorded of ${name} yet.${next}`)
    }
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    const columns = yield* TerminalWidth.ofStdout
    const ink = canColor ? Ink.coloured : Ink.plain
    yield* Console.log(ScheduleHistory.lines(newest, trigger.zone, columns, ink).join("\n"))
  })
).pipe(
  Command.withDescription(
    "What became of each occurrence of a trigger, the newest first: its outcome and why, how late it was, how its run " +
      "ended, how long it took, and what it said."
  ),
  Command.withShortDescription("What became of a trigger's occurrences"),
  Command.withExamples([
    { command: "fibercast schedule history sessions.expire --limit 5" },
    { command: "fibercast schedule history sessions.expire --output" }
  ])
)
