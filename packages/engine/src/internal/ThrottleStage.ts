/**
 * The stage that spaces values of one key to a rate.
 *
 * The rate holds in every sliding window, for this prepared pipeline; where turns are to be asked for, for the workspace
 * over all nodes, and what gets no answer is put off. It is not kept over a restart of its own. A value waits in turn while its wait is at most a second; beyond
 * that its delivery is put off to a place of its own in the rate. Memory: at most `keys` windows of
 * at most 8 kB each; a key that would need one more is put off for a second.
 */
import { type Rate } from "@fibercast/domain/Limits"
import * as RateWindow from "@fibercast/domain/RateWindow"
import { Clock, Effect, Exit, Semaphore } from "effect"
import * as Turns from "../Turns.ts"
import { type Prepare } from "./StageFlow.ts"
import { StageSnooze } from "./StageHalt.ts"

/** The longest a value waits in its fiber, in milliseconds. */
const longestWait = 1000
/** Nothing is put off further than this in one go, in milliseconds. */
const longestSnooze = 600_000

interface Keyed {
  readonly window: RateWindow.RateWindow
  readonly turn: Semaphore.Semaphore
  waiting: number
  grantedAt: number
  /** The first place in the rate that no delivery was put off to. */
  unpromised: number
}

export const prepare = <A>(options: {
  readonly key: (value: A) => string
  readonly rate: Rate
  readonly keys: number
}): Prepare<A, A, never, never> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const turns = yield* Turns.Turns
    const stage = turns === null ? 0 : turns.stages.count++
    const spacing = options.rate.per / options.rate.permits
    const elapsed = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
    const snooze = (after: number, reason: string) =>
      Exit.fail(new StageSnooze({ until: Math.ceil(clock.currentTimeMillisUnsafe() + after), reason, sent: null }))

    const keyed = new Map<string, Keyed>()

    /** Frees the place of the key that was idle longest; false when none is idle. */
    const evict = (now: number): boolean => {
      for (const [key, oldest] of keyed) {
        if (oldest.waiting > 0 || now - oldest.grantedAt <= options.rate.per || oldest.unpromised > now) return false
        return keyed.delete(key)
      }
      return true
    }

    const find = (key: string, now: number): Keyed | null => {
      const known = keyed.get(key)
      if (known !== undefined) return known
      if (keyed.size >= options.keys && !evict(now)) return null
      const fresh: Keyed = {
        window: RateWindow.make(options.rate, { now }),
        turn: Semaphore.makeUnsafe(1),
        waiting: 0,
        grantedAt: now,
        unpromised: 0
      }
      keyed.set(key, fresh)
      return fresh
    }

    const keep = (key: string, of: Keyed) => {
      of.grantedAt = elapsed()
      keyed.delete(key)
      keyed.set(key, of)
    }
    const grant = (key: string, of: Keyed): boolean => {
      const now = elapsed()
      if (!RateWindow.grant(of.window, now)) return false
      keep(key, of)
      return true
    }

    const wait = (key: string, of: Keyed): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (grant(key, of)) return Effect.void
        const now = elapsed()
        const millis = Math.max(1, Math.ceil(RateWindow.readyAt(of.window, now) - now))
        return Effect.andThen(Effect.sleep(millis), wait(key, of))
      })

    /** This node's own turn first, then that of all nodes. */
    const waitTurn = (key: string, of: Keyed, asking: Turns.Asking, name: string) => {
      const since = elapsed()
      const attempt: Effect.Effect<void, StageSnooze> = Effect.gen(function* () {
        const now = elapsed()
        const own = RateWindow.readyAt(of.window, now) - now
        const after = own > 0 ? own : yield* Turns.ask(asking, name, options.rate)
        if (after === null) return yield* snooze(longestWait, "the owner of its workspace does not answer")
        if (after === 0) {
          RateWindow.charge(of.window, elapsed())
          return keep(key, of)
        }
        if (elapsed() + after - since > longestWait) return yield* snooze(after, "throttled")
        yield* Effect.sleep(Math.max(1, Math.ceil(after)))
        return yield* attempt
      })
      return attempt
    }

    return (value, { delivery }) =>
      Effect.suspend(() => {
        const key = options.key(value)
        const now = elapsed()
        const of = find(key, now)
        if (of === null) return snooze(longestWait, `more than ${options.keys} keys are throttled at once`)
        if (turns === null && of.waiting === 0 && grant(key, of)) return Exit.succeed(value)
        const place = RateWindow.readyAt(of.window, now) + of.waiting * spacing
        if (place - now <= longestWait) {
          of.waiting++
          return of.turn
            .withPermits(1)(
              turns === null ? wait(key, of) : waitTurn(key, of, turns, `throttle:${delivery.pipeline}:${stage}:${key}`)
            )
            .pipe(Effect.ensuring(Effect.sync(() => of.waiting--)), Effect.as(value))
        }
        const promised = Math.min(Math.max(place, of.unpromised), now + longestSnooze)
        of.unpromised = promised + spacing
        return snooze(promised - now, "throttled")
      })
  })
