import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import { type Message } from "@fibercast/domain/Message"
import { Outcome } from "@fibercast/domain/Outcome"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { type AccountClosed, type AccountGates } from "@fibercast/engine/AccountGates"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Runnable from "@fibercast/engine/Runnable"
import { type Accepted } from "@fibercast/ports/Messenger"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Result, Schema } from "effect"
import {
  claimed,
  contextOf,
  outcomeOf,
  Numbers,
  Offline,
  Banned,
  Greeting,
  First,
  messageOf,
  done
} from "./internal/Tries.ts"

describe("Pipeline.make", () => {
  it("takes lane, tries, timeout and guarantee, and has defaults for them", () => {
    assert.deepInclude(Numbers.options, { lane: "normal", timeout: 30_000, guarantee: "at-least-once" })
    const told = Pipeline.make("told", {
      payload: Schema.Null,
      lane: "urgent",
      timeout: null,
      guarantee: "at-most-once",
      retry: RetryPolicy.never
    })
    assert.deepStrictEqual(told.options, {
      backlog: null,
      retention: null,
      lane: "urgent",
      timeout: null,
      guarantee: "at-most-once",
      retry: RetryPolicy.never,
      atOnce: null
    })
  })

  it.each([0, -1, 1.5, Infinity, NaN])("refuses %j deliveries of one key at once", (limit) => {
    assert.throws(
      () => Pipeline.make("told", { payload: Schema.String, concurrency: { key: (text) => text, limit } }),
      /cannot be under way at once/
    )
  })

  it.each(["", "Upper", "with blank", "a/b", "x".repeat(101)])("refuses the name %j", (name) => {
    assert.throws(() => Pipeline.make(name, { payload: Schema.Null }), /cannot name a pipeline/)
  })

  it("infers value, errors and requirements through the stages", () => {
    const pipeline = Numbers.pipe(
      Pipeline.map((n) => `${n}`),
      Pipeline.mapEffect((text) => Effect.map(Greeting, ({ word }) => word.length + text.length)),
      Pipeline.mapEffect((n, { attempt }) => (n > attempt ? Effect.succeed(n) : new Offline({ host: "h" })), {
        timeout: "1 second",
        classify: (error) => (error._tag === "Offline" ? "transient" : "unknown")
      }),
      Pipeline.filter(
        (n) => n > 1,
        (n) => `${n} is small`
      ),
      Pipeline.throttle({ key: (n) => `${n}`, rate: { permits: 1, per: 1000 } }),
      Pipeline.batch({ size: 2, within: "1 second" }, (ns) =>
        Effect.succeed(ns.map((n) => Result.succeed(messageOf(`${n}`))))
      ),
      Pipeline.route((message) => (message.text === "" ? "first" : "second"), {
        first: Pipeline.send(First),
        second: Pipeline.compose(
          Pipeline.map((m: Message) => m.text.length),
          Pipeline.mapEffect(() => new Banned())
        )
      }),
      Pipeline.onFailure(({ payload }) => Effect.log(payload?.toFixed()))
    )
    expectTypeOf(pipeline).toExtend<
      Pipeline.Pipeline<number, Accepted, Pipeline.ErrorOf<typeof pipeline>, First | Greeting | AccountGates>
    >()
    expectTypeOf<Pipeline.ErrorOf<typeof pipeline>["_tag"]>().toEqualTypeOf<
      "Offline" | "StageTimedOut" | "SendFailed" | "AccountClosed" | "Banned"
    >()
    expectTypeOf<Pipeline.RequirementsOf<typeof pipeline>>().toEqualTypeOf<First | Greeting | AccountGates>()
    expectTypeOf<AccountClosed>().toExtend<Pipeline.ErrorOf<typeof pipeline>>()
    assert.isTrue(pipeline.sends)
  })
})

describe("stages", () => {
  it.effect("map, mapEffect and tap run in order, once each, and the last value is the exit", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      const run = yield* Runnable.handler(
        Numbers.pipe(
          Pipeline.map((n) => n + 1),
          Pipeline.tap((n) => Effect.sync(() => seen.push(n))),
          Pipeline.mapEffect((n, { delivery }) => Effect.succeed(`${n} of ${delivery.id}`))
        )
      )
      assert.strictEqual(yield* run(contextOf(1)), "2 of 7")
      assert.deepStrictEqual(seen, [2])
    })
  )

  it.effect("map, mapEffect and tap that are done at once are their own exit, and take no fiber", () =>
    Effect.gen(function* () {
      const run = yield* Runnable.handler(
        Numbers.pipe(
          Pipeline.map((n) => n + 1),
          Pipeline.tap(() => Effect.void),
          Pipeline.mapEffect((n) => Effect.succeed(n + 1))
        )
      )
      const ended = run(contextOf(1))
      assert.isTrue(Exit.isExit(ended))
      assert.strictEqual(yield* ended, 3)
      const failing = yield* Runnable.handler(Numbers.pipe(Pipeline.tap(() => Effect.fail("offline"))))
      assert.isTrue(Exit.isExit(failing(contextOf(1))))
    })
  )

  it.effect("requirements are taken where the handler is made", () =>
    Effect.gen(function* () {
      const pipeline = Numbers.pipe(Pipeline.mapEffect((n) => Effect.map(Greeting, ({ word }) => `${word} ${n}`)))
      const run = yield* Effect.provideService(Runnable.handler(pipeline), Greeting, { word: "hello" })
      assert.strictEqual(yield* run(contextOf(1)), "hello 1")
      assert.strictEqual(yield* Effect.forkChild(run(contextOf(2))).pipe(Effect.flatMap(Fiber.join)), "hello 2")
    })
  )

  it.effect("what filter leaves out is skipped with its reason", () =>
    Effect.gen(function* () {
      const pipeline = Numbers.pipe(
        Pipeline.filter(
          (n) => n > 1,
          (n) => `${n} is too small`
        )
      )
      assert.deepStrictEqual(yield* outcomeOf(pipeline, 1), Outcome.Skipped({ reason: "1 is too small" }))
      assert.deepStrictEqual(yield* outcomeOf(pipeline, 2), done)
    })
  )

  it.effect("a payload that does not decode fails for good and names the field", () =>
    Effect.gen(function* () {
      const payload = Schema.Struct({ student: Schema.Struct({ phone: Schema.String }) })
      const outcome = yield* outcomeOf(Pipeline.make("typed", { payload }), { student: { phone: 5 } })
      if (outcome._tag !== "Failed") return assert.fail(outcome._tag)
      assert.strictEqual(outcome.errorClass, "messagePermanent")
      assert.match(outcome.reason, /student.*phone/s)
      const run = yield* Runnable.handler(Numbers)
      const exit = yield* Effect.exit(run({ ...contextOf(1), delivery: claimed("{ not json") }))
      assert.isTrue(Exit.isFailure(exit))
    })
  )

  it.effect("payloads travel as JSON, whatever their type", () =>
    Effect.gen(function* () {
      const pipeline = Pipeline.make("dated", { payload: Schema.Struct({ at: Schema.Date, id: Schema.BigInt }) })
      const payload = { at: new Date(0), id: 5n }
      const run = yield* Runnable.handler(pipeline)
      const value = yield* run({ ...contextOf(null), delivery: claimed(yield* pipeline.encode(payload)) })
      assert.deepStrictEqual(value, payload)
    })
  )

  it.effect("what a stage throws is a defect of that try, also before the first asynchronous step", () =>
    Effect.gen(function* () {
      const pipeline = Numbers.pipe(
        Pipeline.map((): number => {
          throw new Error("a bug")
        })
      )
      const outcome = yield* outcomeOf(pipeline, 1)
      assert.deepStrictEqual(outcome, Outcome.Retry({ after: 60_000, errorClass: "unknown", reason: "crashed: a bug" }))
    })
  )
})

const failing = <E>(error: E, classify?: ErrorClass | ((error: E) => ErrorClass)) =>
  Numbers.pipe(Pipeline.mapEffect(() => Effect.fail(error), { classify }))

describe("classes of errors", () => {
  it.effect("an error without a class is transient: retried until its tries are used up", () =>
    Effect.gen(function* () {
      const pipeline = failing(new Offline({ host: "h" }))
      const retry = Outcome.Retry({ after: 60_000, errorClass: "transient", reason: "Offline" })
      assert.deepStrictEqual(yield* outcomeOf(pipeline, 1), retry)
      assert.deepStrictEqual(yield* outcomeOf(pipeline, 1, { attempt: 1 }), retry)
      assert.deepStrictEqual(
        yield* outcomeOf(pipeline, 1, { attempt: 2 }),
        Outcome.Failed({ errorClass: "transient", reason: "Offline" })
      )
    })
  )

  it.effect("an error's own class goes before transient, and the stage's word before both", () =>
    Effect.gen(function* () {
      const skipped = Outcome.Skipped({ reason: "the recipient is banned" })
      assert.deepStrictEqual(yield* outcomeOf(failing(new Banned()), 1), skipped)
      assert.deepStrictEqual(
        yield* outcomeOf(failing(new Banned(), "messagePermanent"), 1),
        Outcome.Failed({ errorClass: "messagePermanent", reason: "the recipient is banned" })
      )
      assert.deepStrictEqual(
        yield* outcomeOf(
          failing(new Offline({ host: "h" }), (error) => (error.host === "h" ? "rateLimited" : "unknown")),
          1
        ),
        Outcome.Snoozed({ after: 1000, reason: "Offline" })
      )
    })
  )

  it.effect("the reason is one short text, never a stack", () =>
    Effect.gen(function* () {
      const reasons = yield* Effect.forEach([new Error("x".repeat(2000)), "plain", { _tag: "Odd" }, null], (error) =>
        Effect.map(outcomeOf(failing(error), 1), (outcome) => (outcome._tag === "Retry" ? outcome.reason : ""))
      )
      assert.deepStrictEqual(reasons, [`${"x".repeat(499)}…`, "plain", "Odd", "failed without saying why"])
    })
  )
})

describe("onFailure", () => {
  const ending = { state: "failed", errorClass: "transient", reason: "used up" } as const

  it.effect("runs every hook once with the decoded payload, and a hook that fails stops none", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const pipeline = Numbers.pipe(
        Pipeline.onFailure(() => Effect.sync(() => told.push("first"))),
        Pipeline.onFailure(() => new Offline({ host: "h" })),
        Pipeline.onFailure(() => Effect.die("a bug")),
        Pipeline.mapEffect(() => new Offline({ host: "h" })),
        Pipeline.onFailure(({ payload, reason, errorClass, context }) =>
          Effect.sync(() => told.push(`${payload} ${reason} ${errorClass} ${context.attempt}`))
        )
      )
      assert.strictEqual((yield* outcomeOf(pipeline, 5))._tag, "Retry")
      assert.deepStrictEqual(told, [], "a try that failed is no ending")
      yield* Runnable.failed(pipeline)(contextOf(5), ending)
      assert.deepStrictEqual(told, ["first", "5 used up transient 1"])
    })
  )

  it.effect("runs without a payload when that does not decode", () =>
    Effect.gen(function* () {
      const payloads: Array<number | null> = []
      const pipeline = Numbers.pipe(Pipeline.onFailure(({ payload }) => Effect.sync(() => payloads.push(payload))))
      yield* Runnable.failed(pipeline)(contextOf("not a number"), ending)
      assert.deepStrictEqual(payloads, [null])
    })
  )
})
