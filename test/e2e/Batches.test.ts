/**
 * Batches and chains on a real database, with two engines that take over from each other while they run.
 */
import { none } from "@fibercast/domain/Counts"
import * as Batches from "@fibercast/engine/Batches"
import * as Engine from "@fibercast/engine/Engine"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as LocalNode from "@fibercast/node/LocalNode"
import { Alerts } from "@fibercast/ports/Alerts"
import { AudienceSource } from "@fibercast/ports/AudienceSource"
import { Signal } from "@fibercast/ports/Signal"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { assert, describe, it } from "@effect/vitest"
import { Data, Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestDatabase } from "../support/TestDatabase.ts"

const stores = LocalNode.layerStores.pipe(
  Layer.provideMerge(Layer.mergeAll(Signal.layerMemory, Alerts.layerLog, AudienceSource.layerMemory())),
  Layer.provideMerge(TestDatabase.layer)
)

class Refused extends Data.TaggedError("Refused")<{}> {}

const pipelineOf = (ran: Array<string>) =>
  Pipeline.make("work", { payload: Schema.String, retry: RetryPolicy.never }).pipe(
    Pipeline.tap((name) => {
      ran.push(name)
      return name.startsWith("fail") ? Effect.fail(new Refused()) : Effect.void
    })
  )

describe("batches on Postgres", () => {
  it.live("come to their end, each consequence once, across a change of owner, and count what was done", () =>
    Effect.gen(function* () {
      const ran: Array<string> = []
      const Work = pipelineOf(ran)
      const sql = yield* SqlClient.SqlClient
      const { id: workspaceId } = yield* (yield* WorkspaceStore).ensure({ name: "school", zone: "UTC", limits: {} })
      const job = (name: string) => Pipeline.job(Work, name)
      const follows = (name: string) => ({
        then: job(`${name} then`),
        catch: job(`${name} catch`),
        finally: job(`${name} finally`)
      })
      const names = Array.from({ length: 6 }, (_, at) => `album ${at}`)
      const photos = Array.from({ length: 500 }, (_, at) => job(`photo ${at}`))
      const albums = yield* Effect.forEach(names, (name) =>
        Batches.dispatch({ workspaceId, name, jobs: photos, ...follows(name) })
      )
      const failing = yield* Batches.dispatch({
        workspaceId,
        name: "failing",
        jobs: [job("fail"), Pipeline.job(Work, "never", { delay: "1 hour" })],
        ...follows("failing")
      })
      const steps = Array.from({ length: 20 }, (_, at) => job(`step ${at}`))
      const chained = yield* Batches.chain({ workspaceId, name: "chain", steps, ...follows("chain") })

      const engine = Engine.layer({ alone: true, pipelines: [Work] })
      const ends = Effect.forEach([...albums, failing, chained], (batchId) =>
        Batches.awaitEnd({ workspaceId, batchId, every: "20 millis" })
      )
      // The first engine stops as soon as anything has come to its end.
      yield* Effect.provide(
        Batches.awaitEnd({ workspaceId, batchId: failing, every: "5 millis" }),
        Layer.fresh(engine),
        { local: true }
      )
      const batches = yield* Effect.provide(
        Effect.tap(ends, () => {
          const left = sql<{ readonly open: number }>`
            SELECT count(*)::int AS open FROM deliveries WHERE workspace_id = ${workspaceId}`
          return Effect.repeat(left, { until: ([row]) => row?.open === 0 })
        }),
        engine
      )

      const statuses = batches.map(({ status }) => status)
      assert.deepStrictEqual(statuses, [...names.map(() => "completed" as const), "failed", "completed"])
      for (const { counts } of batches.slice(0, 6)) {
        assert.deepStrictEqual(counts, { ...none, planned: 500, completed: 500 })
      }
      assert.deepStrictEqual(batches[6]?.counts, { ...none, planned: 2, failed: 1, cancelled: 1 })
      assert.deepStrictEqual(
        ran.filter((name) => name.startsWith("step")),
        Array.from({ length: 20 }, (_, at) => `step ${at}`)
      )
      const consequences = ran.filter((name) => /then|catch|finally/u.test(name)).toSorted()
      assert.deepStrictEqual(
        consequences,
        [
          ...[...names, "chain"].flatMap((name) => [`${name} then`, `${name} finally`]),
          "failing catch",
          "failing finally"
        ].toSorted()
      )
    }).pipe(Effect.provide(stores))
  )
})
