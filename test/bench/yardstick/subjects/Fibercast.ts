/**
 * Fibercast through its public modules, with the settings that it has unless told otherwise and every promise kept: jobs of
 * one workspace, in process or handed to senders over JetStream.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Engine from "@fibercast/engine/Engine"
import * as EngineConfig from "@fibercast/engine/EngineConfig"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { type DuplicatePipeline } from "@fibercast/engine/Pipelines"
import * as SenderConfig from "@fibercast/engine/SenderConfig"
import * as StreamHandOff from "@fibercast/engine/StreamHandOff"
import * as Nats from "@fibercast/nats/Nats"
import * as NatsSenderChannel from "@fibercast/nats/NatsSenderChannel"
import * as NatsSignal from "@fibercast/nats/NatsSignal"
import * as NatsWorkStream from "@fibercast/nats/NatsWorkStream"
import * as Audiences from "@fibercast/node/Audiences"
import * as LocalNode from "@fibercast/node/LocalNode"
import { Alerts } from "@fibercast/ports/Alerts"
import { type Signal } from "@fibercast/ports/Signal"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as Migrations from "@fibercast/postgres/Migrations"
import * as Postgres from "@fibercast/postgres/Postgres"
import { Context, Effect, Layer, Schema, Scope } from "effect"
import { SqlClient } from "effect/sql"
import v8 from "node:v8"
import { type Job, type Opened, type Payload, type Open } from "../Subject.ts"
import * as FibercastCampaign from "./FibercastCampaign.ts"
import * as FibercastTriggers from "./FibercastTriggers.ts"

// Of what its launchers set, what matters once all is loaded.
v8.setFlagsFromString("--heap-growing-percent=60")

const payload = Schema.Struct({ n: Schema.Int, text: Schema.String })

const Bench = Pipeline.make("bench.job", { payload })

const pipelineOf = ({ act, begun, millis }: Job) =>
  Bench.pipe(
    Pipeline.tap((payload: Payload) => {
      begun(payload)
      if (act !== null) return act(payload)
      return millis === 0 ? Effect.void : Effect.sleep(millis)
    })
  )

const stream = (url: string) =>
  Layer.mergeAll(NatsWorkStream.layer(), NatsSenderChannel.layer(), NatsSignal.layer()).pipe(
    Layer.provide(Nats.layer({ servers: url }))
  )

const stores = <A, E>(url: string, between: Layer.Layer<A | Signal, E, SqlClient.SqlClient>) =>
  LocalNode.layerStores.pipe(
    Layer.provideMerge(between),
    Layer.provideMerge(Layer.mergeAll(Layer.provide(Audiences.layer(), NodeServices.layer), Alerts.layerLog)),
    Layer.provideMerge(Layer.effectDiscard(Migrations.run)),
    Layer.provideMerge(Postgres.layerUrl(url))
  )

/** What is on its way to senders and back is under way as well. */
const overStream = ({ concurrency, ...job }: Job): Job => ({ ...job, concurrency: 4 * concurrency })

const settings = ({ concurrency }: Job) =>
  Layer.mergeAll(
    Layer.succeed(EngineConfig.EngineConfig, { ...EngineConfig.defaults, concurrency }),
    Layer.succeed(SenderConfig.SenderConfig, {
      ...SenderConfig.defaults,
      capacity: Math.max(SenderConfig.defaults.capacity, concurrency)
    })
  )

type Ground = Layer.Success<ReturnType<typeof stores<Signal, never>>>

type Works = (job: Job) => Effect.Effect<unknown, DuplicatePipeline, Scope.Scope>

/** What it asks of the ledger, and how it works and helps in this process. */
const opened = Effect.fnUntraced(function* (work: Works, help: Works) {
  const context = yield* Effect.context<Ground>()
  const unscoped = Context.omit(Scope.Scope)(context)
  const sql = yield* SqlClient.SqlClient
  const store = yield* WorkspaceStore
  const workspace = (name: string) => Effect.orDie(store.ensure({ name, zone: "UTC", limits: {} }))
  const { id: workspaceId } = yield* workspace("bench")
  // All that it asks for is there already, as it is in a program that provides its layers once.
  const here = <A, E>(effect: Effect.Effect<A, E, Ground>) => Effect.orDie(Effect.setContext(effect, context))
  const found = sql`
    SELECT 1 FROM workspaces w WHERE EXISTS (SELECT 1 FROM deliveries d WHERE d.workspace_id = w.id) LIMIT 1`
  const own: Opened = {
    add: (payload) => here(Pipeline.dispatch(Bench, { workspaceId, payload })),
    addUnique: (payload) =>
      here(Pipeline.dispatch(Bench, { workspaceId, payload, unique: { key: `key ${payload.n}` } })),
    addAll: (payloads) => here(Pipeline.dispatchMany(Bench, { workspaceId, payloads })),
    addAllOf: ({ isUrgent, workspace: number }, payloads) =>
      Effect.flatMap(workspace(`bench ${number}`), ({ id }) =>
        here(Pipeline.dispatchMany(Bench, { workspaceId: id, payloads, ...(isUrgent ? { lane: "urgent" } : {}) }))
      ),
    work: (job) => Effect.orDie(Effect.asVoid(work(job))),
    campaign: (campaign) => here(FibercastCampaign.send(workspaceId, campaign)),
    tables: { open: "^public[.](deliveries|claims)$", done: "^public[.](deliveries_done|attempts|tallies)" },
    ticks: {
      work: (ticks) => Effect.orDie(Effect.provideContext(FibercastTriggers.work(ticks), unscoped)),
      recorded: (nominal) => here(FibercastTriggers.recorded(nominal))
    },
    help: (job) => Effect.orDie(Effect.asVoid(help(job))),
    isEmpty: Effect.orDie(Effect.map(found, (rows) => rows.length === 0))
  }
  return own
})

const engine = (job: Job) =>
  Engine.layer({ alone: true, pipelines: [pipelineOf(job)] }).pipe(Layer.provide(settings(job)))

const sender = (job: Job) => Engine.layerSender({ pipelines: [pipelineOf(job)] }).pipe(Layer.provide(settings(job)))

/** In one process. */
export const open: Open = Effect.fnUntraced(function* ({ postgres }) {
  const ground = stores(postgres?.url ?? "", LocalNode.layerSignal)
  const context = yield* Effect.orDie(Layer.build(ground))
  const work: Works = (job) => Effect.provideContext(Layer.build(engine(job)), context)
  return yield* Effect.provideContext(
    opened(work, () => Effect.void),
    context
  )
})

/** Handed over to senders, in this process and in those that help. */
export const openOverStream: Open = Effect.fnUntraced(function* ({ nats, postgres }) {
  const ground = stores(postgres?.url ?? "", stream(nats?.url ?? ""))
  const context = yield* Effect.orDie(Layer.build(ground))
  const help: Works = (job) => Effect.provideContext(Layer.build(sender(overStream(job))), context)
  const work: Works = (job) => {
    const wide = overStream(job)
    const both = Layer.merge(sender(wide), Layer.provide(engine(wide), StreamHandOff.layer))
    return Effect.provideContext(Layer.build(both), context)
  }
  return yield* Effect.provideContext(opened(work, help), context)
})
