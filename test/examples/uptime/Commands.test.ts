import * as NodeServices from "@effect/platform-node/NodeServices"
import { Monitors } from "@fibercast/examples/uptime/Monitors"
import * as SqlMonitors from "@fibercast/examples/uptime/SqlMonitors"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { fileURLToPath } from "node:url"
import * as Program from "../../cli/Program.ts"
import { TestDatabase } from "../../support/TestDatabase.ts"
import { tempFolder } from "../../support/TempFolder.ts"

const example = (file: string) =>
  fileURLToPath(new URL(`../../../services/examples/src/uptime/${file}`, import.meta.url))

describe("The commands of the uptime monitor", () => {
  it.live("the demo shows ten minutes, and ends by itself", () =>
    Effect.gen(function* () {
      const shown = yield* Program.run({ folder: yield* tempFolder }, [], example("Demo.ts"))
      assert.strictEqual(shown.code, 0, shown.stderr)
      const lines = shown.stdout.split("\n")
      for (const line of [
        "     2    6000      0 ms           100     0  OK",
        "     8       0      0 ms          1000     0  CRITICAL (size, growth)  ← nobody works the checks any more",
        "    10    6900 120000 ms           100     0  OK                       ← a node is back",
        "200 targets were told of as down, 200 as up again"
      ]) {
        assert.include(lines, line)
      }
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("a monitor is taken on once and shown, and refused when it has no address or no interval", () =>
    Effect.gen(function* () {
      const place = { folder: yield* tempFolder, env: { DATABASE_URL: (yield* TestDatabase).url } }
      const add = (...args: ReadonlyArray<string>) => Program.run(place, args, example("Add.ts"))
      const added = yield* add("shop", "https://shop.example/", "10")
      assert.deepStrictEqual(
        [added.code, added.stdout],
        [0, "shop is checked every 10 seconds once a node runs the app.\n"]
      )
      assert.strictEqual((yield* add("shop", "https://other.example/", "20")).code, 0)
      assert.notStrictEqual((yield* add("shop", "shop.example", "10")).code, 0)
      assert.notStrictEqual((yield* add("shop", "https://shop.example/", "0")).code, 0)
      const show = Effect.map(Program.run(place, [], example("Show.ts")), ({ stdout }) => stdout)
      assert.strictEqual(yield* show, "new     shop  https://shop.example/  no check yet\n")
      const seen = { id: "shop", slot: Date.UTC(2026, 4, 4), at: 0, status: 200, latency: 40.4, problem: null }
      yield* (yield* Monitors).record(seen, () => Effect.void)
      assert.strictEqual(yield* show, "up      shop  https://shop.example/  2026-05-04T00:00:00Z  200 in 40 ms\n")
      assert.deepStrictEqual(yield* (yield* Monitors).standing, [
        { id: "shop", url: "https://shop.example/", down: false, refused: 0 }
      ])
    }).pipe(
      Effect.scoped,
      Effect.provide(SqlMonitors.layer.pipe(Layer.provideMerge(TestDatabase.layer), Layer.merge(NodeServices.layer)))
    )
  )
})
