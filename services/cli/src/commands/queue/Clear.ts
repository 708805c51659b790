/**
 * `fibercast queue clear`: cancels what waits.
 */
import { Records } from "@fibercast/ports/Records"
import { Clock, Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { agreed } from "../../Agreed.ts"
import * as Figures from "../../Figures.ts"
import * as Lookup from "../../Lookup.ts"
import * as QueueFilter from "../../QueueFilter.ts"
import * as QueueMend from "../../QueueMend.ts"
import { folder, json } from "../../SendFlags.ts"

/** Deliveries cancelled in one transaction. */
const page = 2000

const deliveries = (count: number) => `${Figures.amount(count)} open ${count === 1 ? "delivery" : "deliveries"}`

export const clear = Command.make(
  "clear",
  {
    ...QueueFilter.workFlags,
    workspace: Flag.String("workspace").pipe(Flag.withMetavar("NAME"), Flag.withDescription("Whose work is cancelled")),
    note: Flag.String("note").pipe(
      Flag.withDefault("cleared by hand"),
      Flag.withDescription("Why; kept as the reason of each")
    ),
    yes: QueueMend.flags.yes,
    folder,
    json: json("Print one JSON object: how many were open, were cancelled, and are left")
  },
  Effect.fnUntraced(function* (given) {
    const input = { ...given, workspace: Option.some(given.workspace) }
    yield* Effect.gen(function* () {
      const records = yield* Records
      const filter = yield* QueueFilter.ofWork(input)
      const open = yield* records.countOpen(filter)
      const which = QueueFilter.words(input)
      if (open === 0) {
        if (input.json) return yield* Console.log(JSON.stringify({ open, cancelled: 0, left: 0 }))
        return yield* Console.log(`There is no open delivery${which}: nothing to cancel.`)
      }
      const question = `${deliveries(open)}${which} would be cancelled, but for those under way.`
      if (!(yield* agreed(question, input.yes))) return yield* Console.log("Nothing was changed.")
      let cancelled = 0
      // What is dispatched meanwhile is not meant: it must not go on for ever.
      while (cancelled < open) {
        const now = yield* Clock.currentTimeMillis
        const limit = Math.min(page, open - cancelled)
        const some = yield* records.clear({ filter, limit, reason: input.note, now })
        if (some === 0) break
        cancelled += some
      }
      const left = yield* records.countOpen(filter)
      if (input.json) return yield* Console.log(JSON.stringify({ open, cancelled, left }))
      const rest = left === 0 ? "" : ` ${Figures.amount(left)} are open: under way, or dispatched meanwhile.`
      yield* Console.log(`${Figures.amount(cancelled)} cancelled.${rest}`)
    }).pipe(Effect.provide(Lookup.layer(input.folder)))
  })
).pipe(
  Command.withDescription(
    "Cancel what waits in a workspace, all of it or what the flags have in common. What is under way is left to end by " +
      "itself. `fibercast queue retry --state cancelled` opens it again."
  ),
  Command.withShortDescription("Cancel what waits"),
  Command.withExamples([{ command: "fibercast queue clear --workspace school --lane bulk" }])
)
