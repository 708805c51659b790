import { type BadDispatch } from "@fibercast/engine/BadDispatch"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { type Dispatched, idOf } from "@fibercast/ports/Dispatch"
import { Ledger } from "@fibercast/ports/Ledger"
import { MemoryAlerts } from "@fibercast/ports/MemoryAlerts"
import { Signal } from "@fibercast/ports/Signal"
import * as Expect from "@fibercast/testkit/Expect"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Fiber, Option, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { insertedId } from "../support/Inserted.ts"

const Payload = Schema.Struct({ student: Schema.String, n: Schema.Int })

/** A pipeline that notes what it works, and the engine that runs it. */
const noting = (options: Omit<Parameters<typeof Pipeline.make<typeof Payload.Type>>[1], "payload"> = {}) => {
  const worked: Array<string> = []
  const pipeline = Pipeline.make("notes", { payload: Payload, ...options }).pipe(
    Pipeline.tap(({ n, student }) => Effect.sync(() => worked.push(`${student} ${n}`)))
  )
  const dispatch = Effect.fnUntraced(function* (
    student: string,
    n: number,
    more: Partial<Parameters<typeof Pipeline.dispatch<typeof Payload.Type>>[1]> = {}
  ) {
    const workspaceId = yield* TestEngine.workspace()
    return yield* Pipeline.dispatch(pipeline, { ...more, workspaceId, payload: { student, n } })
  })
  return { pipeline, worked, dispatch, engine: TestEngine.layer({ pipelines: [pipeline] }) }
}

const stoodFor = (answer: Dispatched, by: Dispatched, replaced = false) =>
  assert.deepStrictEqual(answer, { _tag: "Deduplicated", id: insertedId(by), replaced })

describe("what is dispatched", () => {
  it.effect("to a pipeline with a key of its payloads is worked once a key until it has ended", () => {
    const { dispatch, engine, worked } = noting({ unique: ({ student }) => student })
    return Effect.gen(function* () {
      const first = yield* dispatch("Ayu", 1, { delay: "1 second" })
      stoodFor(yield* dispatch("Ayu", 2), first)
      assert.strictEqual((yield* dispatch("Budi", 3))._tag, "Inserted")
      assert.strictEqual((yield* dispatch("Ayu", 4, { unique: false }))._tag, "Inserted")
      const other = { key: ({ n }: { readonly n: number }) => `${n}` }
      assert.strictEqual((yield* dispatch("Ayu", 5, { unique: other }))._tag, "Inserted")
      yield* TestClock.adjust("2 seconds")
      assert.sameMembers(worked, ["Ayu 1", "Budi 3", "Ayu 4", "Ayu 5"])
      assert.strictEqual((yield* dispatch("Ayu", 6))._tag, "Inserted")
      yield* Expect.dispatched("notes", 5)
    }).pipe(Effect.provide(engine))
  })

  it.effect("many at once are answered one each, in order, by their own keys", () => {
    const { engine, pipeline } = noting()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const payloads = Array.from({ length: 2500 }, (_, n) => ({ student: `${n % 1250}`, n }))
      const unique = { key: ({ student }: typeof Payload.Type) => student }
      const answers = yield* Pipeline.dispatchMany(pipeline, { workspaceId, payloads, unique, delay: "1 minute" })
      assert.deepStrictEqual(answers.slice(1250).map(idOf), answers.slice(0, 1250).map(insertedId))
    }).pipe(Effect.provide(engine))
  })

  it.effect("with a key that is taken is refused, or replaces what waits, as it asks for", () => {
    const { dispatch, engine, worked } = noting()
    return Effect.gen(function* () {
      const first = yield* dispatch("Ayu", 1, { delay: "1 hour", unique: { key: "k" } })
      const refused = yield* dispatch("Ayu", 2, { unique: { key: "k", onConflict: "reject" } })
      assert.deepStrictEqual(refused, { _tag: "Refused", reason: { _tag: "KeyTaken", by: insertedId(first) } })
      stoodFor(yield* dispatch("Ayu", 3, { unique: { key: "k", onConflict: "replace" } }), first, true)
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(worked, ["Ayu 3"])
    }).pipe(Effect.provide(engine))
  })

  it.effect(
    "with debounce is worked once nobody has dispatched for a while, with what was last, and no later than it may",
    () => {
      const { dispatch, engine, worked } = noting()
      return Effect.gen(function* () {
        const debounce = { key: "k", wait: "10 seconds", atMost: "25 seconds" } as const
        for (const n of [1, 2]) {
          yield* dispatch("Ayu", n, { debounce })
          yield* TestClock.adjust("9 seconds")
        }
        assert.deepStrictEqual(worked, [])
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(worked, ["Ayu 2"])
        for (const n of [3, 4, 5, 6]) {
          yield* dispatch("Ayu", n, { debounce })
          yield* TestClock.adjust("8 seconds")
        }
        assert.deepStrictEqual(worked, ["Ayu 2", "Ayu 6"])
      }).pipe(Effect.provide(engine))
    }
  )

  it.effect("with throttle is worked at once, and then none for a while", () => {
    const { dispatch, engine, worked } = noting()
    return Effect.gen(function* () {
      const throttle = { key: ({ student }: typeof Payload.Type) => student, every: "1 minute" } as const
      for (const n of [1, 2, 3]) {
        for (const student of ["Ayu", "Budi"]) yield* dispatch(student, n, { throttle })
        yield* TestClock.adjust("35 seconds")
      }
      assert.deepStrictEqual(worked, ["Ayu 1", "Budi 1", "Ayu 3", "Budi 3"])
    }).pipe(Effect.provide(engine))
  })

  it.effect("with an idempotency key is worked once, also when that is over", () => {
    const { dispatch, engine, worked } = noting()
    return Effect.gen(function* () {
      const first = yield* dispatch("Ayu", 1, { idempotencyKey: "order 7" })
      yield* TestClock.adjust("1 hour")
      stoodFor(yield* dispatch("Ayu", 1, { idempotencyKey: "order 7" }), first)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(worked, ["Ayu 1"])
    }).pipe(Effect.provide(engine))
  })

  it.effect("beyond the backlog of its pipeline is refused, with an alert, until there is room", () => {
    const { dispatch, engine } = noting({ backlog: 2 })
    return Effect.gen(function* () {
      for (const n of [1, 2]) yield* dispatch("Ayu", n, { delay: "1 second" })
      const reason = { _tag: "BacklogFull", of: "pipeline", cap: 2 } as const
      assert.deepStrictEqual(yield* dispatch("Ayu", 3), { _tag: "Refused", reason })
      const raised = (yield* (yield* MemoryAlerts).raised).filter(({ _tag }) => _tag === "BacklogFull")
      const workspaceId = yield* TestEngine.workspace()
      assert.deepStrictEqual(raised, [{ _tag: "BacklogFull", workspaceId, pipeline: "notes", cap: 2 }])
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* dispatch("Ayu", 4))._tag, "Inserted")
    }).pipe(Effect.provide(engine))
  })

  it.effect("tells the workspace if there is something new for it, and is silent otherwise", () => {
    const { dispatch, engine } = noting()
    return Effect.gen(function* () {
      const { notify, signals } = yield* Signal
      const workspaceId = yield* TestEngine.workspace()
      const another = yield* TestEngine.workspace("another")
      const told = Effect.fnUntraced(function* (how: Parameters<typeof dispatch>[2]) {
        const heard = yield* Effect.forkChild(Stream.runHead(signals), { startImmediately: true })
        yield* dispatch("Ayu", 1, { delay: "1 hour", ...how })
        yield* notify(another)
        return Option.exists(yield* Fiber.join(heard), (news) => news.workspaceId === workspaceId)
      })
      assert.isTrue(yield* told({ unique: { key: "k" } }))
      assert.isFalse(yield* told({ unique: { key: "k" } }))
      assert.isTrue(yield* told({ unique: { key: "k", onConflict: "replace" } }))
      assert.isFalse(yield* told({ unique: { key: "k", onConflict: "reject" } }))
    }).pipe(Effect.provide(engine))
  })

  it.effect("carries the tags of its pipeline and its own, and whether a record of it stays", () => {
    const seen: Array<unknown> = []
    const { dispatch } = noting({ retention: "none", tags: ({ student }) => [`student:${student}`], backlog: 7 })
    return Effect.gen(function* () {
      const ledger = yield* Ledger
      const listening = Ledger.of({
        ...ledger,
        dispatch: (options) => {
          for (const { backlog, delivery } of options.dispatches)
            seen.push([delivery.tags, delivery.temporary, backlog])
          return ledger.dispatch(options)
        }
      })
      yield* dispatch("Ayu", 1, { tags: ["monthly", "student:Ayu"] }).pipe(Effect.provideService(Ledger, listening))
      assert.deepStrictEqual(seen, [[["student:Ayu", "monthly"], true, 7]])
    }).pipe(Effect.provide(TestEngine.layerStores()))
  })

  it.effect("and cannot be is said so, by field and value, and nothing is recorded", () => {
    const { dispatch, engine } = noting()
    return Effect.gen(function* () {
      const long = "k".repeat(201)
      const bad: ReadonlyArray<readonly [Parameters<typeof dispatch>[2], string, string]> = [
        [{ unique: { key: "" } }, "unique.key", '""'],
        [{ unique: { key: long } }, "unique.key", "201"],
        [{ unique: { key: () => "a\u0000b" } }, "unique.key", "a"],
        [{ unique: { key: "\ud800" } }, "unique.key", "ud800"],
        [{ unique: { key: "k", for: 0 } }, "unique.for", "0"],
        [{ idempotencyKey: "" }, "idempotencyKey", '""'],
        [{ idempotencyKey: () => long }, "idempotencyKey", "201"],
        [{ delay: -5 }, "delay", "-5"],
        [{ delay: Number.NaN }, "delay", "NaN"],
        [{ delay: "Infinity" }, "delay", "Infinity"],
        [{ tags: Array.from({ length: 11 }, (_, n) => `t${n}`) }, "tags", "t0"],
        [{ tags: [""] }, "tags", '""'],
        [{ tags: ["t".repeat(101)] }, "tags", "ttt"],
        [{ debounce: { key: "k", wait: 0 } }, "debounce.wait", "0"],
        [{ debounce: { key: "k", wait: 1, atMost: -1 } }, "debounce.atMost", "-1"],
        [{ debounce: { key: "", wait: 1 } }, "debounce.key", '""'],
        [{ debounce: { key: "k", wait: 1 }, delay: 1 }, "debounce", "delay"],
        [{ debounce: { key: "k", wait: 1 }, at: DateTime.makeUnsafe(0) }, "debounce", "at"],
        [{ throttle: { key: "k", every: 0 } }, "throttle.every", "0"],
        [{ throttle: { key: "k", every: 1 }, unique: { key: "k" } }, "throttle", "unique"],
        [{ throttle: { key: "k", every: 1 }, debounce: { key: "k", wait: 1 } }, "throttle", "debounce"]
      ]
      for (const [options, field, value] of bad) {
        const error = yield* Effect.flip(dispatch("Ayu", 1, options))
        assert.strictEqual(error._tag, "BadDispatch", field)
        const { message, pipeline, ...found } = error as BadDispatch
        assert.deepStrictEqual([pipeline, found.field], ["notes", field])
        assert.include(message, value)
      }
      yield* Expect.dispatched("notes", 0)
    }).pipe(Effect.provide(engine))
  })

  it("needs a pipeline whose backlog and retention are more than nothing", () => {
    for (const options of [{ backlog: 0 }, { backlog: 1.5 }, { backlog: Number.NaN }, { retention: 0 }] as const) {
      assert.throws(() => noting(options), /notes/)
    }
  })
})
