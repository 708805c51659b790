/**
 * `fibercast queue failed`: what failed, and why.
 */
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { Records } from "@fibercast/ports/Records"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Console, Effect, FileSystem, Option, Stream } from "effect"
import { Command, Flag, TerminalCapabilities } from "effect/cli"
import { Misused } from "../../Ending.ts"
import * as FileTrouble from "../../FileTrouble.ts"
import * as Figures from "../../Figures.ts"
import { Hint } from "../../Hint.ts"
import * as Ink from "../../Ink.ts"
import * as Lookup from "../../Lookup.ts"
import * as QueueFilter from "../../QueueFilter.ts"
import * as QueueLookup from "../../QueueLookup.ts"
import * as RecordCsv from "../../RecordCsv.ts"
import * as RecordText from "../../RecordText.ts"
import { folder, json } from "../../SendFlags.ts"
import * as StandardOutput from "../../StandardOutput.ts"
import * as TerminalWidth from "../../TerminalWidth.ts"

/** What is meant unless a state is named: what failed for good, and what may have been sent. */
const usual: ReadonlyArray<FinalState> = ["failed", "unknown"]

const shown = 50

/** Answers how many lines there are, its header aside. */
const writeFile = Effect.fnUntraced(function* <E, R>(file: string, text: Stream.Stream<string, E, R>) {
  const files = yield* FileSystem.FileSystem
  const trouble = Effect.mapError(FileTrouble.because(file))
  const encoder = new TextEncoder()
  let count = -1
  yield* Effect.scoped(
    Effect.gen(function* () {
      const out = yield* files.open(file, { flag: "w" }).pipe(trouble)
      yield* Stream.runForEachArray(text, (lines) => {
        count += lines.length
        return out.writeAll(encoder.encode(lines.join(""))).pipe(trouble)
      })
    })
  )
  return count
})

export const failed = Command.make(
  "failed",
  {
    ...QueueFilter.endedFlags,
    state: QueueFilter.endedFlags.state.pipe(Flag.withDescription("That ended so (default failed and unknown)")),
    limit: Flag.Int("limit").pipe(
      Flag.filter(
        (limit) => limit > 0,
        () => "Expected 1 or more"
      ),
      Flag.optional,
      Flag.withDescription(`How many, by number (default ${shown}; with --csv all)`)
    ),
    csv: Flag.String("csv").pipe(
      Flag.optional,
      Flag.withMetavar("FILE"),
      Flag.withDescription("Write them to this file as CSV, with the rows they came from; - is stdout")
    ),
    folder,
    json: json("Print one JSON object a line; instants in UTC")
  },
  Effect.fnUntraced(
    function* (input) {
      if (input.json && Option.isSome(input.csv)) {
        return yield* new Misused({ message: "--json and --csv exclude each other." })
      }
      const { command } = yield* Hint
      const now = yield* Clock.currentTimeMillis
      yield* Effect.gen(function* () {
        const filter = yield* QueueFilter.ofEnded(input, usual, now)
        if (Option.isSome(input.csv)) {
          const text = RecordCsv.text(filter, Option.getOrUndefined(input.limit))
          if (input.csv.value === "-") return yield* StandardOutput.print(text)
          const count = yield* writeFile(input.csv.value, text)
          return yield* Console.log(`${Figures.counted(count, "row")} in ${input.csv.value}`)
        }
        const limit = Option.getOrElse(input.limit, () => shown)
        const records = yield* Records
        const rows = yield* Stream.runCollect(RecordCsv.rows(filter, limit))
        const workspaces = yield* QueueLookup.workspacesOf(rows)
        if (input.json) {
          const objects = rows.map((row) => RecordText.json(row, workspaces.get(row.workspaceId)?.name ?? ""))
          return yield* StandardOutput.print(
            Stream.map(Stream.fromIterable(objects), (row) => `${JSON.stringify(row)}\n`)
          )
        }
        if (rows.length === 0) return yield* Console.log(`${QueueFilter.none(filter.states, input)}.`)
        const all = rows.length < limit ? rows.length : yield* records.countEnded(filter)
        const zone =
          Option.isSome(input.workspace) && filter.workspaceId !== null
            ? (yield* (yield* WorkspaceStore).get(filter.workspaceId)).zone
            : "UTC"
        const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
        const ink = canColor ? Ink.coloured : Ink.plain
        const more = all > rows.length ? ` The first ${rows.length} are shown; --limit or --csv FILE has more.` : ""
        const [first] = rows
        yield* Console.log(
          [
            ...RecordText.lines(rows, zone, yield* TerminalWidth.ofStdout, ink),
            "",
            `${QueueFilter.counted(all, filter.states, input)}.${more}`,
            ...(first === undefined ? [] : [`\`${command(`queue show ${first.id}`)}\` tells all of one.`])
          ].join("\n")
        )
      }).pipe(Effect.provide(Lookup.layer(input.folder)))
    },
    (run, { folder }) => Effect.provide(run, Hint.layer({ folder, workspace: "default" }))
  )
).pipe(
  Command.withDescription(
    "What failed for good or is in doubt, by number: when, of which pipeline and campaign, what kind of failure, after how " +
      "many tries, and why. As CSV with the rows it came from, to be mended and sent again."
  ),
  Command.withShortDescription("What failed, and why"),
  Command.withExamples([
    { command: "fibercast queue failed --since 1h" },
    { command: "fibercast queue failed --campaign 7 --csv failed.csv" }
  ])
)
