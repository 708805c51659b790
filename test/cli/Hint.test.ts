import * as Hint from "@fibercast/cli/Hint"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"

const startedBy = (env: Record<string, string>) =>
  Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
const pnpm = { npm_package_name: "fibercast" }

const hint = (place: Hint.Place, env: Record<string, string>) =>
  Hint.Hint.pipe(
    Effect.map(({ command }) => command("campaign show 1")),
    Effect.provide(Hint.Hint.layer(place)),
    startedBy(env)
  )

describe("a command to paste", () => {
  it.effect("is short where everything is as it is anyway", () =>
    Effect.gen(function* () {
      const place = { folder: ".fibercast", workspace: "default" }
      assert.strictEqual(yield* hint(place, {}), "fibercast campaign show 1")
      assert.strictEqual(yield* hint(place, pnpm), "npx -y pnpm@12 fibercast campaign show 1")
    })
  )

  it.effect("names the workspace and the folder of its run, as a shell takes them", () =>
    Effect.gen(function* () {
      const place = { folder: "it's here", workspace: "school" }
      assert.strictEqual(
        yield* hint(place, { npm_package_name: "theirs" }),
        "fibercast campaign show 1 --workspace school --folder 'it'\\''s here'"
      )
    })
  )

  it.effect("is mended in a text that names it by the program's name alone", () =>
    Effect.gen(function* () {
      const text = "Run `fibercast migrate`, then `FONNTE_TOKEN=… fibercast send …`; fibercast stopped."
      assert.strictEqual(yield* startedBy({})(Hint.typed(text)), text)
      assert.strictEqual(
        yield* startedBy(pnpm)(Hint.typed(text)),
        "Run `npx -y pnpm@12 fibercast migrate`, then `FONNTE_TOKEN=… npx -y pnpm@12 fibercast send …`; fibercast stopped."
      )
    })
  )
})
