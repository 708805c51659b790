/**
 * One thing at a time for each key, in this process, in the order of asking. Holds nothing for a key that nobody uses.
 */
import { Effect, Semaphore } from "effect"

export class KeyedLock<K> {
  readonly #locks = new Map<K, { readonly semaphore: Semaphore.Semaphore; users: number }>()

  /** Run the effect when all before it under this key have ended. */
  withLock<A, E, R>(key: K, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      const lock = this.#locks.get(key) ?? { semaphore: Semaphore.makeUnsafe(1), users: 0 }
      this.#locks.set(key, lock)
      lock.users += 1
      return lock.semaphore.withPermit(effect).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            lock.users -= 1
            if (lock.users === 0) this.#locks.delete(key)
          })
        )
      )
    })
  }
}
