import * as Ending from "@fibercast/cli/Ending"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Console, Effect, Schema, Stdio } from "effect"
import { CliError } from "effect/cli"

class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", { host: Schema.String }) {
  override get message(): string {
    return `${this.host} does not answer`
  }
}

/** Ends a run and gives what stderr and the shell would see. */
const end = (
  run: Effect.Effect<unknown, unknown>,
  from: { readonly env?: Record<string, string>; readonly args?: ReadonlyArray<string> } = {}
) =>
  Effect.gen(function* () {
    const said: Array<string> = []
    const console = yield* Console.Console
    const exit = yield* Ending.report(run).pipe(
      Effect.provideService(Console.Console, { ...console, error: (line: string) => void said.push(line) }),
      Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: from.env ?? {} })),
      Effect.provide(Stdio.layerTest({ args: Effect.succeed(from.args ?? []) })),
      Effect.exit
    )
    let code = -1
    Ending.teardown(exit, (chosen) => {
      code = chosen
    })
    return { code, stderr: said.join("\n") }
  })

describe("how a run ends", () => {
  it.effect("with 0 and silence when it is done", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* end(Effect.void), { code: 0, stderr: "" })
    })
  )

  it.effect("with 1 and the error's message when it failed", () =>
    Effect.gen(function* () {
      const ended = yield* end(Effect.fail(new Unreachable({ host: "db" })))
      assert.deepStrictEqual(ended, { code: 1, stderr: "db does not answer" })
    })
  )

  it.effect("with 1, a short message and a hint, but no stack, when it stumbled over a fault of its own", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* end(Effect.die(new TypeError("x is not a function")))
      assert.strictEqual(code, 1)
      assert.match(stderr, /^fibercast stopped by a fault of its own: x is not a function\n.*FIBERCAST_DEBUG=1/u)
      assert.notInclude(stderr, "Ending.test.ts")
    })
  )

  it.effect("with a stack as well when debugging", () =>
    Effect.gen(function* () {
      const stumble = Effect.suspend(() => Effect.die(new TypeError("x is not a function")))
      for (const from of [
        { env: { FIBERCAST_DEBUG: "1" } },
        { args: ["audience", "check", "--log-level", "debug"] },
        { args: ["--log-level=trace"] }
      ]) {
        assert.include((yield* end(stumble, from)).stderr, "Ending.test.ts")
      }
      assert.notInclude((yield* end(stumble, { args: ["--log-level", "info"] })).stderr, "Ending.test.ts")
    })
  )

  it.effect("with 2 when the command line cannot be understood; the presenter has said why", () =>
    Effect.gen(function* () {
      const missing = new CliError.MissingOption({ option: "to" })
      const shown = new CliError.ShowHelp({ commandPath: ["fibercast"], errors: [missing] })
      assert.deepStrictEqual(yield* end(Effect.fail(shown)), { code: 2, stderr: "" })
    })
  )

  it.effect("with 0 when all that was asked for is help", () =>
    Effect.gen(function* () {
      const shown = new CliError.ShowHelp({ commandPath: ["fibercast"], errors: [] })
      assert.deepStrictEqual(yield* end(Effect.fail(shown)), { code: 0, stderr: "" })
    })
  )

  it.effect("with 130 and silence when it was interrupted", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* end(Effect.interrupt), { code: 130, stderr: "" })
    })
  )
})
