import * as NodeServices from "@effect/platform-node/NodeServices"
import { Register } from "@fibercast/examples/school/Register"
import * as LocalNode from "@fibercast/node/LocalNode"
import { FonnteSimulator } from "@fibercast/simulator/Fonnte"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { fileURLToPath } from "node:url"
import * as Program from "../../cli/Program.ts"
import { tempFolder } from "../../support/TempFolder.ts"
import { TestDatabase } from "../../support/TestDatabase.ts"
import { until } from "../OnPostgres.ts"
import { classOf, counts, month } from "./Schools.ts"

const example = (file: string) =>
  fileURLToPath(new URL(`../../../services/examples/src/school/${file}`, import.meta.url))

const stores = Layer.mergeAll(LocalNode.layerStores, Register.layerSql).pipe(
  Layer.provideMerge(TestDatabase.layer),
  Layer.provideMerge(Layer.merge(FonnteSimulator.layer(), NodeServices.layer))
)

/** A folder and an environment on the test's database and its simulated provider. */
const given = Effect.gen(function* () {
  const { url: database } = yield* TestDatabase
  const { token, url } = yield* FonnteSimulator
  const provider = { FONNTE_TOKEN: token, FONNTE_URL: url, FONNTE_RATE: "5/s" }
  const place = { folder: yield* tempFolder, env: { DATABASE_URL: database, FIBERCAST_HEALTH_PORT: "0", ...provider } }
  return {
    send: (...args: ReadonlyArray<string>) => Program.run(place, args, example("Send.ts")),
    node: Program.start(place, ["--app", example("App.ts")], Program.nodeLauncher)
  }
})

describe("The commands of a school", () => {
  it.live(
    "a node killed with -9 in the middle of a class: the next one goes on, nobody is lost or written to twice",
    () =>
      Effect.gen(function* () {
        const { node, send } = yield* given
        const { accepted, acceptedTotal, requests, script } = yield* FonnteSimulator
        yield* classOf(20)
        // From the eighth on the provider does not answer, so that the crash meets some under way and some not begun.
        yield* script([{ kind: "hang", from: 8 }])
        const first = yield* node
        const launched = yield* send(month, "A")
        assert.match(launched.stdout, /Campaign \d+ \(report 2026-01 A\) is launched/u)
        yield* until(requests, (total) => total >= 8)
        process.kill(first.pid, "SIGKILL")
        yield* Effect.exit(first.exitCode)
        assert.isAbove((yield* counts).open, 0)
        yield* script([])
        yield* node
        assert.match((yield* send(month, "A")).stdout, /Nobody in class A is left to tell/u)
        const { completed, planned, unknown } = yield* until(counts, ({ open }) => open === 0)
        assert.strictEqual(planned, 20)
        assert.strictEqual(completed + unknown, 20)
        assert.isAbove(unknown, 0)
        assert.isTrue([...(yield* accepted).values()].every((times) => times === 1))
        assert.isAtLeast(yield* acceptedTotal, completed)
      }).pipe(Effect.scoped, Effect.provide(stores))
  )

  it.live("sending says what is wrong with a month", () =>
    Effect.gen(function* () {
      const { send } = yield* given
      const refused = yield* send("January", "A")
      assert.notStrictEqual(refused.code, 0)
      assert.match(refused.stdout + refused.stderr, /"January" is not a month: write it like 2026-01/u)
    }).pipe(Effect.scoped, Effect.provide(stores))
  )

  it.live("the demo ends by itself and shows what parents and admins got", () =>
    Effect.gen(function* () {
      const shown = yield* Program.run({ folder: yield* tempFolder }, [], example("Demo.ts"))
      assert.strictEqual(shown.code, 0, shown.stderr)
      for (const line of [
        "report of 2026-01 to class A: nobody is left to tell",
        "alarm: AccountBroken",
        "  6286010001001  2",
        "  Citra (A), tanya ayahnya: bad number: not a number",
        "  Fajar (B), 0860-1000-1007: not sent: target invalid",
        "  report 2026-01 A: 5 planned = 4 sent + 0 failed + 1 skipped + 0 unknown",
        "  report 2026-01 B: 3 planned = 2 sent + 1 failed + 0 skipped + 0 unknown"
      ]) {
        assert.include(shown.stdout, line)
      }
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
