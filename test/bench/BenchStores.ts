/**
 * The stores that a benchmark works on: a durable Postgres of its own, gone with it.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as LocalNode from "@fibercast/node/LocalNode"
import { Alerts } from "@fibercast/ports/Alerts"
import { AudienceSource } from "@fibercast/ports/AudienceSource"
import { Signal } from "@fibercast/ports/Signal"
import * as EmbeddedPostgres from "@fibercast/postgres/EmbeddedPostgres"
import * as Migrations from "@fibercast/postgres/Migrations"
import * as Postgres from "@fibercast/postgres/Postgres"
import { Effect, Layer } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const layer = (folder: string) =>
  LocalNode.layerStores.pipe(
    Layer.provideMerge(Layer.mergeAll(Signal.layerMemory, AudienceSource.layerMemory(), Alerts.layerLog)),
    Layer.provideMerge(Layer.effectDiscard(Migrations.run)),
    Layer.provideMerge(Postgres.layerEmbedded()),
    Layer.provide(EmbeddedPostgres.layer({ folder })),
    Layer.provideMerge(NodeServices.layer)
  )

export type BenchStores = Layer.Success<ReturnType<typeof layer>>

/** Runs the benchmark as this process's program. */
export const run = <E>(bench: Effect.Effect<unknown, E, BenchStores>): void => {
  const folder = mkdtempSync(join(tmpdir(), "fibercast-bench-"))
  bench.pipe(
    Effect.provide(layer(folder)),
    Effect.ensuring(Effect.sync(() => rmSync(folder, { recursive: true, force: true }))),
    NodeRuntime.runMain
  )
}
