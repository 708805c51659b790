/**
 * Forgetting in memory what is older than it is kept.
 */
import { type Pruned } from "../Records.ts"
import { type MemoryState } from "./MemoryState.ts"

/** How long the ends of attempts are known to rate limits, in milliseconds: two days. */
const tallied = 2 * 86_400_000

export const prune = (
  { batches, ended, retention, workspaces }: MemoryState,
  { limit, now, otherwise }: { readonly now: number; readonly otherwise: number; readonly limit: number }
): Pruned => {
  const old = [...ended.all()].filter(
    ({ pipeline, settledAt }) => settledAt < now - (retention.get(pipeline) ?? otherwise)
  )
  for (const record of old.slice(0, limit)) ended.delete(record)
  for (const { attempts } of workspaces.values()) {
    const first = attempts.findIndex((at) => at >= now - tallied)
    attempts.splice(0, first < 0 ? attempts.length : first)
  }
  const over = [...batches.values()].filter(
    ({ counts, row: { endedAt } }) => counts.open === 0 && endedAt !== null && endedAt < now - otherwise
  )
  for (const { row } of over.slice(0, limit)) batches.delete(row.id)
  return {
    days: 0,
    records: Math.min(limit, old.length),
    keys: 0,
    batches: Math.min(limit, over.length),
    isMore: old.length > limit || over.length > limit
  }
}
