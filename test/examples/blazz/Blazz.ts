/**
 * What the tests of Blazz share: its engine in memory, and what recipients got and when.
 */
import { Launcher } from "@fibercast/engine/Launcher"
import { type Needs, pipelines, scheduled } from "@fibercast/examples/blazz/App"
import { Requests } from "@fibercast/examples/blazz/Requests"
import { Fonnte } from "@fibercast/messengers/Fonnte"
import { type CampaignStore } from "@fibercast/ports/CampaignStore"
import { type WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { Effect, Layer, Logger } from "effect"

type All = Needs | Requests | Launcher | CampaignStore | WorkspaceStore

/** What makes minutes cheap: between two of them hardly anything wakes up. */
const calm = { poll: 15_000, sweep: 15_000, heartbeat: 20_000, lease: 60_000 }

/** Blazz on one node; what it shares with others is beneath. */
export const node = (options: Partial<TestEngine.SchedulingOptions<All, All>> = {}) =>
  TestEngine.layerSchedulingEngine<All, All>({
    scheduling: { poll: 15_000 },
    ...options,
    pipelines,
    scheduled,
    settings: { ...calm, ...options.settings }
  }).pipe(Layer.provide(FakeMessenger.FakeMessenger.standIn(Fonnte)))

/** The stores, the provider, and what users ask for. */
export const world = (startAt: string, script?: FakeMessenger.Script, requests = Requests.layerMemory) =>
  Layer.mergeAll(requests, Launcher.layer(pipelines)).pipe(
    Layer.provideMerge(TestEngine.layerStores({ startAt })),
    Layer.provideMerge(FakeMessenger.FakeMessenger.layer(script)),
    Layer.provideMerge(Logger.layer([]))
  )

export const blazz = (
  startAt: string,
  options: Parameters<typeof node>[0] & { readonly script?: FakeMessenger.Script } = {},
  requests = Requests.layerMemory
) => Layer.provideMerge(node(options), world(startAt, options.script, requests))

export const ask = (...requests: ReadonlyArray<Parameters<Requests["Service"]["put"]>[0]>) =>
  Effect.flatMap(Requests, ({ put }) => Effect.forEach(requests, put, { discard: true }))

export const sent = Effect.flatMap(FakeMessenger.FakeMessenger, (messenger) => messenger.sent)
