import * as NodeServices from "@effect/platform-node/NodeServices"
import { FonnteSimulator } from "@fibercast/simulator/Fonnte"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ChildProcess } from "effect/process"
import { fileURLToPath } from "node:url"
import { tempFolder } from "../support/TempFolder.ts"

const example = fileURLToPath(new URL("../../services/examples/src/RunIt.ts", import.meta.url))

describe("Running the first pipeline", () => {
  it.live("sends the report through the provider, once", () =>
    Effect.gen(function* () {
      const { acceptedTotal, token, url, accepted } = yield* FonnteSimulator
      const cwd = yield* tempFolder
      const env = { PATH: process.env["PATH"], FONNTE_TOKEN: token, FONNTE_URL: url }
      yield* ChildProcess.make(process.execPath, [example], { cwd, env, extendEnv: false, stdin: "ignore" })
      while ((yield* acceptedTotal) === 0) yield* Effect.sleep("20 millis")
      assert.deepStrictEqual([...(yield* accepted)], [["628123456789", 1]])
    }).pipe(Effect.scoped, Effect.provide(FonnteSimulator.layer()), Effect.provide(NodeServices.layer))
  )
})
