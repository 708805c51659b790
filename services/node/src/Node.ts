/**
 * A node of Fibercast in a process: it runs an app in its roles, tells its health over HTTP, and does what operators
 * wish. See `NodeLife` for what callers may rely on.
 *
 * ```ts
 * const machine = SqlNodeRegistry.layer.pipe(Layer.provideMerge(NodePlatform.layer))
 * NodeRuntime.runMain(Node.run({ app, name: "one" }).pipe(Effect.provide(machine)))
 * ```
 */
import { type NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { Context, Effect, Layer, type Scope } from "effect"
import { type App, type Platform } from "./App.ts"
import * as HealthCheck from "./HealthCheck.ts"
import * as HealthServer from "./HealthServer.ts"
import * as LocalNode from "./LocalNode.ts"
import * as NodeSettings from "./NodeSettings.ts"
import * as NodeLife from "./NodeLife.ts"
import * as NodeRoles from "./NodeRoles.ts"
import { type Drained } from "./OpenRoles.ts"
import * as QueueCheck from "./QueueCheck.ts"
import { type Role, type RoleNotOpened } from "./Role.ts"

export interface Options<R> extends Partial<NodeSettings.OwnSettings> {
  readonly app: App
  /** What its roles are made of; unless given, what `NodeRoles` makes of the settings. */
  readonly runs?: ReadonlyArray<Role<R>> | undefined
  /** What besides the database must be well for it to be ready. */
  readonly checks?: ReadonlyArray<HealthCheck.HealthCheck> | undefined
}

export class Node extends Context.Service<
  Node,
  NodeLife.NodeLife & {
    /** Where its health is told, as a URL. */
    readonly address: string
  }
>()("fibercast/node/Node") {}

const states: Readonly<Record<NodeLife.State, string | null>> = {
  starting: "it is starting",
  working: null,
  cordoned: "it is cordoned",
  draining: "it is giving back its work",
  gone: "it has ended"
}

type Needs = Platform | NodeRegistry

const make = Effect.fnUntraced(function* <R>(
  options: Options<R>
): Effect.fn.Return<
  Node["Service"],
  RoleNotOpened | HealthServer.HealthUnheard,
  R | Platform | NodeRegistry | Scope.Scope
> {
  const { app, checks = [], runs, ...given } = options
  const settings: NodeSettings.NodeSettings = { ...NodeSettings.defaults, ...given, app: null }
  const roles: ReadonlyArray<Role<R | Platform>> = runs ?? NodeRoles.of(app, settings)
  let life: NodeLife.NodeLife | null = null
  const standing: HealthCheck.HealthCheck = {
    name: "node",
    check: Effect.suspend(() =>
      life === null ? Effect.succeed(states.starting) : Effect.map(life.state, (state) => states[state])
    )
  }
  const isEngine = roles.some(({ name }) => name === "engine")
  const { queues, scheduler, triggers } = yield* Effect.all({
    scheduler: HealthCheck.scheduler(app.name, settings.schedulerDeadAfter),
    triggers: HealthCheck.triggers(settings.schedulerDeadAfter),
    queues: QueueCheck.make(app.targets)
  }).pipe(Effect.provide(LocalNode.layerStores))
  const address = yield* HealthServer.listen({
    host: settings.healthHost,
    port: settings.healthPort,
    ready: [standing, yield* HealthCheck.database, ...checks],
    scheduler: isEngine ? scheduler : null,
    // Whoever asks a node that does not schedule is to hear of it too when nobody does.
    work: isEngine ? queues.checks : [triggers, ...queues.checks],
    queues: queues.judged
  })
  const { lanes, name, release } = settings
  life = yield* NodeLife.make({ name, app: app.name, release, address, lanes, roles })
  const what = `${settings.name} works for ${app.name} as ${roles.map(({ name }) => name).join(" and ")}`
  yield* Effect.logInfo(`${what}; its health is at ${address}${HealthServer.paths.ready}`)
  return Node.of({ ...life, address })
})

/** Runs while the layer is in scope; closing it drains. */
export const layer = <R = never>(
  options: Options<R>
): Layer.Layer<Node, RoleNotOpened | HealthServer.HealthUnheard, Needs | R> => Layer.effect(Node, make(options))

/** Runs until an operator wishes that it is drained; interrupting it drains as well. */
export const run = <R = never>(
  options: Options<R>
): Effect.Effect<Drained, RoleNotOpened | HealthServer.HealthUnheard, Needs | R> =>
  Effect.scoped(Effect.flatMap(make(options), ({ drained }) => drained))
