/**
 * A cluster of one node in memory, to be driven by `TestClock`: placement, entities and their end are those of production,
 * and there is no socket and no lock to wait for.
 */
import { ClusterConfig, sharding } from "@fibercast/engine/ClusterConfig"
import * as ClusterRuntime from "@fibercast/engine/ClusterRuntime"
import { EngineConfig } from "@fibercast/engine/EngineConfig"
import { Effect, Layer } from "effect"
import { MessageStorage, RunnerHealth, Runners, RunnerStorage, Sharding, ShardingConfig } from "effect/cluster"

const config = Layer.unwrap(
  Effect.gen(function* () {
    const { drain } = yield* EngineConfig
    return ShardingConfig.layer(sharding(yield* ClusterConfig, drain))
  })
)

/** Holds all shards once the clock has moved. */
export const layer = Sharding.layer.pipe(
  Layer.provide([Runners.layerNoop, RunnerStorage.layerMemory, RunnerHealth.layerNoop]),
  Layer.provide(MessageStorage.layerNoop),
  Layer.provide(config)
)

/** The cluster runtime, alone in its cluster: a `runtime` of the TestEngine. */
export const layerRuntime = ClusterRuntime.layer.pipe(Layer.provide(layer))
