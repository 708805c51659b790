/**
 * `fibercast queue show`: all that is known of one delivery.
 */
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Console, Effect } from "effect"
import { Command, Flag, TerminalCapabilities } from "effect/cli"
import * as Ink from "../../Ink.ts"
import * as Lookup from "../../Lookup.ts"
import * as QueueLookup from "../../QueueLookup.ts"
import * as RecordText from "../../RecordText.ts"
import { folder, json } from "../../SendFlags.ts"

export const show = Command.make(
  "show",
  {
    id: QueueLookup.id,
    full: Flag.Boolean("full").pipe(
      Flag.withDefault(false),
      Flag.withDescription(`Print the whole payload (default: its first ${RecordText.payloadShown} characters)`)
    ),
    folder,
    json: json("Print one JSON object, payload and tries included; instants in UTC")
  },
  Effect.fnUntraced(function* (input) {
    const { found, workspace } = yield* Effect.gen(function* () {
      const found = yield* QueueLookup.find(input.id)
      return { found, workspace: yield* (yield* WorkspaceStore).get(found.record.workspaceId) }
    }).pipe(Effect.provide(Lookup.layer(input.folder)))
    if (input.json) {
      const attempts = found.attempts.map(RecordText.attemptJson)
      return yield* Console.log(JSON.stringify({ ...RecordText.json(found.record, workspace.name), attempts }))
    }
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    const ink = canColor ? Ink.coloured : Ink.plain
    const now = yield* Clock.currentTimeMillis
    yield* Console.log(RecordText.full(found, workspace, now, input.full, ink).join("\n"))
  })
).pipe(
  Command.withDescription(
    "All that is known of a delivery: how it stands and why, its times on its workspace's clock, who holds it, the tries " +
      "that did not complete, and its payload."
  ),
  Command.withShortDescription("All that is known of one delivery"),
  Command.withExamples([{ command: "fibercast queue show 4711" }])
)
