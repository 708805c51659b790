import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { HttpClient } from "effect/http"
import { appFolder, cleaning } from "../cli/AppFolder.ts"
import * as Program from "../cli/Program.ts"
import * as MovablePostgres from "../support/MovablePostgres.ts"

const readiness = (address: string) =>
  Effect.gen(function* () {
    const response = yield* HttpClient.get(`${address}/health/ready`)
    return { code: response.status, body: yield* response.text }
  })

const until = (address: string, code: number) =>
  Effect.repeat(readiness(address), {
    schedule: Schedule.spaced("100 millis"),
    until: (ready) => ready.code === code
  })

describe("fibercast-node, when its database goes away", () => {
  it.live("stays, says that it is not ready and why, and works on when the database is back", () =>
    Effect.gen(function* () {
      const { start, stop, url } = yield* MovablePostgres.make
      const folder = yield* appFolder
      yield* Program.write(`${folder}/app.ts`, cleaning.replace("everyTenSeconds", "everySecond"))
      const place = { folder, env: { DATABASE_URL: url, FIBERCAST_LOG: "logfmt" } }
      const child = yield* Program.start(place, ["--app", "app.ts", "--health-port", "0"], Program.nodeLauncher)
      const sees = yield* Program.follow(child.stdout)
      const line = yield* sees(/its health is at /u)
      const address = /http:\/\/127\.0\.0\.1:\d+/u.exec(line)?.[0] ?? assert.fail(line)
      yield* sees(/message="?still here/u)
      yield* stop
      const away = yield* until(address, 503)
      assert.match(away.body, /\{"name":"database","ok":false,"reason":"(?:it cannot be reached|no answer in 2 s)"\}/u)
      assert.strictEqual((yield* HttpClient.get(`${address}/health/live`)).status, 200)
      assert.strictEqual((yield* HttpClient.get(`${address}/health/scheduler`)).status, 503)
      yield* sees(/the registry of nodes cannot be reached; the node goes on/u)
      yield* start
      yield* until(address, 200)
      yield* sees(/the registry of nodes can be reached again/u)
      yield* sees(/message="?still here/u)
      yield* Effect.sync(() => process.kill(child.pid, "SIGTERM"))
      yield* sees(/drained in /u)
      assert.strictEqual(yield* child.exitCode, 0)
    }).pipe(Effect.scoped, Effect.provide([NodeServices.layer, NodeHttpClient.layerUndici]))
  )
})
