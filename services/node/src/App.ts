/**
 * An app is what an engineer gives a node to run: pipelines, triggers, and the layer that both need.
 *
 * A module exports one as its default; `fibercast schedule work --app ./app.ts` runs it. Its layer may use what a node
 * offers: the stores, the node's own SQL client, files and an HTTP client.
 */
import type * as NodeServices from "@effect/platform-node/NodeServices"
import { type AccountGates } from "@fibercast/engine/AccountGates"
import { type Runnable } from "@fibercast/engine/Pipeline"
import { type Scheduled } from "@fibercast/engine/Scheduled"
import { type Scheduler } from "@fibercast/engine/Scheduler"
import { type Triggers } from "@fibercast/engine/Triggers"
import { type Alerts } from "@fibercast/ports/Alerts"
import { type OpenAudience } from "@fibercast/ports/AudienceSource"
import { type CampaignStore } from "@fibercast/ports/CampaignStore"
import { type Ledger } from "@fibercast/ports/Ledger"
import { type Ping } from "@fibercast/ports/Ping"
import { Signal } from "@fibercast/ports/Signal"
import { type TriggerStore } from "@fibercast/ports/TriggerStore"
import { type WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import type * as Postgres from "@fibercast/postgres/Postgres"
import { Context, Effect, Layer, Predicate, type Scope } from "effect"
import { type HttpClient } from "effect/http"
import { type Database } from "./Database.ts"
import * as LocalNode from "./LocalNode.ts"

/** What a node needs to be on a machine. */
export type Platform = Database | Postgres.Client | NodeServices.NodeServices | HttpClient.HttpClient | Alerts | Ping

export type Stores = Ledger | CampaignStore | WorkspaceStore | TriggerStore | Signal

/** What an app may use without bringing it. */
export type Offered = Platform | Stores

/** What a pipeline may use besides: the gates of the accounts that it sends through. */
type Sending = Offered | AccountGates

export interface Running<out R = never> {
  readonly environment?: string | undefined
  /** Pipelines of whoever runs it, for what is defined at run time; one that the app has under its name is left out. */
  readonly pipelines?: ReadonlyArray<Runnable<R | Sending>> | undefined
  /** False: the scheduler passes only when told to. */
  readonly loop?: boolean | undefined
}

const TypeId = "~fibercast/node/App"

export interface App {
  readonly [TypeId]: typeof TypeId
  /** Whose triggers they are: apps on one database have names of their own. */
  readonly name: string
  readonly node: <R = never>(running: Running<R>) => Layer.Layer<Scheduler | Triggers | Stores, unknown, Platform | R>
}

export const isApp = (u: unknown): u is App => Predicate.hasProperty(u, TypeId)

const validName = /^[a-z0-9._-]{1,80}$/

/** Throws a `RangeError` when the name is not 1 to 80 lower-case letters, digits, dots, dashes and underscores. */
export const make = <Own, E>(options: {
  readonly name: string
  readonly pipelines?: ReadonlyArray<Runnable<Own | Sending>>
  readonly scheduled?: ReadonlyArray<Scheduled<Own | Offered>>
  readonly audiences?: Readonly<Record<string, OpenAudience>>
  /** What pipelines and triggers need beyond what a node offers. */
  readonly layer: Layer.Layer<Own, E, Offered>
}): App => {
  const { audiences, name, pipelines = [], scheduled = [] } = options
  if (!validName.test(name)) {
    throw new RangeError(
      `"${name}" cannot name an app: use 1 to 80 lower-case letters, digits, dots, dashes and underscores`
    )
  }
  const node = <R = never>({ environment, loop, pipelines: more = [] }: Running<R>) => {
    const names = new Set(pipelines.map((pipeline) => pipeline.name))
    const all: ReadonlyArray<Runnable<Own | R | Sending>> = [
      ...pipelines,
      ...more.filter((pipeline) => !names.has(pipeline.name))
    ]
    const scheduler = { app: name, scheduled, environment, loop }
    const engine = Effect.gen(function* () {
      const own = yield* Layer.build(options.layer)
      const built = Layer.build(
        LocalNode.layerSchedulingEngine<Own | R | Sending, Own | Offered>({ audiences, pipelines: all, scheduler })
      )
      return yield* Effect.updateContext(built, (offered: Context.Context<Offered | R | Scope.Scope>) =>
        Context.merge(offered, own)
      )
    })
    return Layer.effectContext(engine).pipe(
      Layer.provideMerge(LocalNode.layerStores),
      Layer.provideMerge(Signal.layerMemory)
    )
  }
  return { [TypeId]: TypeId, name, node }
}
