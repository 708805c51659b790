/**
 * The pruner drops final records that are older than they are kept, and batches that were over as long ago. Every engine has one; together they do no more than
 * one: while one is at it, the others have nothing to do.
 *
 * At start it says how long the records of its own pipelines are kept. Then it prunes every `EngineConfig.prune`,
 * beginning somewhere within the first tenth of that, so that nodes which start together do not begin together; in
 * steps, with a pause after each, so that the drain goes on beside it.
 */
import { Records } from "@fibercast/ports/Records"
import { Clock, Effect, Layer, Random } from "effect"
import { EngineConfig } from "./EngineConfig.ts"
import { untilReachable } from "./Ownership.ts"
import { type PipelineOptions } from "./Runnable.ts"
import { Pipelines } from "./Pipelines.ts"

/** Rows deleted in one step. */
const step = 5000

/** Milliseconds between steps; and before a look at what was in the way, where no row was to be deleted. */
const pause = 200
const patience = 60_000

/** With `none` there is no record of what completed; what did not is kept as long as others. */
const retentionOf = (options: PipelineOptions | undefined): number | null => {
  const retention = options?.retention ?? null
  return retention === "none" ? null : retention === "for ever" ? Infinity : retention
}

/** Until there is nothing left to prune, or another prunes. */
const pruneAll = Effect.gen(function* () {
  const records = yield* Records
  const { retention: otherwise } = yield* EngineConfig
  for (;;) {
    const pruned = yield* records.prune({ now: yield* Clock.currentTimeMillis, otherwise, limit: step })
    if (pruned === null || !pruned.isMore) return
    const { batches, days, keys, records: rows } = pruned
    yield* Effect.sleep(rows + keys + days + batches > 0 ? pause : patience)
  }
})

const calmly = (effect: Effect.Effect<void>) =>
  Effect.catchDefect(effect, (defect) => Effect.logError("pruning crashed", defect))

/** Runs until interrupted. A crash of it ends this one time, and is logged. */
export const run: Effect.Effect<never, never, Records | Pipelines> = Effect.gen(function* () {
  const { prune } = yield* EngineConfig
  const { names, options } = yield* Pipelines
  const records = yield* Records
  const kept = names.map((pipeline) => ({ pipeline, retention: retentionOf(options(pipeline)) }))
  yield* calmly(untilReachable(records.retain(kept)))
  yield* Effect.sleep((yield* Random.next) * (prune / 10))
  for (;;) {
    yield* calmly(Effect.provideService(untilReachable(pruneAll), Records, records))
    yield* Effect.sleep(prune)
  }
})

/** Runs while the layer is in scope. */
export const layer: Layer.Layer<never, never, Records | Pipelines> = Layer.effectDiscard(Effect.forkScoped(run))
