import app from "@fibercast/examples/uptime/App"
import { type Finding, Monitors } from "@fibercast/examples/uptime/Monitors"
import * as SqlMonitors from "@fibercast/examples/uptime/SqlMonitors"
import * as LocalNode from "@fibercast/node/LocalNode"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import * as OnPostgres from "../OnPostgres.ts"
import * as Targets from "./Targets.ts"
import { open } from "./World.ts"

/** The database with the monitors' own tables, and a node with the app on it. */
const world = OnPostgres.run(app).pipe(
  Layer.provideMerge(Layer.merge(SqlMonitors.layer, LocalNode.layerStores)),
  Layer.provideMerge(OnPostgres.machine)
)

const findings = (id: string) => Effect.flatMap(Monitors, ({ history }) => history(id, 1000))

/** How many of each way, and what each finding of it must be. */
const ways: Readonly<Record<string, readonly [count: number, isRight: (found: Finding) => boolean]>> = {
  good: [30, ({ problem, status }) => status === 200 && problem === null],
  broken: [10, ({ problem, status }) => status === 500 && problem === "it answered 500"],
  slow: [10, ({ latency, status }) => status === 200 || latency >= 1600],
  cut: [5, ({ problem, status }) => status === null && problem !== null],
  silent: [5, ({ problem, status }) => status === null && problem === "no answer within 1.6 seconds"],
  refusing: [5, ({ problem, status }) => status === null && problem !== null]
}

const all = Object.entries(ways).flatMap(([way, [count]]) =>
  Array.from({ length: count }, (_, n) => ({ way, id: `${way}-${n}`, path: `/${way}/${n}` }))
)

describe("The uptime monitor on Postgres", () => {
  it.live(
    "checks 65 targets of six kinds round after round on their grids, each one at a time, until they are deleted",
    () =>
      Effect.gen(function* () {
        const { asked, url } = yield* Targets.site
        const nobody = yield* Targets.refusing
        const { put, remove, standing } = yield* Monitors
        const now = yield* Clock.currentTimeMillis
        for (const { id, path, way } of all)
          yield* put({ id, url: (way === "refusing" ? nobody : url) + path, every: 2 }, now)
        yield* put({ id: "witness", url: `${url}/good/witness`, every: 1, important: true }, now)
        for (const { id } of all) yield* OnPostgres.until(findings(id), (found) => found.length >= 4)

        for (const { id, path, way } of all) {
          const found = yield* findings(id)
          const grid = found[0]?.slot ?? 0
          assert.isTrue(
            found.every(({ slot }) => (slot - grid) % 2000 === 0),
            id
          )
          assert.strictEqual(new Set(found.map(({ slot }) => slot)).size, found.length)
          assert.deepStrictEqual(
            found.filter((one) => ways[way]?.[1](one) !== true),
            []
          )
          if (way !== "refusing") assert.isAtLeast(asked.of(path), found.length)
        }
        assert.strictEqual(asked.most, 1)
        const down = (yield* standing).filter(({ down }) => down).map(({ id }) => id)
        for (const { id, way } of all) if (way !== "slow") assert.strictEqual(down.includes(id), way !== "good", id)

        for (const { id } of all) yield* remove(id)
        yield* OnPostgres.until(open, (count) => count <= 1)
        const before = all.map(({ path }) => asked.of(path))
        const seen = yield* findings("witness")
        yield* OnPostgres.until(findings("witness"), (found) => found.length >= seen.length + 3)
        assert.deepStrictEqual(
          all.map(({ path }) => asked.of(path)),
          before
        )
        assert.deepStrictEqual(yield* findings("good-0"), [])
      }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.live("says once that a target is down, and once that it is up again", () =>
    Effect.gen(function* () {
      const { status, url } = yield* Targets.changing
      const { put } = yield* Monitors
      yield* put({ id: "shop", url, every: 1 }, yield* Clock.currentTimeMillis)
      const { lines } = yield* OnPostgres.Said
      const said = Effect.sync(() => lines.filter((line) => line.startsWith("shop is ")))
      yield* OnPostgres.until(findings("shop"), (found) => found.length >= 1)
      status.now = 503
      yield* OnPostgres.until(findings("shop"), (found) => found.filter((one) => one.status === 503).length >= 3)
      status.now = 200
      yield* OnPostgres.until(said, (told) => told.length >= 2)
      const found = yield* findings("shop")
      yield* OnPostgres.until(findings("shop"), (more) => more.length >= found.length + 2)
      assert.deepStrictEqual(yield* said, ["shop is down: it answered 503", "shop is up again"])
    }).pipe(Effect.scoped, Effect.provide(world))
  )
})
