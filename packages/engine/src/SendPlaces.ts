/**
 * The places of an account: as many sends are open at once, and others wait, each for its turn.
 *
 * Whoever leaves a place hands it to the next at once, so that its send is on its way before what became of the last one is
 * dealt with. Who has waited for as long as it may is told so. Held in memory: who waits.
 */
import { Clock, Effect, FiberSet, type Scope } from "effect"

export interface SendPlaces {
  /** Runs the send in one of the places; `crowded` when none was free in time. */
  readonly run: <A, E, E2>(send: Effect.Effect<A, E>, crowded: Effect.Effect<never, E2>) => Effect.Effect<A, E | E2>
  /** There are so many from now on; those who are in stay. */
  readonly resize: (count: number) => void
}

interface Waiting {
  /** On the clock that never goes back, in milliseconds. */
  readonly until: number
  readonly tell: (isIn: Effect.Effect<boolean>) => void
  isIn: boolean
}

/** `patience`: how long one waits, in milliseconds. */
export const make = Effect.fnUntraced(function* (patience: number): Effect.fn.Return<SendPlaces, never, Scope.Scope> {
  const clock = yield* Clock.Clock
  const fork = yield* FiberSet.makeRuntime()
  const passed = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const waiting = new Set<Waiting>()
  let count = 1
  let taken = 0
  let isAdmitting = false
  let isLooking = false

  /** Who is let in goes on at once, and may have left again when this goes on. */
  const admit = () => {
    if (isAdmitting) return
    isAdmitting = true
    try {
      for (const waiter of waiting) {
        if (taken >= count) break
        waiting.delete(waiter)
        waiter.isIn = true
        taken++
        waiter.tell(Effect.succeed(true))
      }
    } finally {
      isAdmitting = false
    }
  }

  const leave = Effect.sync(() => {
    taken--
    admit()
  })

  /** While anybody waits: who came first waits no longer than others. */
  const looking = Effect.gen(function* () {
    for (let [first] = waiting; first !== undefined; [first] = waiting) {
      const left = Math.ceil(first.until - passed())
      if (left > 0) yield* Effect.sleep(left)
      else {
        waiting.delete(first)
        first.tell(Effect.succeed(false))
      }
    }
  }).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        isLooking = false
      })
    )
  )

  const wait = (restore: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>) => {
    let waiter: Waiting | undefined
    const told = Effect.callback<boolean>((tell) => {
      const mine = { until: passed() + patience, tell, isIn: false }
      waiter = mine
      waiting.add(mine)
      if (!isLooking) {
        isLooking = true
        fork(looking)
      }
      return Effect.sync(() => waiting.delete(mine))
    })
    // It may have been let in just before it was interrupted.
    return Effect.onInterrupt(restore(told), () => (waiter?.isIn === true ? leave : Effect.void))
  }

  return {
    run: <A, E, E2>(send: Effect.Effect<A, E>, crowded: Effect.Effect<never, E2>) =>
      Effect.uninterruptibleMask((restore) => {
        const isFree = taken < count && waiting.size === 0
        if (isFree) taken++
        const entered = isFree ? Effect.succeed(true) : wait(restore)
        const sent = Effect.ensuring(restore(send), leave)
        return Effect.flatMap(entered, (isIn): Effect.Effect<A, E | E2> => (isIn ? sent : restore(crowded)))
      }),
    resize: (next) => {
      count = next
      admit()
    }
  }
})
