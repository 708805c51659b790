/**
 * Recording what was decided: together, or one by one where the store does not take all of it, so that an advance that
 * it refuses keeps no other from being written.
 */
import { type TriggerId } from "@fibercast/domain/TriggerId"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type Advance, TriggerStore } from "@fibercast/ports/TriggerStore"
import { Effect, Result } from "effect"

export interface Recorded {
  readonly written: ReadonlySet<TriggerId>
  /** Those that the store, which can be reached, does not take; and why. */
  readonly refused: ReadonlyMap<TriggerId, string>
  /** It could not be reached in the end; null: it could. What was written before still stands. */
  readonly failure: LedgerUnavailable | null
}

const nothing: Recorded = { written: new Set(), refused: new Map(), failure: null }

/** Why the store cannot be reached; null: it can. */
const unreachable = Effect.fnUntraced(function* () {
  const probed = yield* Effect.result((yield* TriggerStore).maintenance)
  return Result.isFailure(probed) ? probed.failure : null
})

const oneByOne = Effect.fnUntraced(function* (now: number, advances: ReadonlyArray<Advance>) {
  const store = yield* TriggerStore
  const written = new Set<TriggerId>()
  const refused = new Map<TriggerId, string>()
  for (const advance of advances) {
    const tried = yield* Effect.result(store.record({ now, advances: [advance] }))
    if (Result.isSuccess(tried)) {
      for (const id of tried.success) written.add(id)
      continue
    }
    const failure = yield* unreachable()
    if (failure !== null) return { written, refused, failure }
    refused.set(advance.triggerId, tried.failure.message)
  }
  return { written, refused, failure: null }
})

/** Fails when nothing is known to be written. */
export const record = Effect.fnUntraced(function* (
  now: number,
  advances: ReadonlyArray<Advance>
): Effect.fn.Return<Recorded, LedgerUnavailable, TriggerStore> {
  if (advances.length === 0) return nothing
  const store = yield* TriggerStore
  const together = yield* Effect.result(store.record({ now, advances }))
  if (Result.isSuccess(together)) return { ...nothing, written: new Set(together.success) }
  if ((yield* unreachable()) !== null) return yield* together.failure
  return yield* oneByOne(now, advances)
})
