/**
 * `fibercast schedule list`: the triggers there are, and how they stand.
 */
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Console, Effect, Option } from "effect"
import { Command, Flag, TerminalCapabilities } from "effect/cli"
import { Hint } from "../../Hint.ts"
import * as Ink from "../../Ink.ts"
import * as ScheduleFlags from "../../ScheduleFlags.ts"
import * as ScheduleList from "../../ScheduleList.ts"
import * as SchedulerNotice from "../../SchedulerNotice.ts"
import * as SchedulerStanding from "../../SchedulerStanding.ts"
import { folder, json } from "../../SendFlags.ts"
import * as TerminalWidth from "../../TerminalWidth.ts"
import * as TriggerLookup from "../../TriggerLookup.ts"
import * as WorkspaceLookup from "../../WorkspaceLookup.ts"

/** Triggers whose last outcome is asked for at once. */
const atOnce = 4

/** Null: of every workspace. */
const read = Effect.fnUntraced(function* (workspace: string | null) {
  const store = yield* TriggerStore
  const workspaceId = workspace === null ? null : (yield* WorkspaceLookup.find(workspace)).id
  const triggers = yield* store.list({ workspaceId })
  const names = yield* TriggerLookup.workspaceNames(triggers)
  const tallies = yield* store.tallies({ workspaceId })
  const newest = yield* Effect.forEach(
    triggers,
    ({ id: triggerId }) => store.history({ triggerId, before: null, limit: 1 }),
    { concurrency: atOnce }
  )
  return triggers.map((trigger, at): ScheduleList.Listed => ({
    workspace: names.get(trigger.workspaceId) ?? "",
    trigger,
    last: newest[at]?.[0] ?? null,
    tallies: tallies.filter(({ triggerId }) => triggerId === trigger.id)
  }))
})

export const list = Command.make(
  "list",
  {
    next: Flag.Boolean("next").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Sort by the next time, and tell it to the second")
    ),
    counts: Flag.Boolean("counts").pipe(
      Flag.withDefault(false),
      Flag.withDescription("How often each came to which outcome, and why")
    ),
    zone: ScheduleFlags.zone.pipe(Flag.withDescription("Tell times in this zone (default: that of each trigger)")),
    workspace: Flag.String("workspace").pipe(
      Flag.optional,
      Flag.withMetavar("NAME"),
      Flag.withDescription("Only the triggers of this workspace (default: all)")
    ),
    environment: ScheduleFlags.environment,
    folder: folder,
    json: json("Print one JSON array; instants in UTC")
  },
  Effect.fnUntraced(
    function* (input) {
      const hint = yield* Hint
      const { rows, standing } = yield* Effect.all({
        rows: read(Option.getOrNull(input.workspace)),
        standing: SchedulerStanding.look()
      }).pipe(Effect.provide(TriggerLookup.layer(input.folder)))
      const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
      const ink = canColor ? Ink.coloured : Ink.plain
      const view: ScheduleList.View = {
        now: standing.now,
        environment: input.environment,
        // That none runs at all is said once.
        isAttended: (app) => !SchedulerNotice.isAttended(standing, null) || SchedulerNotice.isAttended(standing, app),
        zone: Option.getOrNull(input.zone),
        byNext: input.next,
        counts: input.counts,
        columns: yield* TerminalWidth.ofStdout
      }
      if (input.json) {
        const found = ScheduleList.sorted(rows, view).map((row) => ScheduleList.json(row, view))
        return yield* Console.log(JSON.stringify(found))
      }
      const notice = SchedulerNotice.lines(standing, hint.command)
      if (rows.length === 0) {
        return yield* Console.log(
          [
            ...notice.map(ink.yellow),
            "No triggers yet. Add one:",
            `  ${hint.command("schedule add hello --every 10s --pipeline PIPELINE")}`,
            "or bring those of your code:",
            `  ${hint.command("schedule work --app FILE")}`
          ].join("\n")
        )
      }
      const table = ScheduleList.lines(rows, view, ink)
      yield* Console.log([...notice.map(ink.yellow), ...(notice.length > 0 ? [""] : []), ...table].join("\n"))
    },
    (run, input) => Effect.provide(run, Hint.layer({ folder: input.folder, workspace: "default" }))
  )
).pipe(
  Command.withDescription(
    "The triggers of a workspace, or of all: when each fires, what it sets off, its next time, what became of the " +
      "last, and why it does not fire if it does not. The first line says so when no scheduler is running."
  ),
  Command.withShortDescription("Triggers and how they stand"),
  Command.withExamples([
    { command: "fibercast schedule list --next" },
    { command: "fibercast schedule list --workspace school --zone Asia/Jakarta --counts" }
  ])
)
