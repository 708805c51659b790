/**
 * `fibercast queue forget` and `flush`: what failed is not kept to be retried.
 */
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { Records } from "@fibercast/ports/Records"
import { Clock, Console, Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { agreed } from "../../Agreed.ts"
import * as Lookup from "../../Lookup.ts"
import * as QueueFilter from "../../QueueFilter.ts"
import * as QueueLookup from "../../QueueLookup.ts"
import * as QueueMend from "../../QueueMend.ts"
import { folder, json } from "../../SendFlags.ts"

const shared = {
  ...QueueFilter.endedFlags,
  state: QueueFilter.endedFlags.state.pipe(Flag.withDescription("That ended so (default failed)")),
  yes: QueueMend.flags.yes,
  folder,
  json: json("Print one JSON object: how many matched, and how many are forgotten")
}

/** What is meant unless a state is named. */
const usual: ReadonlyArray<FinalState> = ["failed"]

const forgetAll = Effect.fnUntraced(function* (
  input: QueueFilter.EndedInput & { readonly yes: boolean; readonly json: boolean }
) {
  const now = yield* Clock.currentTimeMillis
  const filter = yield* QueueFilter.ofEnded(input, usual, now)
  const matched = yield* (yield* Records).countEnded(filter)
  if (matched === 0) {
    if (input.json) return yield* Console.log(JSON.stringify({ matched, forgotten: 0 }))
    return yield* Console.log(`${QueueFilter.none(filter.states, input)}: nothing to forget.`)
  }
  const question =
    `${QueueFilter.counted(matched, filter.states, input)} would be forgotten: ` +
    "their payloads and reasons are deleted for good, and they cannot be retried."
  if (!(yield* agreed(question, input.yes))) return yield* Console.log("Nothing was changed.")
  const forgotten = yield* QueueMend.forgetAll(filter)
  if (input.json) return yield* Console.log(JSON.stringify({ matched, forgotten }))
  yield* Console.log(`Forgotten: ${QueueFilter.counted(forgotten, filter.states, input)}.`)
})

export const forget = Command.make(
  "forget",
  { ids: QueueLookup.id.pipe(Argument.variadic()), ...shared, all: QueueMend.flags.all },
  Effect.fnUntraced(function* (input) {
    yield* QueueMend.check("forget", input)
    yield* Effect.gen(function* () {
      if (input.ids.length === 0) return yield* forgetAll(input)
      const { forgotten, left } = yield* QueueMend.forgetNamed(input.ids)
      if (input.json) yield* Console.log(JSON.stringify({ matched: input.ids.length, forgotten }))
      else if (forgotten > 0) yield* Console.log(`Forgotten: ${forgotten} of ${input.ids.length}.`)
      if (left.length > 0) return yield* new QueueMend.LeftAsTheyAre({ left })
    }).pipe(Effect.provide(Lookup.layer(input.folder)))
  })
).pipe(
  Command.withDescription(
    "Forget what failed, by number or all that the flags have in common: payloads and reasons are deleted, and it cannot " +
      "be retried any more. That it failed, and the counts of its campaign, stay."
  ),
  Command.withShortDescription("Delete what failed deliveries carry"),
  Command.withExamples([{ command: "fibercast queue forget 4711" }, { command: "fibercast queue forget --campaign 7" }])
)

export const flush = Command.make("flush", shared, (input) =>
  Effect.provide(forgetAll(input), Lookup.layer(input.folder))
).pipe(
  Command.withDescription("Forget all that failed, or all of that which the flags have in common; see `forget`"),
  Command.withShortDescription("Forget all that failed"),
  Command.withExamples([{ command: "fibercast queue flush --workspace school --yes" }])
)
