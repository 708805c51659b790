import { assert, describe, it } from "@effect/vitest"
import { quiet, traced } from "@fibercast/ports/Traced"
import { Effect, Exit, FiberSet, Option, Tracer } from "effect"

/** The names of the spans that were begun, and how each ended. */
const recording = () => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  return { spans, tracer }
}

const nameOfSpan = Effect.map(
  Effect.option(Effect.currentSpan),
  Option.map(({ name }) => name)
)

describe("traced", () => {
  it.effect("is a span for whoever gave a tracer, a child of the one around it, and ends as the call does", () =>
    Effect.gen(function* () {
      const { spans, tracer } = recording()
      const call = Effect.andThen(nameOfSpan, Effect.fail("refused")).pipe(traced("Things.call"))
      const exit = yield* Effect.exit(Effect.withSpan(call, "around")).pipe(
        Effect.provideService(Tracer.Tracer, tracer)
      )
      assert.deepStrictEqual(Exit.findErrorOption(exit), Option.some("refused"))
      const [around, called] = spans
      assert.deepStrictEqual([around?.name, called?.name], ["around", "Things.call"])
      const parent = called === undefined ? undefined : Option.getOrUndefined(called.parent)
      assert.strictEqual(parent?.spanId, around?.spanId)
      assert.isTrue(called?.status._tag === "Ended" && Exit.isFailure(called.status.exit))
    })
  )

  it.effect("what it calls finds itself in its span", () =>
    Effect.gen(function* () {
      const { tracer } = recording()
      const found = yield* nameOfSpan.pipe(traced("Things.call"), Effect.provideService(Tracer.Tracer, tracer))
      assert.deepStrictEqual(found, Option.some("Things.call"))
    })
  )

  it.effect("is the call itself where nobody traces", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* nameOfSpan.pipe(traced("Things.call")), Option.none())
    })
  )
})

describe("quiet", () => {
  const inSpan = Effect.withSpan(
    Effect.map(Effect.currentSpan, ({ sampled }) => sampled),
    "Things.call"
  )
  const forked = Effect.gen(function* () {
    const run = yield* quiet(FiberSet.makeRuntimePromise())
    return yield* Effect.promise(() => run(inSpan))
  })

  it.effect("what is run later makes spans for whoever gave a tracer", () =>
    Effect.gen(function* () {
      const { spans, tracer } = recording()
      yield* forked.pipe(Effect.provideService(Tracer.Tracer, tracer))
      assert.deepStrictEqual(
        spans.map(({ name }) => name),
        ["Things.call"]
      )
    })
  )

  it.effect("it makes none where nobody traces", () =>
    Effect.gen(function* () {
      assert.isTrue(yield* inSpan)
      assert.isFalse(yield* forked)
    })
  )
})
