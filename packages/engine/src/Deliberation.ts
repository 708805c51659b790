/**
 * Deliberation: decisions that wait for something, a condition in the code or an audience to be opened, are taken beside
 * the pass that asks for them, so that one that takes long holds up no other.
 *
 * Each key is decided on by one fiber at a time, at most `atOnce` at a time go on and the others wait for their turn.
 * Closing the scope ends them; what is not decided then is asked for again by whoever passes next.
 */
import { Effect, Exit, Fiber, FiberMap, type Scope, Semaphore } from "effect"

const atOnce = 64

export interface Decided<out Item, out A> {
  readonly item: Item
  readonly answer: A
}

export interface Options<in out Item, in out A, E, R> {
  readonly decide: (item: Item) => Effect.Effect<A, E, R>
  /** How long the caller waits, in milliseconds; may be infinite. */
  readonly patience: number
  /** Receives, later, what the caller did not wait for. */
  readonly late: (decided: Decided<Item, A>) => Effect.Effect<void, never, R>
}

export interface Deliberation<in Key> {
  /** Whether it is being decided on. */
  readonly has: (key: Key) => boolean
  /** Answers what was decided in time. Fails if one of those decisions did. */
  readonly all: <Item extends { readonly id: Key }, A, E, R>(
    items: ReadonlyArray<Item>,
    options: Options<Item, A, E, R>
  ) => Effect.Effect<ReadonlyArray<Decided<Item, A>>, E, R>
}

export const make = Effect.fnUntraced(function* <Key>(): Effect.fn.Return<Deliberation<Key>, never, Scope.Scope> {
  const fibers = yield* FiberMap.make<Key>()
  const turns = yield* Semaphore.make(atOnce)

  const begin = Effect.fnUntraced(function* <Item extends { readonly id: Key }, A, E, R>(
    item: Item,
    { decide, late }: Options<Item, A, E, R>
  ) {
    const state: { exit: Exit.Exit<A, E> | null; isLate: boolean } = { exit: null, isLate: false }
    const deciding = Effect.gen(function* () {
      const exit = yield* Effect.exit(turns.withPermits(1)(decide(item)))
      state.exit = exit
      if (!state.isLate) return
      yield* Exit.isSuccess(exit)
        ? late({ item, answer: exit.value })
        : Effect.logWarning("a decision that took long has failed", exit.cause)
    })
    const fiber = yield* FiberMap.run(fibers, item.id, deciding)
    return { item, state, fiber }
  })

  return {
    has: (key) => FiberMap.hasUnsafe(fibers, key),
    all: Effect.fnUntraced(function* (items, options) {
      if (items.length === 0) return []
      const begun = yield* Effect.forEach(items, (item) => begin(item, options))
      const ended = Effect.forEach(begun, ({ fiber }) => Fiber.await(fiber), { discard: true })
      yield* options.patience === Infinity ? ended : Effect.timeoutOption(ended, options.patience)
      for (const { state } of begun) state.isLate = state.exit === null
      return yield* Effect.forEach(
        begun.flatMap(({ item, state }) => (state.exit === null ? [] : [{ item, exit: state.exit }])),
        ({ exit, item }) => Effect.map(exit, (answer) => ({ item, answer }))
      )
    })
  }
})
