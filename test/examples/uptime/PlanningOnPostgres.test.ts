/**
 * Planning on Postgres: when it dies between what it dispatches and what it writes of that, twice at once, and at the cap.
 */
import { cap } from "@fibercast/examples/uptime/Check"
import { Monitors } from "@fibercast/examples/uptime/Monitors"
import * as Planning from "@fibercast/examples/uptime/Planning"
import * as SqlMonitors from "@fibercast/examples/uptime/SqlMonitors"
import * as LocalNode from "@fibercast/node/LocalNode"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { TestDatabase } from "../../support/TestDatabase.ts"
import { open, put } from "./World.ts"

const world = Layer.merge(SqlMonitors.layer, LocalNode.layerStores).pipe(
  Layer.provideMerge(LocalNode.layerSignal),
  Layer.provideMerge(TestDatabase.layer)
)

type Plan = Monitors["Service"]["plan"]

/** The same monitors, planned otherwise. */
const planning = (change: (plan: Plan, cut: Effect.Effect<unknown>) => Plan) =>
  Layer.effect(
    Monitors,
    Effect.gen(function* () {
      const monitors = yield* Monitors
      const sql = yield* SqlClient.SqlClient
      const cut = Effect.ignore(sql`select pg_terminate_backend(pg_backend_pid())`)
      return Monitors.of({ ...monitors, plan: change(monitors.plan, cut) })
    })
  )

/** The connection is gone when the checks are dispatched and nothing is committed. */
const cutAmid = planning(
  (plan, cut) => (options, dispatch) => plan(options, (due) => Effect.tap(dispatch(due), () => cut))
)

/** All is committed, and nobody hears of it. */
const lost = planning((plan) => (options, dispatch) => Effect.andThen(plan(options, dispatch), Effect.die("lost")))

const given = Effect.gen(function* () {
  yield* TestClock.setTime(Date.UTC(2026, 4, 4))
  yield* put(20, 5)
  yield* TestClock.adjust("5 seconds")
  return yield* TestEngine.workspace("uptime")
})

describe("A planning that dies", () => {
  it.effect(
    "before its transaction is committed has dispatched nothing: the next one makes all checks, each once",
    () =>
      Effect.gen(function* () {
        const workspaceId = yield* given
        const exit = yield* Effect.exit(Effect.provide(Planning.plan(workspaceId), cutAmid))
        assert.strictEqual(exit._tag, "Failure")
        assert.strictEqual(yield* open, 0)
        assert.strictEqual(yield* Planning.plan(workspaceId), "20 checks")
        assert.strictEqual(yield* Planning.plan(workspaceId), "0 checks")
        assert.strictEqual(yield* open, 20)
      }).pipe(Effect.provide(world))
  )

  it.effect("once it is committed has made all checks: the next one makes none", () =>
    Effect.gen(function* () {
      const workspaceId = yield* given
      const exit = yield* Effect.exit(Effect.provide(Planning.plan(workspaceId), lost))
      assert.strictEqual(exit._tag, "Failure")
      assert.strictEqual(yield* open, 20)
      assert.strictEqual(yield* Planning.plan(workspaceId), "0 checks")
      assert.strictEqual(yield* open, 20)
    }).pipe(Effect.provide(world))
  )
})

describe("Two plannings at once", () => {
  it.effect("make each check once", () =>
    Effect.gen(function* () {
      const workspaceId = yield* given
      const said = yield* Effect.all([Planning.plan(workspaceId), Planning.plan(workspaceId)], { concurrency: 2 })
      assert.deepStrictEqual(said.toSorted(), ["0 checks", "20 checks"])
      assert.strictEqual(yield* open, 20)
    }).pipe(Effect.provide(world))
  )
})

describe("A planning of one monitor more than may be open", () => {
  it.effect("refuses that one, says so, and makes the others' checks", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 4, 4))
      const sql = yield* SqlClient.SqlClient
      yield* sql`insert into uptime_monitors (id, url, every, important, next_at)
        select 'm' || n, 'http://t/' || n, 10, false, ${Date.UTC(2026, 4, 4)} from generate_series(0, ${cap}) n`
      const workspaceId = yield* TestEngine.workspace("uptime")
      assert.strictEqual(yield* Planning.plan(workspaceId), "10000 checks, 1 refused")
      assert.strictEqual(yield* open, cap)
      const { standing } = yield* Monitors
      const first = (yield* standing).filter(({ refused }) => refused > 0)
      assert.deepStrictEqual(
        first.map(({ refused }) => refused),
        [1]
      )
      // Nobody works them: the one that was refused is asked for again, first of all.
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Planning.plan(workspaceId), "0 checks, 10000 still under way, 1 refused")
      assert.deepInclude(
        (yield* standing).filter(({ refused }) => refused > 0),
        { ...first[0], refused: 2 }
      )
    }).pipe(Effect.provide(world))
  )
})
