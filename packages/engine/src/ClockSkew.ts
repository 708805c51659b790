/**
 * Clock skew is by how much this machine's clock is ahead of the one that all nodes share, the registry's.
 */
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { Clock, Effect } from "effect"

/** The quickest of so many answers counts: it says the most. */
const rounds = 5

/** Milliseconds, right to half of the quickest round trip; negative: behind. */
export const measure: Effect.Effect<number, LedgerUnavailable, NodeRegistry> = Effect.gen(function* () {
  const registry = yield* NodeRegistry
  const clock = yield* Clock.Clock
  let best = { spent: Infinity, ahead: 0 }
  for (let round = 0; round < rounds; round++) {
    const asked = clock.currentTimeMillisUnsafe()
    const began = clock.monotonicTimeNanosUnsafe()
    const shared = yield* registry.clock
    const spent = Number(clock.monotonicTimeNanosUnsafe() - began) / 1e6
    if (spent < best.spent) best = { spent, ahead: Math.round(asked + spent / 2 - shared) }
  }
  return best.ahead
}).pipe(Effect.withSpan("ClockSkew.measure"))
