import * as Pipeline from "@fibercast/engine/Pipeline"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { type Rate } from "@fibercast/domain/Limits"
import { SendFailed } from "@fibercast/ports/Messenger"
import { Ledger } from "@fibercast/ports/Ledger"
import { Signal } from "@fibercast/ports/Signal"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as Interposed from "@fibercast/testkit/Interposed"
import { Journal } from "@fibercast/testkit/Journal"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Announce, launch, launchTo, now, people, phone, sendTimes } from "./internal/Broadcasts.ts"

const { FakeMessenger: Fake } = FakeMessenger

const Job = Pipeline.make("job", { payload: Schema.String }).pipe(
  Pipeline.map((to) => ({ to, text: "Hello" })),
  Pipeline.send(Fake)
)

/** Work that needs no account. */
const done: Array<number> = []
const Note = Pipeline.make("note", { payload: Schema.Number }).pipe(
  Pipeline.tap((n) => Effect.sync(() => done.push(n)))
)

/** The same, a second each. */
const SlowNote = Pipeline.make("slow-note", { payload: Schema.Number }).pipe(
  Pipeline.tap((n) =>
    Effect.delay(
      Effect.sync(() => done.push(n)),
      "1 second"
    )
  )
)

/** An engine that counts what it holds claimed, and how much it claims at once. */
const counting = (
  settings: TestEngine.Options<never>["settings"],
  script?: FakeMessenger.Script,
  account?: FakeMessenger.Options
) => {
  const seen = { held: 0, mostHeld: 0, mostClaimed: 0 }
  const ledger = Layer.effect(
    Ledger,
    Effect.map(Ledger, (ledger) =>
      Ledger.of({
        ...ledger,
        claim: (claim) =>
          Effect.tap(ledger.claim(claim), (batch) =>
            Effect.sync(() => {
              const count = batch?.deliveries.length ?? 0
              seen.held += count
              seen.mostHeld = Math.max(seen.mostHeld, seen.held)
              seen.mostClaimed = Math.max(seen.mostClaimed, count)
            })
          ),
        settle: (settle) =>
          Effect.tap(ledger.settle(settle), () =>
            Effect.sync(() => {
              seen.held -= settle.settlements.length
            })
          )
      })
    )
  )
  const layer = TestEngine.layerEngine({ pipelines: [Announce, Job, Note, SlowNote], settings }).pipe(
    Layer.provide(ledger),
    Layer.provideMerge(Layer.merge(TestEngine.layerStores(), Fake.layer(script, account)))
  )
  return { layer, seen }
}

const slowly = (operation: string) => (operation === "nextDue" ? Effect.sleep("100 millis") : Effect.void)

describe("Feeder", () => {
  it.effect("never holds more than its window, nor claims more than a batch, whatever the backlog", () => {
    const { layer, seen } = counting({ window: 50, batch: 20, concurrency: 10 }, () => FakeMessenger.delay("1 second"))
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      yield* launchTo(workspaceId, 1000, { name: "one" })
      yield* launch(workspaceId, { name: "two", audience: { _tag: "Inline", rows: people(1000, 5000) } })
      yield* TestClock.adjust("5 minutes")
      yield* Expect.settled("completed", 2000)
      assert.strictEqual(seen.mostClaimed, 20)
      assert.isAtMost(seen.mostHeld, 50)
    }).pipe(Effect.provide(layer))
  })

  it.effect("claims of a slow campaign no more than goes out in a third of the lease", () => {
    const { layer, seen } = counting({ lease: 15_000 })
    return Effect.gen(function* () {
      const rate = { permits: 2, per: 1000 }
      const campaign = yield* launchTo(yield* TestEngine.workspace(), 300, { rate })
      yield* TestClock.adjust("1 minute")
      assert.isAtMost(seen.mostClaimed, 10)
      assert.isAtMost(seen.mostHeld, 20)
      assert.approximately((yield* now(campaign)).counts.completed, 120, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("work that comes while it looks for the next due time is not overlooked", () => {
    const layer = TestEngine.layerEngine({ pipelines: [Job] }).pipe(
      Layer.provide(Interposed.layerStores({ before: slowly })),
      Layer.provideMerge(Layer.merge(TestEngine.layerStores(), Fake.layer()))
    )
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      for (let n = 0; n < 12; n++) {
        yield* Pipeline.dispatch(Job, { workspaceId, payload: phone(n) })
        yield* TestEngine.catchUp
        yield* TestClock.adjust("1330 millis")
      }
      const times = yield* sendTimes
      assert.lengthOf(times, 12)
      for (const [n, at] of times.entries()) assert.isBelow(at - n * 1330, 500, `job ${n} was sent at ${at}`)
    }).pipe(Effect.provide(layer))
  })

  it.effect("work that was asked for before a claim, and comes while that is under way, is not overlooked", () => {
    const layer = TestEngine.layerEngine({ pipelines: [Job] }).pipe(
      Layer.provide(
        Interposed.layerStores({
          after: (operation) => (operation === "claim" ? Effect.sleep("100 millis") : Effect.void)
        })
      ),
      Layer.provideMerge(Layer.merge(TestEngine.layerStores(), Fake.layer()))
    )
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const ledger = yield* Ledger
      const { notify } = yield* Signal
      /** Its transaction takes a while to commit. */
      const dispatched = Effect.fnUntraced(function* (n: number) {
        const now = yield* Clock.currentTimeMillis
        const payload = JSON.stringify(phone(n))
        const lane = "normal"
        const delivery = { pipeline: "job", lane, campaignId: null, dueAt: now, deadline: null, payload } as const
        yield* Effect.sleep("95 millis")
        yield* ledger.insert({ workspaceId, now, deliveries: [delivery] })
        yield* notify(workspaceId)
      })
      const begun: Array<number> = []
      for (let n = 0; n < 100; n++) {
        begun.push(yield* Clock.currentTimeMillis)
        yield* Effect.forkChild(dispatched(n))
        // Uneven, so that the jobs come at any place between two claims.
        yield* TestClock.adjust(1000 + ((n * 37) % 600))
      }
      const times = yield* sendTimes
      assert.lengthOf(times, 100)
      for (const [n, at] of times.entries()) assert.isBelow(at - (begun[n] ?? 0), 900, `job ${n} was sent at ${at}`)
    }).pipe(Effect.provide(layer))
  })

  it.effect(
    "a lone job on an idle engine is claimed as soon as it is signalled, and nothing but its end is asked for",
    () => {
      const asked: Array<string> = []
      const layer = TestEngine.layerEngine({ pipelines: [Note] }).pipe(
        Layer.provide(Interposed.layerStores({ before: (operation) => Effect.sync(() => void asked.push(operation)) })),
        Layer.provideMerge(TestEngine.layerStores())
      )
      return Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace()
        done.length = 0
        yield* Pipeline.dispatch(Note, { workspaceId, payload: 0 })
        yield* TestClock.adjust("10 seconds")
        for (const n of [1, 2, 3]) {
          asked.length = 0
          yield* Pipeline.dispatch(Note, { workspaceId, payload: n })
          yield* TestEngine.catchUp
          assert.deepStrictEqual([done.at(-1), asked], [n, ["claim", "settle"]])
          yield* TestClock.adjust("1234 millis")
        }
      }).pipe(Effect.provide(layer))
    }
  )

  it.effect("what was put off is claimed when it is due, however seldom the engine looks", () => {
    const tried: Array<number> = []
    const Fails = Pipeline.make("fails", {
      payload: Schema.Number,
      retry: RetryPolicy.backoff(["30 seconds", "2 minutes"], { tries: 3 })
    }).pipe(
      Pipeline.tap(() =>
        Effect.flatMap(Clock.currentTimeMillis, (at) => {
          tried.push(at)
          return Effect.fail("no")
        })
      )
    )
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      yield* Pipeline.dispatch(Fails, { workspaceId, payload: 0 })
      yield* TestClock.adjust("5 minutes")
      tried.length = 0
      yield* Pipeline.dispatch(Fails, { workspaceId, payload: 1 })
      yield* TestClock.adjust("5 minutes")
      const began = tried[0] ?? 0
      assert.deepStrictEqual(
        tried.map((at) => at - began),
        [0, 30_000, 150_000]
      )
    }).pipe(Effect.provide(TestEngine.layer({ pipelines: [Fails], settings: { poll: 3_600_000 } })))
  })

  it.effect("a claim is made only where something is due, also at first, and however often it is woken", () => {
    const empty: Array<string> = []
    const ledger = Layer.effect(
      Ledger,
      Effect.map(Ledger, (ledger) =>
        Ledger.of({
          ...ledger,
          claim: (claim) =>
            Effect.tap(ledger.claim(claim), (batch) =>
              Effect.sync(() => {
                if (batch === null) empty.push(claim.source.lane)
              })
            )
        })
      )
    )
    const layer = TestEngine.layerEngine({ pipelines: [Note] }).pipe(
      Layer.provide(ledger),
      Layer.provideMerge(TestEngine.layerStores())
    )
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      done.length = 0
      for (let n = 0; n < 5; n++) {
        yield* Pipeline.dispatch(Note, { workspaceId, payload: n, lane: "urgent" })
        yield* TestEngine.catchUp
        yield* TestClock.adjust("700 millis")
      }
      assert.deepStrictEqual([done, empty], [[0, 1, 2, 3, 4], []])
    }).pipe(Effect.provide(layer))
  })

  const crowd = Effect.fnUntraced(function* (options: { readonly rate?: Rate }) {
    const workspaceId = yield* TestEngine.workspace()
    for (let n = 0; n < 80; n++) {
      yield* launch(workspaceId, { name: `${n}`, audience: { _tag: "Inline", rows: people(20, n * 100) }, ...options })
    }
    yield* TestClock.adjust("8 seconds")
    return workspaceId
  })

  it.effect("a window full of slow campaigns leaves room for urgent work", () => {
    const { layer, seen } = counting({ window: 60, batch: 10 })
    return Effect.gen(function* () {
      const workspaceId = yield* crowd({ rate: { permits: 1, per: 3_600_000 } })
      assert.isAbove(seen.mostHeld, 50)
      done.length = 0
      yield* Pipeline.dispatch(Note, { workspaceId, payload: 1, lane: "urgent" })
      yield* TestEngine.catchUp
      assert.deepStrictEqual(done, [1])
    }).pipe(Effect.provide(layer))
  })

  it.effect("work that waits for its account gives its place to work that does not", () => {
    const offline = new SendFailed({ errorClass: "accountTransient", reason: "the device is offline" })
    const { layer } = counting({ window: 60, batch: 10 }, () => Effect.fail(offline), {
      probe: Effect.fail(offline)
    })
    return Effect.gen(function* () {
      const workspaceId = yield* crowd({})
      assert.strictEqual((yield* Journal).open(), 1600)
      done.length = 0
      yield* Pipeline.dispatch(Note, { workspaceId, payload: 1, lane: "normal" })
      yield* TestEngine.catchUp
      assert.deepStrictEqual(done, [1])
    }).pipe(Effect.provide(layer))
  })

  it.effect(
    "campaigns whose account takes nothing for an hour leave the jobs of their workspace all its places",
    () => {
      const wait = FakeMessenger.fail("rateLimited", "slow down", 3_600_000)
      const limits = { rate: { permits: 100, per: 1000 } }
      const { layer } = counting({ window: 60, batch: 20, concurrency: 20 }, () => wait, { limits })
      return Effect.gen(function* () {
        const workspaceId = yield* crowd({})
        done.length = 0
        const payloads = Array.from({ length: 40 }, (_, n) => n)
        yield* Pipeline.dispatchMany(SlowNote, { workspaceId, payloads, lane: "bulk" })
        yield* TestClock.adjust("8 seconds")
        assert.lengthOf(done, 40)
      }).pipe(Effect.provide(layer))
    }
  )

  it.effect("a job whose account takes nothing for an hour does not hold up jobs that need no account", () => {
    const wait = FakeMessenger.fail("rateLimited", "slow down", 3_600_000)
    const { layer } = counting({}, () => wait)
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      yield* Pipeline.dispatch(Job, { workspaceId, payload: phone(0) })
      yield* TestClock.adjust("1 second")
      done.length = 0
      yield* Pipeline.dispatch(Note, { workspaceId, payload: 1 })
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(done, [1])
    }).pipe(Effect.provide(layer))
  })

  it.effect("a window of one still lets every lane through", () => {
    const { layer } = counting({ window: 1 })
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      done.length = 0
      yield* Pipeline.dispatch(Note, { workspaceId, payload: 1, lane: "bulk" })
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(done, [1])
    }).pipe(Effect.provide(layer))
  })
})
