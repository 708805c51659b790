import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Schema, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { fileURLToPath } from "node:url"
import { Sample } from "./yardstick/Sample.ts"

const program = fileURLToPath(new URL("yardstick/Bench.ts", import.meta.url))

const Written = Schema.fromJsonString(Schema.Struct({ samples: Schema.Array(Sample) }))

/** The command as a contributor runs it. */
const bench = Effect.fnUntraced(function* (args: ReadonlyArray<string>) {
  const child = yield* ChildProcess.make(process.execPath, [program, ...args], { stdin: "ignore" })
  const words = (bytes: typeof child.stdout) => Stream.mkString(Stream.decodeText(bytes))
  const [stdout, stderr, code] = yield* Effect.all([words(child.stdout), words(child.stderr), child.exitCode], {
    concurrency: "unbounded"
  })
  return { stdout, stderr, code }
}, Effect.scoped)

describe("The yardstick", () => {
  it.live(
    "drains the plain loop and Fibercast, tells what each cost, and writes every sample and the chart",
    () =>
      Effect.gen(function* () {
        const files = yield* FileSystem.FileSystem
        const folder = yield* files.makeTempDirectoryScoped()
        const [json, chart] = [`${folder}/run.json`, `${folder}/run.svg`]
        const which = ["--quick", "--case", "drain", "--subject", "plain", "--subject", "fibercast"]
        const { code, stderr, stdout } = yield* bench([...which, "--json", json, "--chart", chart])
        assert.strictEqual(code, 0, stderr)
        assert.match(stdout, /Fibercast +[\d,]+ \/s .*node [\d.]+, postgres [\d.]+/)
        const { samples } = yield* Effect.flatMap(files.readFileString(json), Schema.decodeEffect(Written))
        assert.deepStrictEqual(samples.map(({ subject }) => subject).toSorted(), ["fibercast", "plain"])
        for (const { metered } of samples) assert.strictEqual(metered.items, 30_000)
        assert.match(yield* files.readFileString(chart), /^<svg/)
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    { timeout: 120_000 }
  )

  it.live(
    "tells what a provider took apart from what is the subject's",
    () =>
      Effect.gen(function* () {
        const which = ["--quick", "--case", "latency-provider", "--subject", "fibercast"]
        const { code, stderr, stdout } = yield* bench(which)
        assert.strictEqual(code, 0, stderr)
        assert.match(stdout, /Fibercast +[\d.]+ ms .*node [\d,.]+, postgres [\d,.]+, provider [\d,.]+/)
      }).pipe(Effect.provide(NodeServices.layer)),
    { timeout: 120_000 }
  )

  it.live("says which cases and subjects there are to who asks for another", () =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* bench(["--case", "drian"])
      assert.notStrictEqual(code, 0)
      assert.include(stdout + stderr, "there is no drian to measure; cases: enqueue-one, ")
    }).pipe(Effect.provide(NodeServices.layer))
  )
})
