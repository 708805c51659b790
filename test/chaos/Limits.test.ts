import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as NatsServer from "@fibercast/nats/NatsServer"
import * as LocalNode from "@fibercast/node/LocalNode"
import { Signal } from "@fibercast/ports/Signal"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Console, Effect, FileSystem, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { fileURLToPath } from "node:url"
import * as Program from "../cli/Program.ts"
import { Noted } from "../support/LimitsApp.ts"
import * as MovablePostgres from "../support/MovablePostgres.ts"
import { tempFolder } from "../support/TempFolder.ts"

const rate = { permits: 50, per: 1000 }
const backlog = 1500
const app = fileURLToPath(new URL("../support/LimitsApp.ts", import.meta.url))

/** The most of these ascending instants in any window of the rate. */
const most = (times: ReadonlyArray<number>) => {
  let first = 0
  return times.reduce((so, at, last) => {
    while (at - (times[first] ?? at) >= rate.per) first++
    return Math.max(so, last - first + 1)
  }, 0)
}

describe("a limit over nodes", () => {
  it.live("of a workspace served by three senders is kept in every sliding second, and used", () =>
    Effect.gen(function* () {
      const server = yield* MovablePostgres.make
      const { url: natsUrl } = yield* NatsServer.NatsServer
      const sql = yield* server.client
      const files = yield* FileSystem.FileSystem
      const folder = yield* tempFolder
      const notes = `${folder}/notes`
      yield* Effect.gen(function* () {
        const { id } = yield* (yield* WorkspaceStore).ensure({ name: "limited", zone: "UTC", limits: { rate } })
        const payloads = Array.from({ length: backlog }, (_, n) => n)
        yield* Pipeline.dispatchMany(Noted, { workspaceId: id, payloads })
      }).pipe(
        Effect.provide(
          LocalNode.layerStores.pipe(
            Layer.provideMerge(Signal.layerMemory),
            Layer.provideMerge(Layer.succeed(SqlClient.SqlClient, sql))
          )
        )
      )
      const env = {
        DATABASE_URL: server.url,
        NATS_URL: natsUrl,
        FIBERCAST_HEALTH_PORT: "0",
        FIBERCAST_LOG: "logfmt",
        CHAOS_NOTES: notes
      }
      const start = Effect.fnUntraced(function* (name: string, roles: string) {
        const args = ["--app", app, "--roles", roles, "--name", name]
        const child = yield* Program.start({ folder, env }, args, Program.nodeLauncher)
        yield* (yield* Program.follow(child.stdout))(/its health is at /u)
      })
      yield* Effect.forEach(["one", "two", "three"], (name) => start(name, "sender"), { concurrency: 3 })
      yield* start("owner", "engine")
      const read = files.readFileString(notes).pipe(
        Effect.orElseSucceed(() => ""),
        Effect.map((text) => text.split("\n").filter((line) => line !== ""))
      )
      const lines = yield* Effect.repeat(Effect.delay(read, "500 millis"), {
        until: (noted) => noted.length >= backlog
      }).pipe(Effect.timeout("90 seconds"))
      const noted = lines.map((line) => line.split(" "))
      const times = noted.map(([at]) => Number(at)).toSorted((a, b) => a - b)
      const shares = [...Map.groupBy(noted, ([, pid]) => pid).values()].map((of) => of.length)
      const took = (times.at(-1) ?? 0) - (times[0] ?? 0)
      const reached = ((times.length - 1) * 1000) / took
      yield* Console.log(
        `${reached.toFixed(2)} a second of ${rate.permits}; at most ${most(times)} in a second; by sender: ${shares.join(", ")}`
      )
      assert.isAtMost(most(times), rate.permits)
      assert.strictEqual(shares.length, 3)
      // How near it comes depends on the machine, and is printed; far below it, the limit would waste what it may.
      assert.isAtLeast(reached, 0.7 * rate.permits)
    }).pipe(Effect.scoped, Effect.provide([NodeServices.layer, NatsServer.layer()]))
  )
})
