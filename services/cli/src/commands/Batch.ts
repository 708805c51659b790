/**
 * `fibercast batch …`: looking at batches and ending them, also while another process works them.
 */

import { type Batch, BatchStore } from "@fibercast/ports/BatchStore"
import { Clock, Console, Effect, Option, Schema } from "effect"
import { Argument, Command, Flag, TerminalCapabilities } from "effect/cli"
import * as BatchTable from "../BatchTable.ts"
import * as Figures from "../Figures.ts"
import * as Ink from "../Ink.ts"
import * as Lookup from "../Lookup.ts"
import { Screen } from "../Screen.ts"
import { folder, json, workspace } from "../SendFlags.ts"
import * as WorkspaceLookup from "../WorkspaceLookup.ts"

/** The batch stands where it cannot be cancelled. */
export class NotCancelled extends Schema.TaggedError<NotCancelled>()("NotCancelled", { message: Schema.String }) {}

const place = {
  workspace: workspace.pipe(Flag.withDescription("The workspace that the batch belongs to")),
  folder
}
const one = {
  id: Argument.Int("id").pipe(
    Argument.filter(
      (id) => id > 0,
      () => "Expected the number of a batch, from 1"
    ),
    Argument.withDescription("The batch's number")
  ),
  ...place
}

const ink = Effect.map(TerminalCapabilities.TerminalCapabilities, ({ canColor }) =>
  canColor ? Ink.coloured : Ink.plain
)

const print = (lines: ReadonlyArray<string>) => Console.log(lines.join("\n"))

const printJson = (batch: Batch) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => Console.log(JSON.stringify(BatchTable.json(batch, now))))

const list = Command.make(
  "list",
  {
    ...place,
    limit: Flag.Int("limit").pipe(
      Flag.filter(
        (limit) => limit > 0 && limit <= 10_000,
        () => "Expected 1 to 10000"
      ),
      Flag.withDefault(20),
      Flag.withDescription("How many, the newest first (default 20)")
    ),
    json: json("Print one JSON array")
  },
  Effect.fnUntraced(function* (input) {
    const batches = yield* Effect.gen(function* () {
      const workspaceId = (yield* WorkspaceLookup.find(input.workspace)).id
      return yield* (yield* BatchStore).list({ workspaceId, before: null, limit: input.limit })
    }).pipe(Effect.provide(Lookup.layer(input.folder)))
    const now = yield* Clock.currentTimeMillis
    if (input.json) return yield* Console.log(JSON.stringify(batches.map((batch) => BatchTable.json(batch, now))))
    yield* print(batches.length === 0 ? ["No batches yet."] : BatchTable.lines(batches))
  })
).pipe(Command.withDescription("Batches and chains and how they stand, the newest first"))

/** Milliseconds between two looks, and between two plain lines. */
const liveLook = 250
const plainLine = 2000

/** Shows how it goes until it is over; answers it then. */
const watch = Effect.fnUntraced(function* (first: Batch) {
  const batches = yield* BatchStore
  const screen = yield* Screen
  let batch = first
  for (;;) {
    if (batch.endedAt !== null) {
      yield* screen.draw([])
      return batch
    }
    const now = yield* Clock.currentTimeMillis
    if (screen.live) yield* screen.draw(BatchTable.view(batch, now, screen.ink, yield* screen.columns))
    else yield* screen.say(BatchTable.line(batch, now))
    yield* Effect.sleep(screen.live ? liveLook : plainLine)
    batch = yield* batches.get(batch.workspaceId, batch.id)
  }
})

const show = Command.make(
  "show",
  {
    ...one,
    watch: Flag.Boolean("watch").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Show how it goes until it is over, and then everything")
    ),
    json: json("Print one JSON object, the last line of stdout")
  },
  Effect.fnUntraced(function* (input) {
    const batch = yield* Lookup.batch(input.workspace, input.id).pipe(
      Effect.flatMap((found) => (input.watch ? watch(found) : Effect.succeed(found))),
      Effect.provide(Lookup.layer(input.folder)),
      Effect.provide(Screen.layer({ quiet: input.json }))
    )
    if (input.json) return yield* printJson(batch)
    yield* print(BatchTable.full(batch, yield* Clock.currentTimeMillis, yield* ink))
  })
).pipe(Command.withDescription("Everything about one batch"))

const cancel = Command.make(
  "cancel",
  {
    ...one,
    note: Flag.String("note").pipe(Flag.optional, Flag.withDescription("Why; shown wherever the batch is")),
    json: json("Print one JSON object")
  },
  Effect.fnUntraced(function* (input) {
    const { after, before } = yield* Effect.gen(function* () {
      const before = yield* Lookup.batch(input.workspace, input.id)
      const { id: batchId, workspaceId } = before
      const reason = Option.match(input.note, { onNone: () => "by hand", onSome: (note) => `by hand: ${note}` })
      const now = yield* Clock.currentTimeMillis
      const after = yield* (yield* BatchStore).cancel({ workspaceId, batchId, reason, now })
      return { after, before }
    }).pipe(Effect.provide(Lookup.layer(input.folder)))
    const { counts, id, status } = after
    if (input.json) yield* printJson(after)
    if (before.status !== "running" || status !== "cancelled") {
      return yield* new NotCancelled({ message: `Batch ${id} is ${status}; there is nothing to cancel.` })
    }
    if (input.json) return
    const left = counts.open === 0 ? "" : ` ${Figures.counted(counts.open, "job")} that had begun will be stopped.`
    yield* Console.log(`Batch ${id} is cancelled: ${Figures.amount(counts.completed)} done.${left}`)
  })
).pipe(Command.withDescription("End a batch: what of it has not begun never does, what runs is stopped"))

export const command = Command.make("batch").pipe(
  Command.withDescription("Look at batches and chains of background jobs, and end them"),
  Command.withSubcommands([list, show, cancel])
)
