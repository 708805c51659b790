/**
 * `fibercast queue retry`: what failed is tried again.
 */
import { Records } from "@fibercast/ports/Records"
import { Clock, Console, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { agreed } from "../../Agreed.ts"
import * as Figures from "../../Figures.ts"
import * as Lookup from "../../Lookup.ts"
import * as QueueFilter from "../../QueueFilter.ts"
import * as QueueLookup from "../../QueueLookup.ts"
import * as QueueMend from "../../QueueMend.ts"
import { folder, json } from "../../SendFlags.ts"

const tellUnattended = Effect.flatMap(QueueMend.unattended, (notice) =>
  notice === null ? Effect.void : Console.error(notice)
)

export const retry = Command.make(
  "retry",
  {
    ids: QueueLookup.id.pipe(Argument.variadic()),
    ...QueueFilter.endedFlags,
    state: QueueFilter.endedFlags.state.pipe(
      Flag.withDescription(
        "That ended so (default failed). unknown: nobody knows whether they were sent, and they may be sent twice"
      )
    ),
    ...QueueMend.flags,
    folder,
    json: json("Print one JSON object: how many matched, and how many are open again")
  },
  Effect.fnUntraced(function* (input) {
    yield* QueueMend.check("retry", input)
    const now = yield* Clock.currentTimeMillis
    yield* Effect.gen(function* () {
      if (input.ids.length > 0) {
        const { left, opened } = yield* QueueMend.retryNamed(input.ids, input.state, now)
        if (input.json) yield* Console.log(JSON.stringify({ matched: input.ids.length, retried: opened.length }))
        else if (opened.length > 0) {
          yield* Console.log(`Open again, to be tried now: ${opened.join(", ")}.`)
        }
        if (opened.length > 0) yield* tellUnattended
        if (left.length > 0) return yield* new QueueMend.LeftAsTheyAre({ left })
        return
      }
      const filter = yield* QueueFilter.ofEnded(input, ["failed"], now)
      const matched = yield* (yield* Records).countEnded(filter)
      if (matched === 0) {
        if (input.json) return yield* Console.log(JSON.stringify({ matched, retried: 0 }))
        return yield* Console.log(`${QueueFilter.none(filter.states, input)}: nothing to retry.`)
      }
      const doubt = Option.contains(input.state, "unknown")
        ? ` ${matched === 1 ? "It" : "Each of them"} may have been sent, and would be sent a second time then.`
        : ""
      const question = `${QueueFilter.counted(matched, filter.states, input)} would be tried again.${doubt}`
      if (!(yield* agreed(question, input.yes))) return yield* Console.log("Nothing was changed.")
      const retried = yield* QueueMend.retryAll(filter, now)
      if (input.json) return yield* Console.log(JSON.stringify({ matched, retried }))
      const left =
        retried < matched
          ? ` ${Figures.amount(matched - retried)} were left: of a cancelled campaign, never to be sent, or opened by another.`
          : ""
      yield* Console.log(`${Figures.amount(retried)} open again, to be tried now.${left}`)
      if (retried > 0) yield* tellUnattended
    }).pipe(Effect.provide(Lookup.layer(input.folder)))
  })
).pipe(
  Command.withDescription(
    "Try again what failed, by number or all that the flags have in common: due now, with all its tries, and without the " +
      "deadline it had. A campaign that had completed goes on. A node that runs takes it within seconds."
  ),
  Command.withShortDescription("Try again what failed"),
  Command.withExamples([
    { command: "fibercast queue retry 4711 4712" },
    { command: "fibercast queue retry --campaign 7 --class transient" },
    { command: "fibercast queue retry --pipeline invoices.make --since 1h --yes" }
  ])
)
