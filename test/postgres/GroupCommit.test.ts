import { assert, describe, it } from "@effect/vitest"
import * as GroupCommit from "@fibercast/postgres/GroupCommit"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"

type Answer = Exit.Exit<ReadonlyArray<string>, "held" | "refused" | "lost">

interface Item {
  readonly name: string
  readonly size?: number
  readonly key?: string
}

/** A store that writes when it is told to: each write waits for its answer; by default each item is answered its name. */
const storeOf = Effect.fnUntraced(function* (writers: number) {
  const writes: Array<{ readonly names: string; readonly again: boolean; readonly answer: Deferred.Deferred<Answer> }> =
    []
  const submit = yield* GroupCommit.make<Item, string, "held" | "refused" | "lost">({
    write: (items, again) => {
      if (items.some(({ name }) => name === "bug")) throw new Error("a bug")
      return Effect.gen(function* () {
        const answer = yield* Deferred.make<Answer>()
        writes.push({ names: items.map(({ name }) => name).join(" "), again, answer })
        return yield* yield* Deferred.await(answer)
      })
    },
    size: ({ size = 1 }) => size,
    most: 3,
    writers,
    waiting: 6,
    keys: ({ key }) => (key === undefined ? [] : [key]),
    kindOf: (error) => error
  })
  const settle = Effect.repeat(Effect.yieldNow, { times: 20 })
  const fork = (item: Item) =>
    Effect.tap(Effect.forkChild(Effect.exit(submit(item)), { startImmediately: true }), () => settle)
  /** The write that is under way is answered. */
  const answer = (at: number, exit?: Answer) =>
    Effect.gen(function* () {
      const write = writes[at] ?? assert.fail(`there is no write ${at}`)
      yield* Deferred.succeed(write.answer, exit ?? Exit.succeed(write.names.split(" ").map((name) => `${name}!`)))
      yield* settle
    })
  return {
    submit,
    fork,
    answer,
    settle,
    writes: () => writes.map(({ names }) => names),
    again: () => writes.map(({ again }) => again)
  }
})

const store = storeOf(1)

const named = (names: string, more: Partial<Item> = {}) => names.split(" ").map((name) => ({ name, ...more }))

describe("GroupCommit", () => {
  it.effect("a lone entry is written at once, what arrives meanwhile together, and each is told its own answer", () =>
    Effect.gen(function* () {
      const { answer, fork, writes } = yield* store
      const fibers = yield* Effect.forEach(named("a b c d e"), fork)
      assert.deepStrictEqual(writes(), ["a"])
      yield* answer(0)
      assert.deepStrictEqual(writes(), ["a", "b c d"])
      yield* answer(1)
      assert.deepStrictEqual(writes(), ["a", "b c d", "e"])
      yield* answer(2)
      assert.deepStrictEqual(
        yield* Effect.forEach(fibers, Fiber.join),
        ["a!", "b!", "c!", "d!", "e!"].map((text) => Exit.succeed(text))
      )
    })
  )

  it.effect("a write is no larger than the most, unless one entry is", () =>
    Effect.gen(function* () {
      const { answer, fork, writes } = yield* store
      yield* Effect.forEach([...named("a"), ...named("b c", { size: 2 }), ...named("d")], fork)
      for (const at of [0, 1, 2]) yield* answer(at)
      assert.deepStrictEqual(writes(), ["a", "b", "c d"])
      yield* fork({ name: "e", size: 5 })
      assert.strictEqual(writes().at(-1), "e")
    })
  )

  it.effect("with two writers a second write begins beside the first once what waits fills it, and no third", () =>
    Effect.gen(function* () {
      const { answer, fork, writes } = yield* storeOf(2)
      const fibers = yield* Effect.forEach(named("a b c"), fork)
      assert.deepStrictEqual(writes(), ["a"])
      yield* Effect.forEach(named("d e f"), fork)
      assert.deepStrictEqual(writes(), ["a", "b c d"])
      yield* answer(1)
      assert.deepStrictEqual(writes(), ["a", "b c d", "e f"])
      const [gone] = yield* Effect.forEach(named("g h"), fork)
      if (gone !== undefined) yield* Fiber.interrupt(gone)
      yield* fork({ name: "i" })
      assert.deepStrictEqual(writes(), ["a", "b c d", "e f"])
      yield* answer(0)
      assert.deepStrictEqual(writes(), ["a", "b c d", "e f", "h i"])
      assert.deepStrictEqual(
        yield* Effect.forEach(fibers, Fiber.join),
        ["a!", "b!", "c!"].map((text) => Exit.succeed(text))
      )
    })
  )

  it.effect("when nobody knows whether it was written, all of that write are told, and nobody else", () =>
    Effect.gen(function* () {
      const { answer, fork, writes } = yield* store
      const fibers = yield* Effect.forEach(named("a b c d e"), fork)
      yield* answer(0)
      yield* answer(1, Exit.fail("lost"))
      yield* answer(2)
      assert.deepStrictEqual(writes(), ["a", "b c d", "e"])
      const lost = Exit.fail("lost" as const)
      assert.deepStrictEqual(yield* Effect.forEach(fibers, Fiber.join), [
        Exit.succeed("a!"),
        lost,
        lost,
        lost,
        Exit.succeed("e!")
      ])
    })
  )

  it.effect("what was refused together is written one by one, and only what is refused then is told", () =>
    Effect.gen(function* () {
      const { answer, fork, writes } = yield* store
      const fibers = yield* Effect.forEach(named("a b c d"), fork)
      yield* answer(0)
      yield* answer(1, Exit.fail("refused"))
      yield* answer(2)
      yield* answer(3, Exit.fail("refused"))
      yield* answer(4)
      assert.deepStrictEqual(writes(), ["a", "b c d", "b", "c", "d"])
      const [, , third, fourth] = yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual([third, fourth], [Exit.fail("refused"), Exit.succeed("d!")])
    })
  )

  it.effect("what cannot even be asked for is a defect of who asks, and of nobody else", () =>
    Effect.gen(function* () {
      const { answer, fork, writes } = yield* store
      const fibers = yield* Effect.forEach(named("a b bug d"), fork)
      for (const at of [0, 1, 2]) yield* answer(at)
      assert.deepStrictEqual(writes(), ["a", "b", "d"])
      const exits = yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(
        exits.map((exit) => Exit.hasDies(exit)),
        [false, false, true, false]
      )
    })
  )

  it.effect("what is held up waits by itself, those of its key together, until it is let through", () =>
    Effect.gen(function* () {
      const { again, answer, fork, writes } = yield* store
      const first = yield* fork({ name: "a", key: "k" })
      yield* answer(0, Exit.fail("held"))
      assert.deepStrictEqual(writes(), ["a", "a"])
      const second = yield* fork({ name: "b", key: "k" })
      const other = yield* fork({ name: "c", key: "l" })
      assert.deepStrictEqual(writes(), ["a", "a", "c"])
      yield* answer(2)
      assert.deepStrictEqual(yield* Fiber.join(other), Exit.succeed("c!"))
      yield* answer(1, Exit.fail("held"))
      assert.strictEqual(writes().at(-1), "b a")
      assert.deepStrictEqual(again(), [false, true, false, true])
      yield* answer(3)
      assert.deepStrictEqual(
        [yield* Fiber.join(first), yield* Fiber.join(second)],
        [Exit.succeed("a!"), Exit.succeed("b!")]
      )
      yield* fork({ name: "d", key: "k" })
      assert.deepStrictEqual([writes().at(-1), again().at(-1)], ["d", false])
    })
  )

  it.effect("keys that are held take turns", () =>
    Effect.gen(function* () {
      const { answer, fork, writes } = yield* store
      yield* fork({ name: "a", key: "k" })
      yield* answer(0, Exit.fail("held"))
      yield* fork({ name: "b", key: "l" })
      yield* answer(2, Exit.fail("held"))
      yield* answer(1, Exit.fail("held"))
      yield* answer(3, Exit.fail("held"))
      yield* answer(4, Exit.fail("held"))
      assert.deepStrictEqual(writes(), ["a", "a", "b", "b", "a", "b"])
    })
  )

  it.effect("who is interrupted while it waits is not written, also when it was held up before", () =>
    Effect.gen(function* () {
      const { answer, fork, writes } = yield* store
      yield* fork({ name: "a" })
      const second = yield* fork({ name: "b" })
      yield* fork({ name: "c" })
      yield* Fiber.interrupt(second)
      yield* answer(0)
      yield* answer(1)
      const held = yield* fork({ name: "d", key: "k" })
      yield* answer(2, Exit.fail("held"))
      yield* Fiber.interrupt(held)
      yield* answer(3, Exit.fail("held"))
      yield* fork({ name: "e", key: "k" })
      assert.deepStrictEqual(writes(), ["a", "c", "d", "d", "e"])
    })
  )

  it.effect("who brings more than may wait waits until there is room", () =>
    Effect.gen(function* () {
      const { answer, fork, writes } = yield* store
      yield* Effect.forEach(named("a b c d e f g h"), fork)
      yield* answer(0)
      yield* answer(1)
      yield* answer(2)
      assert.deepStrictEqual(writes(), ["a", "b c d", "e f g", "h"])
    })
  )

  it.effect("for whom there is no room go in as they came, and who is gone stands in nobody's way", () =>
    Effect.gen(function* () {
      const { answer, fork, writes } = yield* store
      yield* Effect.forEach([...named("a b"), ...named("c", { size: 3 })], fork)
      const large = yield* fork({ name: "d", size: 3 })
      yield* fork({ name: "e" })
      yield* answer(0)
      assert.deepStrictEqual(writes(), ["a", "b"])
      yield* Fiber.interrupt(large)
      yield* answer(1)
      yield* answer(2)
      assert.deepStrictEqual(writes(), ["a", "b", "c", "e"])
    })
  )

  it.effect("when it closes, all that wait are interrupted, also those for whom there is no room", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { fork } = yield* Scope.provide(store, scope)
      const fibers = yield* Effect.forEach(
        [...named("a b"), ...named("c", { key: "k" }), ...named("d", { size: 6 })],
        fork
      )
      yield* Scope.close(scope, Exit.void)
      for (const fiber of fibers) assert.isTrue(Exit.hasInterrupts(yield* Fiber.join(fiber)))
    })
  )
})
