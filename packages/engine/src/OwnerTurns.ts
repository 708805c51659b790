/**
 * The turns that the owner of a workspace grants to senders: each limit that they name holds over all of them.
 *
 * What the owner before may have granted counts, as the Ledger knows it. Held in memory: the rate windows of `maxKeys`
 * limits; who names one more, while all are in use, has to wait.
 */
import { type Rate } from "@fibercast/domain/Limits"
import { type Turn, type TurnRequest } from "@fibercast/ports/SenderChannel"
import { Clock, Effect } from "effect"
import * as Limiter from "./Limiter.ts"

const maxKeys = 10_000
/** How long it takes until there may be room for one more limit, in milliseconds. */
const crowded = 1000

interface Kept {
  readonly limiter: Limiter.Limiter
  grantedAt: number
}

export const make = Effect.fnUntraced(function* <E>(options: {
  /** How much longer than asked periods are, as a share. */
  readonly stretch: number
  /** Attempts of the last `per` milliseconds that a limiter must still count. */
  readonly primed: (per: number, since: number) => Effect.Effect<number, E>
}) {
  const clock = yield* Clock.Clock
  const elapsed = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const kept = new Map<string, Kept>()
  const began = elapsed()

  const widened = ({ per, permits }: Rate): Rate => ({ permits, per: per * (1 + options.stretch) })
  /** Frees the place of the limit that was used longest ago; false when even that still counts. */
  const evict = () => {
    for (const [key, { grantedAt, limiter }] of kept) {
      return elapsed() - grantedAt > (limiter.period ?? 0) && kept.delete(key)
    }
    return true
  }

  const find = Effect.fnUntraced(function* (key: string, rate: Rate) {
    const known = kept.get(key)
    if (known !== undefined) {
      yield* known.limiter.setRate(widened(rate))
      return known
    }
    const mayBeGranted = elapsed() - began <= rate.per * (1 + options.stretch)
    const primed = mayBeGranted ? yield* options.primed(rate.per, -Infinity) : 0
    const limiter = yield* Limiter.make({ rate: widened(rate) }, { primed })
    // Another may have asked meanwhile.
    const other = kept.get(key)
    if (other !== undefined) return other
    if (kept.size >= maxKeys && !evict()) return null
    const fresh: Kept = { limiter, grantedAt: elapsed() }
    kept.set(key, fresh)
    return fresh
  })

  return Effect.fnUntraced(function* ({ key, rate }: TurnRequest): Effect.fn.Return<Turn, E> {
    const found = yield* find(key, rate)
    if (found === null) return crowded
    const now = clock.currentTimeMillisUnsafe()
    const wait = found.limiter.delay(now)
    if (wait > 0) return Math.max(1, Math.ceil(wait))
    found.limiter.grant(now)
    found.grantedAt = elapsed()
    kept.delete(key)
    kept.set(key, found)
    return 0
  })
})
