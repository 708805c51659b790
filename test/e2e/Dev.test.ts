import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { HttpClient } from "effect/http"
import { appFolder, cleaning } from "../cli/AppFolder.ts"
import * as Program from "../cli/Program.ts"

describe("fibercast dev", () => {
  it.live("runs an app with everything it needs, says where its health is and what to try, and drains on Ctrl-C", () =>
    Effect.gen(function* () {
      const folder = yield* appFolder
      yield* Program.write(`${folder}/app.ts`, cleaning.replace("everyTenSeconds", "everySecond"))
      const child = yield* Program.start({ folder }, ["dev", "--app", "app.ts", "--health-port", "0"])
      const sees = yield* Program.follow(child.stdout)
      const logs = yield* Program.follow(child.stderr)
      yield* sees(/^Fibercast is up$/u)
      yield* sees(/^ {2}app {7}cleaning \(app\.ts\)$/u)
      yield* sees(/^ {2}triggers {2}2: heartbeat, sessions\.expire$/u)
      const health = yield* sees(/^ {2}health {4}http/u)
      const { status } = yield* HttpClient.get(health.replace(/^ {2}health {4}/u, ""))
      assert.strictEqual(status, 200)
      yield* sees(/^ {2}fibercast schedule list$/u)
      yield* sees(/^\d\d:\d\d:\d\dZ {2}heartbeat +✓ completed in .*: still here$/u)
      const nodes = yield* Program.run({ folder }, ["nodes", "list"])
      assert.match(nodes.stdout, /\n\S+ +[0-9a-f]{8} +engine,sender +working /u)
      yield* Effect.sync(() => process.kill(child.pid, "SIGINT"))
      yield* sees(/^Stopping: what is under way may end, the rest is given back\.$/u)
      yield* logs(/drained in \d\.\d s: \d finished, 0 given back, 0 cut/u)
      assert.strictEqual(yield* child.exitCode, 130)
    }).pipe(Effect.scoped, Effect.provide([NodeServices.layer, NodeHttpClient.layerUndici]))
  )

  it.live("says how to have an app, when there is none", () =>
    Effect.gen(function* () {
      const folder = yield* appFolder
      const child = yield* Program.start({ folder }, ["dev", "--health-port", "0"])
      const sees = yield* Program.follow(child.stdout)
      yield* sees(/^There is no app yet\.$/u)
      yield* sees(/^ {2}fibercast dev --app \S*services\/examples\/src\/Cleaning\.ts$/u)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
