/**
 * The gate before a pipeline's first stage: of one key no more than `limit` deliveries are past it at once.
 *
 * Where turns are to be asked for, the owner of the workspace says so for all nodes, and what gets no answer is put off; a
 * delivery holds its key until the owner has let go of it. Else it is exact for this prepared pipeline, and a key is free as
 * soon as the try has ended. Who finds its key busy waits at most a second, at most `waitingAtOnce` of a running pipeline
 * do, and all others are put off, uncharged, each to a place of its own.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { Clock, Effect, Exit, Latch } from "effect"
import { type DeliveryContext } from "../DeliveryContext.ts"
import { KeyHolders } from "../KeyHolders.ts"
import * as Turns from "../Turns.ts"
import { StageSnooze } from "./StageHalt.ts"

/** The longest a delivery waits in its fiber, in milliseconds. */
const longestWait = 1000
const waitingAtOnce = 32
/** Nothing is put off for less, in milliseconds. */
const shortestSnooze = 50

/** What keeps deliveries of one key apart. */
export interface Keyed<in P> {
  /** Null: nothing keeps it apart. */
  readonly key: (payload: P) => string | null
  readonly limit: number
  readonly keys: number
}

/** Runs it once the delivery holds its key, which it keeps until that has ended. */
export type Gate<in P> = <A, E, R>(
  payload: P,
  context: DeliveryContext,
  run: Effect.Effect<A, E, R>
) => Effect.Effect<A, E | StageSnooze, R>

export const prepare = Effect.fnUntraced(function* <P>(pipeline: string, options: Keyed<P>): Effect.fn.Return<Gate<P>> {
  const { keys, limit } = options
  const clock = yield* Clock.Clock
  const turns = yield* Turns.Turns
  const elapsed = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const holders = new KeyHolders({ keys, now: elapsed })
  const freed = Latch.makeUnsafe(false)
  let waiting = 0

  const snooze = (after: number, reason: string) => {
    const until = Math.ceil(clock.currentTimeMillisUnsafe() + Math.max(after, shortestSnooze))
    return Exit.fail(new StageSnooze({ until, reason, sent: null }))
  }
  const ask = (key: string, { delivery: { dueAt: wasDue, id } }: DeliveryContext): Effect.Effect<number | null> =>
    turns === null
      ? Effect.sync(() => holders.take(key, limit, id))
      : turns.hold({ key: `concurrency:${pipeline}:${key}`, limit, id, wasDue })
  const release = (id: DeliveryId) =>
    Effect.suspend(() => {
      holders.release(id)
      return waiting > 0 ? Effect.asVoid(freed.release) : Effect.void
    })

  /** Returns when it holds the key. */
  const wait = (key: string, context: DeliveryContext): Effect.Effect<void, StageSnooze> => {
    const since = elapsed()
    const again: Effect.Effect<void, StageSnooze> = Effect.flatMap(ask(key, context), (after) => {
      if (after === 0) return Effect.void
      if (after === null) return snooze(longestWait, "the owner of its workspace does not answer")
      if (elapsed() + after - since > longestWait) return snooze(after, `"${key}" is busy`)
      return Effect.andThen(Effect.raceFirst(freed.await, Effect.sleep(after)), again)
    })
    if (waiting >= waitingAtOnce) {
      return Effect.flatMap(ask(key, context), (after) =>
        after === 0 ? Effect.void : snooze(after ?? longestWait, `"${key}" is busy, and too many wait`)
      )
    }
    waiting++
    return Effect.ensuring(
      again,
      Effect.sync(() => waiting--)
    )
  }

  return (payload, context, run) =>
    Effect.suspend(() => {
      const key = options.key(payload)
      if (key === null) return run
      const { id } = context.delivery
      if (turns !== null) return Effect.andThen(wait(key, context), run)
      const holds = holders.take(key, limit, id) === 0
      return Effect.ensuring(holds ? run : Effect.andThen(wait(key, context), run), release(id))
    })
})
