/**
 * `fibercast queue prune`: drops final records that are older than they are kept.
 */
import { defaults } from "@fibercast/engine/EngineConfig"
import { Records } from "@fibercast/ports/Records"
import { Clock, Console, Duration, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import * as Figures from "../../Figures.ts"
import * as Lookup from "../../Lookup.ts"
import { folder, json, period } from "../../SendFlags.ts"

/** Rows deleted in one step. */
const page = 5000

export const prune = Command.make(
  "prune",
  {
    keep: period("keep").pipe(
      Flag.withDefault(Duration.millis(defaults.retention)),
      Flag.withDescription("How long to keep records of pipelines that do not say so themselves (default 30d)")
    ),
    folder,
    json: json("Print one JSON object: days, records, keys, batches, isMore")
  },
  Effect.fnUntraced(function* (input) {
    const otherwise = Duration.toMillis(input.keep)
    const pruned = yield* Effect.gen(function* () {
      const records = yield* Records
      let total = { days: 0, records: 0, keys: 0, batches: 0, isMore: false }
      for (;;) {
        const step = yield* records.prune({ now: yield* Clock.currentTimeMillis, otherwise, limit: page })
        if (step === null) return null
        const { batches, days, isMore, keys, records: rows } = step
        total = {
          days: total.days + days,
          records: total.records + rows,
          keys: total.keys + keys,
          batches: total.batches + batches,
          isMore
        }
        if (!isMore || days + rows + keys + batches === 0) return total
      }
    }).pipe(Effect.provide(Lookup.layer(input.folder)))
    if (input.json) return yield* Console.log(JSON.stringify(pruned))
    if (pruned === null) return yield* Console.log("Another process prunes at this moment: nothing is left to do here.")
    const { batches, days, isMore, keys, records } = pruned
    const parts = [
      ...(days > 0 ? [Figures.counted(days, "table") + " of whole days"] : []),
      ...(records > 0 ? [Figures.counted(records, "record")] : []),
      ...(keys > 0 ? [Figures.counted(keys, "key")] : []),
      ...(batches > 0 ? [`${Figures.amount(batches)} ${batches === 1 ? "batch" : "batches"}`] : [])
    ]
    const more = isMore ? " More is old, but was being read: prune again later." : ""
    yield* Console.log(
      `${parts.length === 0 ? "Nothing was older than it is kept." : `Dropped ${parts.join(", ")}.`}${more}`
    )
  })
).pipe(
  Command.withDescription(
    "Drop final records, attempts, keys and batches that are older than they are kept. Engines do so every hour by themselves; this " +
      "is for a database that no engine works on, or to keep less."
  ),
  Command.withShortDescription("Drop records that are older than they are kept")
)
