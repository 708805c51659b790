/**
 * `fibercast queue stats`: how much work there is, and how it comes and goes.
 */
import { Records } from "@fibercast/ports/Records"
import { Clock, Console, Effect, Option } from "effect"
import { Command, TerminalCapabilities } from "effect/cli"
import * as DepthTable from "../../DepthTable.ts"
import * as Ink from "../../Ink.ts"
import * as Lookup from "../../Lookup.ts"
import * as QueueFilter from "../../QueueFilter.ts"
import * as QueueLookup from "../../QueueLookup.ts"
import { folder, json } from "../../SendFlags.ts"
import * as TerminalWidth from "../../TerminalWidth.ts"

const minute = 60_000
const hour = 3_600_000

const { lane, pipeline, workspace } = QueueFilter.workFlags

export const stats = Command.make(
  "stats",
  { workspace, pipeline, lane, folder, json: json("Print one JSON array; instants in UTC") },
  Effect.fnUntraced(function* (input) {
    const now = yield* Clock.currentTimeMillis
    const rows = yield* Effect.gen(function* () {
      const records = yield* Records
      const filter = yield* QueueFilter.ofWork({ ...input, campaign: Option.none(), tag: Option.none() })
      const { workspaceId } = filter
      const isAsked = (row: { readonly pipeline: string; readonly lane: string | null }) =>
        (filter.pipeline === undefined || row.pipeline === filter.pipeline) &&
        (filter.lane === undefined || row.lane === filter.lane)
      const since = (span: number) => records.passages({ workspaceId, from: now - span, until: now })
      const found = {
        depths: (yield* records.depths({ workspaceId, now })).filter(isAsked),
        minute: (yield* since(minute)).filter(isAsked),
        hour: (yield* since(hour)).filter(isAsked)
      }
      const workspaces = yield* QueueLookup.workspacesOf([...found.depths, ...found.hour])
      return DepthTable.rowsOf(found, (id) => workspaces.get(id)?.name ?? String(id))
    }).pipe(Effect.provide(Lookup.layer(input.folder)))
    if (input.json) return yield* Console.log(JSON.stringify(rows.map(DepthTable.json)))
    if (rows.length === 0) {
      return yield* Console.log(
        `Nothing is open${QueueFilter.words({ ...input, campaign: Option.none(), tag: Option.none() })}, and nothing came or ended within the hour.`
      )
    }
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    const ink = canColor ? Ink.coloured : Ink.plain
    yield* Console.log(DepthTable.lines(rows, now, yield* TerminalWidth.ofStdout, ink).join("\n"))
  })
).pipe(
  Command.withDescription(
    "Work by workspace, lane and pipeline: what is open, due and under way, how long the first has waited, when the next " +
      "is due; and what came, ended and failed (or is in doubt) in the last minute and the last hour."
  ),
  Command.withShortDescription("How much work there is, and how it comes and goes"),
  Command.withExamples([{ command: "fibercast queue stats --workspace school" }])
)
