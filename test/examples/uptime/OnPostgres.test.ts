import app from "@fibercast/examples/uptime/App"
import { Monitors } from "@fibercast/examples/uptime/Monitors"
import * as LocalNode from "@fibercast/node/LocalNode"
import { Records } from "@fibercast/ports/Records"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { createServer } from "node:http"
import * as OnPostgres from "../OnPostgres.ts"

/** The database with the monitors' own tables, and a node with the app on it. */
const world = OnPostgres.run(app).pipe(
  Layer.provideMerge(Layer.merge(Monitors.layerSql, LocalNode.layerStores)),
  Layer.provideMerge(OnPostgres.machine)
)

/** A local server that answers `status.now`, and never when that is null. */
const target = Effect.acquireRelease(
  Effect.callback<{ readonly url: string; readonly status: { now: number | null }; readonly close: () => void }>(
    (resume) => {
      const status = { now: 200 as number | null }
      const server = createServer((_, response) => {
        if (status.now !== null) response.writeHead(status.now).end("here")
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        const close = () => {
          server.closeAllConnections()
          server.close()
        }
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}/`, status, close }))
      })
    }
  ),
  ({ close }) => Effect.sync(close)
)

const findings = (id: string) => Effect.flatMap(Monitors, ({ history }) => history(id, 1000))

const openChecks = Effect.gen(function* () {
  const depths = yield* (yield* Records).depths({ workspaceId: null, now: yield* Clock.currentTimeMillis })
  return depths.filter(({ pipeline }) => pipeline === "uptime.check").reduce((sum, one) => sum + one.open, 0)
})

describe("The uptime monitor on Postgres", () => {
  it.live("checks real servers on their grids, beside one that never answers, and leaves no work of the deleted", () =>
    Effect.gen(function* () {
      const [good, dead] = [yield* target, yield* target]
      dead.status.now = null
      const { put, remove } = yield* Monitors
      const now = yield* Clock.currentTimeMillis
      for (let n = 0; n < 20; n++) yield* put({ id: `good ${n}`, url: `${good.url}${n}`, every: 2 }, now)
      yield* put({ id: "dead", url: dead.url, every: 2, important: true }, now)
      yield* OnPostgres.until(findings("good 19"), (found) => found.length >= 4)
      yield* OnPostgres.until(findings("dead"), (found) => found.length >= 1)
      for (let n = 0; n < 20; n++) {
        const found = yield* findings(`good ${n}`)
        const grid = found[0]?.slot ?? 0
        assert.isTrue(
          found.every(({ problem, slot, status }) => (slot - grid) % 2000 === 0 && status === 200 && problem === null)
        )
        assert.strictEqual(new Set(found.map(({ slot }) => slot)).size, found.length)
      }
      assert.deepInclude((yield* findings("dead"))[0], { status: null, problem: "no answer within 5 seconds" })
      for (let n = 0; n < 20; n++) yield* remove(`good ${n}`)
      yield* remove("dead")
      yield* OnPostgres.until(openChecks, (open) => open === 0)
      assert.deepStrictEqual(yield* findings("good 0"), [])
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.live("says once that a target is down, and once that it is up again", () =>
    Effect.gen(function* () {
      const { status, url } = yield* target
      const { put } = yield* Monitors
      yield* put({ id: "shop", url, every: 1 }, yield* Clock.currentTimeMillis)
      const { lines } = yield* OnPostgres.Said
      const said = Effect.sync(() => lines.filter((line) => line.startsWith("shop is ")))
      yield* OnPostgres.until(findings("shop"), (found) => found.length >= 1)
      status.now = 503
      yield* OnPostgres.until(findings("shop"), (found) => found.filter((one) => one.status === 503).length >= 3)
      status.now = 200
      yield* OnPostgres.until(said, (all) => all.length >= 2)
      const found = yield* findings("shop")
      yield* OnPostgres.until(findings("shop"), (more) => more.length >= found.length + 2)
      assert.deepStrictEqual(yield* said, ["shop is down: it answered 503", "shop is up again"])
    }).pipe(Effect.scoped, Effect.provide(world))
  )
})
