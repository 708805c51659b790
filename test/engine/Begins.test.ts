import * as Begins from "@fibercast/engine/Begins"
import { type ChunkDelivery } from "@fibercast/ports/Chunk"
import { Ledger, LedgerUnavailable } from "@fibercast/ports/Ledger"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Latch, Layer } from "effect"
import { TestClock } from "effect/testing"

/** Jobs that an owner has claimed, and how often the Ledger was asked what may be sent. */
const given = Effect.fnUntraced(function* (count: number) {
  const ledger = yield* Ledger
  const workspaceId = yield* TestEngine.workspace()
  const now = yield* Clock.currentTimeMillis
  const job = { campaignId: null, pipeline: "letters", lane: "normal", dueAt: now, deadline: null } as const
  const deliveries = Array.from({ length: count }, (_, n) => ({ ...job, payload: `${n}` }))
  yield* ledger.insert({ workspaceId, now, deliveries })
  const { epoch } = yield* ledger.takeOver({ workspaceId, owner: "a", now, lease: 60_000, force: false })
  const proof = { workspaceId, epoch, now }
  const claim = Effect.gen(function* () {
    const source = { lane: "normal", campaignId: null } as const
    const batch = yield* ledger.claim({ ...proof, source, limit: count, after: null })
    return (batch?.deliveries ?? []).map((delivery): ChunkDelivery => ({
      ...delivery,
      claimId: batch?.claimId ?? 0n,
      claimedAt: now
    }))
  })
  return { ledger, workspaceId, epoch, proof, claim }
})

/** What goes of these. */
const goesOf = (answer: Begins.Answer | undefined, deliveries: ReadonlyArray<ChunkDelivery>) =>
  deliveries.flatMap(({ id }) => (answer === "all goes" || answer?.go.has(id) === true ? [id] : []))

const idsOf = (deliveries: ReadonlyArray<ChunkDelivery>) => deliveries.map(({ id }) => id)

/** As the Ledger takes it. */
const named = ({ claimId, dueAt: wasDue, id }: ChunkDelivery) => ({ claimId, id, wasDue })

/** The Ledger answers the first ask once this is open. */
const held = () => {
  const open = Latch.makeUnsafe(false)
  const asks: Array<string> = []
  const before = (operation: string) => {
    if (operation !== "begin" && operation !== "beginClaims") return Effect.void
    asks.push(operation)
    return asks.length === 1 ? open.await : Effect.void
  }
  const layer = Interposed.layerStores({ before }).pipe(Layer.provideMerge(TestEngine.layerStores()))
  return { open, asks, layer }
}

for (const mark of [true, false]) {
  describe(`Begins of ${mark ? "at-most-once" : "at-least-once"} work`, () => {
    it.effect("what comes while an ask is under way is asked together", () => {
      const { asks, layer, open } = held()
      return Effect.gen(function* () {
        const { claim, epoch, workspaceId } = yield* given(100)
        const begins = yield* Begins.make
        const all = yield* claim
        const answers = yield* Effect.forkChild(
          Effect.forEach(all, (one) => begins({ workspaceId, epoch, deliveries: [one], campaign: null, mark }), {
            concurrency: "unbounded"
          })
        )
        yield* TestEngine.catchUp
        open.openUnsafe()
        const begun = yield* Fiber.join(answers)
        for (const [index, one] of all.entries()) assert.deepStrictEqual(goesOf(begun[index], [one]), [one.id])
        assert.strictEqual(asks.length, 2)
      }).pipe(Effect.scoped, Effect.provide(layer))
    })

    it.effect("of a claim that stands no more nothing goes, although what it named is asked for beside it", () => {
      const { layer, open } = held()
      return Effect.gen(function* () {
        const { claim, epoch, ledger, proof, workspaceId } = yield* given(3)
        const begins = yield* Begins.make
        const ask = (some: ReadonlyArray<ChunkDelivery>) =>
          begins({ workspaceId, epoch, deliveries: some, campaign: null, mark })
        const stale = yield* claim
        yield* ledger.giveBack({ ...proof, except: [] })
        const fresh = yield* claim
        const first = yield* Effect.forkChild(ask(fresh.slice(0, 1)))
        yield* TestEngine.catchUp
        const asked = yield* Effect.forkChild(
          Effect.forEach([stale, fresh], (some) => ask(some.slice(1)), { concurrency: "unbounded" })
        )
        yield* TestEngine.catchUp
        open.openUnsafe()
        yield* Fiber.join(first)
        const [old, current] = yield* Fiber.join(asked)
        assert.deepStrictEqual(goesOf(old, stale), [])
        assert.deepStrictEqual(goesOf(current, fresh.slice(1)), idsOf(fresh.slice(1)))
      }).pipe(Effect.scoped, Effect.provide(layer))
    })

    it.effect("an ask that takes long holds the next up for a second, and gets its answer later", () => {
      const { layer, open } = held()
      return Effect.gen(function* () {
        const { claim, epoch, workspaceId } = yield* given(2)
        const begins = yield* Begins.make
        const [one, two] = yield* claim
        assert.isDefined(one)
        assert.isDefined(two)
        const ask = (some: typeof one) => begins({ workspaceId, epoch, deliveries: [some], campaign: null, mark })
        const first = yield* Effect.forkChild(ask(one))
        yield* TestEngine.catchUp
        const second = yield* Effect.forkChild(ask(two))
        yield* TestClock.adjust("999 millis")
        assert.isUndefined(second.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(goesOf(yield* Fiber.join(second), [two]), [two.id])
        assert.isUndefined(first.pollUnsafe())
        open.openUnsafe()
        assert.deepStrictEqual(goesOf(yield* Fiber.join(first), [one]), [one.id])
      }).pipe(Effect.scoped, Effect.provide(layer))
    })
  })
}

describe("Begins", () => {
  it.effect("of at-most-once work that came twice at the same time, one may send", () => {
    const { layer, open } = held()
    return Effect.gen(function* () {
      const { claim, epoch, workspaceId } = yield* given(4)
      const begins = yield* Begins.make
      const [first, ...rest] = yield* claim
      assert.isDefined(first)
      const ask = (some: ReadonlyArray<ChunkDelivery>) =>
        begins({ workspaceId, epoch, deliveries: some, campaign: null, mark: true })
      const busy = yield* Effect.forkChild(ask([first]))
      yield* TestEngine.catchUp
      const twice = yield* Effect.forkChild(Effect.forEach([rest, rest], ask, { concurrency: "unbounded" }))
      yield* TestEngine.catchUp
      open.openUnsafe()
      yield* Fiber.join(busy)
      const begun = yield* Fiber.join(twice)
      assert.deepStrictEqual(
        begun.map((answer) => goesOf(answer, rest).length),
        [3, 0]
      )
    }).pipe(Effect.scoped, Effect.provide(layer))
  })

  it.effect("once another owner has taken over, all who wait hear of it", () => {
    const { layer, open } = held()
    return Effect.gen(function* () {
      const { claim, epoch, ledger, proof, workspaceId } = yield* given(3)
      const begins = yield* Begins.make
      const all = yield* claim
      const ask = (one: ChunkDelivery) =>
        Effect.flip(begins({ workspaceId, epoch, deliveries: [one], campaign: null, mark: true }))
      const asked = yield* Effect.forkChild(Effect.forEach(all, ask, { concurrency: "unbounded" }))
      yield* TestEngine.catchUp
      yield* ledger.takeOver({ ...proof, owner: "b", lease: 60_000, force: true })
      open.openUnsafe()
      assert.deepStrictEqual(
        (yield* Fiber.join(asked)).map(({ _tag }) => _tag),
        ["EpochLost", "EpochLost", "EpochLost"]
      )
    }).pipe(Effect.scoped, Effect.provide(layer))
  })

  it.effect("who is interrupted while it waits for its ask is not asked for, and holds up nobody", () => {
    const { asks, layer, open } = held()
    return Effect.gen(function* () {
      const { claim, epoch, ledger, proof, workspaceId } = yield* given(2)
      const begins = yield* Begins.make
      const [one, two] = yield* claim
      assert.isDefined(one)
      assert.isDefined(two)
      const ask = (some: typeof one) => begins({ workspaceId, epoch, deliveries: [some], campaign: null, mark: true })
      const first = yield* Effect.forkChild(ask(one))
      yield* TestEngine.catchUp
      const second = yield* Effect.forkChild(ask(two))
      yield* TestEngine.catchUp
      yield* Fiber.interrupt(second)
      open.openUnsafe()
      assert.deepStrictEqual(goesOf(yield* Fiber.join(first), [one]), [one.id])
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(asks.length, 1)
      assert.deepStrictEqual(
        (yield* ledger.standing({ ...proof, held: [one, two].map(named) })).map(({ started }) => started),
        [true, false]
      )
    }).pipe(Effect.scoped, Effect.provide(layer))
  })

  it.effect("while the Ledger is away all wait, and are answered once it is back", () => {
    let isAway = true
    const away = new LedgerUnavailable({ operation: "begin", cause: new Error("the connection was lost") })
    const before = (operation: string) => (isAway && operation === "begin" ? Effect.fail(away) : Effect.void)
    const layer = Interposed.layerStores({ before }).pipe(Layer.provideMerge(TestEngine.layerStores()))
    return Effect.gen(function* () {
      const { claim, epoch, workspaceId } = yield* given(3)
      const begins = yield* Begins.make
      const all = yield* claim
      const ask = (one: ChunkDelivery) => begins({ workspaceId, epoch, deliveries: [one], campaign: null, mark: true })
      const asked = yield* Effect.forkChild(Effect.forEach(all, ask, { concurrency: "unbounded" }))
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(asked.pollUnsafe())
      isAway = false
      yield* TestClock.adjust("3 seconds")
      const begun = yield* Fiber.join(asked)
      assert.deepStrictEqual(
        all.flatMap((one, index) => goesOf(begun[index], [one])),
        idsOf(all)
      )
    }).pipe(Effect.scoped, Effect.provide(layer))
  })

  it.effect("of at-least-once work claims are asked about; delivery by delivery only what they do not tell", () => {
    const { asks, layer, open } = held()
    return Effect.gen(function* () {
      const { claim, epoch, ledger, proof, workspaceId } = yield* given(6)
      open.openUnsafe()
      const begins = yield* Begins.make
      const ask = (deliveries: ReadonlyArray<ChunkDelivery>) =>
        begins({ workspaceId, epoch, deliveries, campaign: null, mark: false })
      const all = yield* claim
      assert.strictEqual(yield* ask(all), "all goes")
      assert.strictEqual(yield* ask(all.slice(2)), "all goes")
      assert.deepStrictEqual(asks, ["beginClaims", "beginClaims"])
      const [first] = all
      assert.isDefined(first)
      yield* ledger.settle({ ...proof, settlements: [], givenBack: [named(first)], finishedClaims: [] })
      assert.deepStrictEqual(goesOf(yield* ask(all), all), idsOf(all.slice(1)))
      assert.deepStrictEqual(asks.slice(2), ["beginClaims", "begin"])
    }).pipe(Effect.scoped, Effect.provide(layer))
  })

  it.effect("what is of several claims goes as a whole if each of them does", () => {
    const { asks, layer, open } = held()
    return Effect.gen(function* () {
      const { claim, epoch, ledger, proof, workspaceId } = yield* given(4)
      open.openUnsafe()
      const begins = yield* Begins.make
      const ask = (deliveries: ReadonlyArray<ChunkDelivery>) =>
        begins({ workspaceId, epoch, deliveries, campaign: null, mark: false })
      const before = yield* claim
      yield* ledger.settle({ ...proof, settlements: [], givenBack: before.slice(2).map(named), finishedClaims: [] })
      const after = yield* claim
      const both = [...before.slice(0, 2), ...after]
      assert.deepStrictEqual(goesOf(yield* ask(both), both), idsOf(both))
      assert.strictEqual(yield* ask(after), "all goes")
      assert.deepStrictEqual(asks, ["beginClaims", "begin", "beginClaims"])
    }).pipe(Effect.scoped, Effect.provide(layer))
  })

  it.effect("of at-most-once work no claim is asked about", () => {
    const { asks, layer, open } = held()
    return Effect.gen(function* () {
      const { claim, epoch, workspaceId } = yield* given(2)
      open.openUnsafe()
      const begins = yield* Begins.make
      const deliveries = yield* claim
      const answer = yield* begins({ workspaceId, epoch, deliveries, campaign: null, mark: true })
      assert.deepStrictEqual(goesOf(answer, deliveries), idsOf(deliveries))
      assert.deepStrictEqual(asks, ["begin"])
    }).pipe(Effect.scoped, Effect.provide(layer))
  })
})
