/**
 * What the roles of a node are made of, as its settings say.
 *
 * - With `NATS_URL` engines hand over on JetStream, and every sender takes from there, whichever node it is on.
 * - Without it an engine sends what it owns itself, and a sender beside it adds nothing.
 * - On a database with an address of its own the engines of all nodes share the workspaces; on an embedded one there is
 *   one engine.
 */
import * as Activity from "@fibercast/engine/Activity"
import * as EngineConfig from "@fibercast/engine/EngineConfig"
import * as SchedulerConfig from "@fibercast/engine/SchedulerConfig"
import * as SenderConfig from "@fibercast/engine/SenderConfig"
import * as StreamHandOff from "@fibercast/engine/StreamHandOff"
import * as Nats from "@fibercast/nats/Nats"
import * as NatsSenderChannel from "@fibercast/nats/NatsSenderChannel"
import * as NatsSignal from "@fibercast/nats/NatsSignal"
import * as NatsWorkStream from "@fibercast/nats/NatsWorkStream"
import { type NodeRole } from "@fibercast/ports/NodeRegistry"
import { Signal } from "@fibercast/ports/Signal"
import { Effect, Layer, type Redacted, Schema } from "effect"
import { type App, type Platform } from "./App.ts"
import * as Broadcasters from "./Broadcasters.ts"
import * as Cluster from "./Cluster.ts"
import * as FreePort from "./FreePort.ts"
import { type NodeSettings } from "./NodeSettings.ts"
import { type Role } from "./Role.ts"

/** A sender without an engine in its process has nobody to send for. */
export class NoWorkStream extends Schema.TaggedError<NoWorkStream>()("NoWorkStream", {}) {
  override get message(): string {
    return "nothing is handed to it without NATS. Set NATS_URL, or add the role engine."
  }
}

const capacity = Effect.map(Activity.Activity, Activity.capacity)

/** The scheduler's hooks get a fifth of the time to drain; the sends get all of it. */
const hooksShare = 0.2

/** The engine's and the scheduler's own settings, from those of the node. */
export const layerSettings = (settings: NodeSettings): Layer.Layer<never> => {
  const drain = settings.drainSeconds * 1000
  const { concurrency, lanes, schedulerDeadAfter: deadAfter, schedulerPoll: poll, window } = settings
  return Layer.mergeAll(
    Layer.succeed(SenderConfig.SenderConfig, {
      ...SenderConfig.defaults,
      lanes,
      capacity: settings.senderCapacity,
      drain
    }),
    Layer.succeed(EngineConfig.EngineConfig, { ...EngineConfig.defaults, lanes, concurrency, window, drain }),
    Layer.succeed(SchedulerConfig.SchedulerConfig, {
      ...SchedulerConfig.defaults,
      poll,
      deadAfter,
      drain: drain * hooksShare
    })
  )
}

/** With what every node sends besides its app's. */
const withBroadcasters = <A, E, R>(make: (pipelines: Broadcasters.Broadcasters["pipelines"]) => Layer.Layer<A, E, R>) =>
  Layer.unwrap(Effect.map(Broadcasters.all, ({ messengers, pipelines }) => Layer.provide(make(pipelines), messengers)))

/** Works every workspace and schedules, in this process alone. */
export const engine = (app: App, settings: NodeSettings): Role<Platform> => ({
  name: "engine",
  layer: withBroadcasters((pipelines) => app.node({ environment: settings.environment, pipelines })).pipe(
    Layer.provide(layerSettings(settings))
  ),
  capacity
})

/** Its sends are those of the engine in the same process. */
const besideEngine = ({ roles }: NodeSettings): Role<Platform> => ({
  name: "sender",
  layer: roles.includes("engine") ? Layer.empty : Layer.effectDiscard(Effect.fail(new NoWorkStream())),
  capacity: Effect.succeed(0)
})

/** One of several engines on the database at the address; it is a member while the role is open. */
const clusterOf = ({
  clusterHost: host,
  clusterPort,
  databaseUrl
}: NodeSettings & { databaseUrl: Redacted.Redacted }) =>
  Layer.unwrap(
    Effect.map(clusterPort === 0 ? FreePort.find : Effect.succeed(clusterPort), (port) =>
      Cluster.layer({ host, port, databaseUrl })
    )
  )

/** What goes from node to node. */
const between = Layer.mergeAll(NatsWorkStream.layer(), NatsSenderChannel.layer(), NatsSignal.layer()).pipe(
  Layer.provideMerge(Nats.layerConfig)
)

export const of = (app: App, settings: NodeSettings): ReadonlyArray<Role<Platform>> => {
  const { databaseUrl, environment, natsUrl } = settings
  if (databaseUrl === null) {
    return settings.roles.map((role) => (role === "engine" ? engine(app, settings) : besideEngine(settings)))
  }
  const cluster = clusterOf({ ...settings, databaseUrl })
  const own = layerSettings(settings)
  const engines = withBroadcasters((pipelines) => app.engine({ environment, pipelines })).pipe(
    Layer.provide([cluster, own])
  )
  const roles: Record<NodeRole, Role<Platform>> = natsUrl === null
    ? {
        engine: { name: "engine", layer: Layer.provide(engines, Signal.layerMemory), capacity },
        sender: besideEngine(settings)
      }
    : {
        engine: {
          name: "engine",
          layer: engines.pipe(Layer.provide(StreamHandOff.layer), Layer.provide(between)),
          capacity: Effect.succeed(0)
        },
        sender: {
          name: "sender",
          layer: withBroadcasters((pipelines) => app.sender({ pipelines })).pipe(Layer.provide([between, own])),
          capacity
        }
      }
  return settings.roles.map((role) => roles[role])
}
