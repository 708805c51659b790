/**
 * `fibercast schedule backfill`: runs for times that have passed without one.
 */
import * as OccurrenceOutcome from "@fibercast/domain/OccurrenceOutcome"
import * as Planner from "@fibercast/domain/Planner"
import { BackfillTooLarge, maxBackfill, Triggers } from "@fibercast/engine/Triggers"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { agreed } from "../../Agreed.ts"
import * as ClockText from "../../ClockText.ts"
import { Misused } from "../../Ending.ts"
import * as Figures from "../../Figures.ts"
import { Hint } from "../../Hint.ts"
import * as ScheduleFlags from "../../ScheduleFlags.ts"
import * as SchedulerNotice from "../../SchedulerNotice.ts"
import * as SchedulerStanding from "../../SchedulerStanding.ts"
import { folder } from "../../SendFlags.ts"
import * as TriggerLookup from "../../TriggerLookup.ts"

interface Range {
  readonly from: number
  readonly to: number
}

/** How many times of the range have passed, and how many of those have run or will. */
const count = Effect.fnUntraced(function* (trigger: StoredTrigger, { from, to }: Range) {
  const { cursor, definition, id: triggerId, zone } = trigger
  let planned = 0
  for (const _ of Planner.occurrences({ ...definition.trigger, zone }, from, Math.min(to, cursor))) {
    planned += 1
    if (planned > maxBackfill) return yield* new BackfillTooLarge({ name: definition.trigger.name })
  }
  const recorded = yield* (yield* TriggerStore).history({ triggerId, before: to, limit: 2 * maxBackfill })
  const ran = recorded.filter(
    ({ nominal, outcome, reason }) =>
      nominal >= from && reason !== "test" && (OccurrenceOutcome.ran(outcome) || outcome === "waiting")
  ).length
  return { planned, ran: Math.min(ran, planned) }
})

export const backfill = Command.make(
  "backfill",
  {
    name: ScheduleFlags.name,
    workspace: ScheduleFlags.workspace,
    folder,
    from: ScheduleFlags.instant("from").pipe(
      Flag.withDescription("The first time, in UTC or as the trigger's wall clock shows it")
    ),
    to: ScheduleFlags.instant("to").pipe(Flag.withDescription("Where it ends; this time is not included")),
    yes: Flag.Boolean("yes").pipe(Flag.withDefault(false), Flag.withDescription("Do not ask"))
  },
  Effect.fnUntraced(
    function* ({ folder, name, workspace, yes, ...given }) {
      const hint = yield* Hint
      yield* Effect.gen(function* () {
        const { trigger, workspaceId } = yield* TriggerLookup.find(workspace, name)
        const { zone } = trigger
        const range = { from: ScheduleFlags.at(given.from, zone), to: ScheduleFlags.at(given.to, zone) }
        if (range.from >= range.to) return yield* new Misused({ message: "--from must lie before --to." })
        const { planned, ran } = yield* count(trigger, range)
        const between = `from ${ClockText.full(range.from, zone)} to ${ClockText.full(range.to, zone)}`
        if (planned === ran) {
          const all = planned === 0 ? "no time of it has passed" : `all ${Figures.amount(planned)} have run`
          return yield* Console.log(`There is nothing to run of ${name} ${between}: ${all}.`)
        }
        const left = ran === 0 ? "" : ` (${Figures.amount(ran)} have run and are left alone)`
        const question = `${name} would run ${Figures.counted(planned - ran, "time")} ${between}${left}.`
        if (!(yield* agreed(question, yes))) return yield* Console.log("Nothing was asked for.")
        const { asked } = yield* (yield* Triggers).backfill(workspaceId, name, range)
        yield* Console.log(
          `${Figures.counted(asked.length, "run")} of ${name} will follow one another. \`${hint.command(`schedule history ${name}`)}\` shows them.`
        )
        const notice = SchedulerNotice.lines(yield* SchedulerStanding.look(), hint.command)
        if (notice.length > 0) yield* Console.error(notice.join("\n"))
      }).pipe(Effect.provide(TriggerLookup.layer(folder)))
    },
    (run, { folder }) => Effect.provide(run, Hint.layer({ folder, workspace: "default" }))
  )
).pipe(
  Command.withDescription(
    "Have a trigger run for each of its times in a range that has passed and has not run. The runs follow one another, " +
      "the oldest first, whatever its overlap rule; each is told the time it is for."
  ),
  Command.withShortDescription("Run what was missed in a range"),
  Command.withExamples([{ command: "fibercast schedule backfill report --from 2026-11-01 --to 2026-11-08 --yes" }])
)
