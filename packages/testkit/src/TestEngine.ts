/**
 * The TestEngine is the whole engine in memory, to be driven by `TestClock`.
 *
 * It is the engine of production on the memory stores: campaigns, retries, limits and alarms behave as they
 * do on Postgres, and a month passes in a second. Nothing in it waits for anything but the clock, so after
 * `TestClock.adjust` everything that was due has happened.
 *
 * A closing test engine does not wait for sends under way (`drain: 0`), because nobody moves the clock then.
 */
import { type AudienceRow } from "@fibercast/domain/Audience"
import { type Limits } from "@fibercast/domain/Limits"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as Engine from "@fibercast/engine/Engine"
import { defaults, EngineConfig, type EngineSettings } from "@fibercast/engine/EngineConfig"
import * as LocalRuntime from "@fibercast/engine/LocalRuntime"
import { type Runnable } from "@fibercast/engine/Runnable"
import { type Scheduled } from "@fibercast/engine/Scheduled"
import * as SchedulerConfig from "@fibercast/engine/SchedulerConfig"
import { AudienceSource, type OpenAudience, openNamed } from "@fibercast/ports/AudienceSource"
import * as MemoryAlerts from "@fibercast/ports/MemoryAlerts"
import * as MemoryStore from "@fibercast/ports/MemoryStore"
import { Signal } from "@fibercast/ports/Signal"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { DateTime, Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Journal } from "./Journal.ts"

export type Rows = ReadonlyArray<Readonly<Record<string, string>>>

/** Audiences by name, for campaigns that ask for a named one. */
export type Audiences = Readonly<Record<string, Rows | OpenAudience>>

export interface Options<R> {
  readonly pipelines: ReadonlyArray<Runnable<R>>
  /** What differs from the defaults of production. */
  readonly settings?: Partial<EngineSettings> | undefined
  /** False: other engines work on the same stores. Default true. */
  readonly alone?: boolean | undefined
  /** Instead of the local runtime, as `TestCluster.layerRuntime`. `alone` is of no matter then. */
  readonly runtime?: Engine.Runtime<never> | undefined
}

/** Rows as an open audience. Its hash changes with its content. */
export const audience = (rows: Rows): OpenAudience => {
  const numbered = rows.map((columns, index): AudienceRow => ({ _tag: "Row", row: index + 1, columns }))
  return {
    columns: [...new Set(rows.flatMap((row) => Object.keys(row)))],
    hash: JSON.stringify(rows),
    rows: (after) => Stream.fromIterable(numbered.slice(after))
  }
}

const isOpen = (rows: Rows | OpenAudience): rows is OpenAudience => "hash" in rows

/** Reads inline and named audiences without ever waiting. */
const layerAudiences = (audiences: Audiences) =>
  Layer.sync(AudienceSource, () => {
    const opened = Object.entries(audiences).map(
      ([name, rows]) => [name, isOpen(rows) ? rows : audience(rows)] as const
    )
    const named = AudienceSource.make({ Named: openNamed(Object.fromEntries(opened)) })
    return AudienceSource.of({
      open: (spec) => (spec._tag === "Inline" ? Effect.sync(() => audience(spec.rows)) : named.open(spec))
    })
  })

export interface World {
  readonly audiences?: Audiences | undefined
  /** When the test begins, as in `2026-01-01T09:00:00Z`; by default the clock stays as it is. */
  readonly startAt?: DateTime.DateTime.Input | undefined
}

/**
 * The stores, signals and alerts that engines share. Made anew each time the layer is built. The clock is set
 * before anything runs on it: a running engine would live through all the years in between.
 */
export const layerStores = ({ audiences = {}, startAt }: World = {}) =>
  Layer.mergeAll(
    Journal.layer.pipe(Layer.provideMerge(MemoryStore.layer)),
    MemoryAlerts.MemoryAlerts.layer,
    Signal.layerMemory,
    layerAudiences(audiences),
    startAt === undefined
      ? Layer.empty
      : Layer.effectDiscard(
          Effect.suspend(() => TestClock.setTime(DateTime.toEpochMillis(DateTime.makeUnsafe(startAt))))
        )
  )

/** An engine on stores that outlive it: for tests of crashes and of several nodes. */
export const layerEngine = <R = never>({ alone = true, pipelines, runtime, settings }: Options<R>) =>
  Engine.layerOn(runtime ?? LocalRuntime.layer({ alone }), { pipelines }).pipe(
    Layer.provide(Layer.succeed(EngineConfig, { ...defaults, drain: 0, ...settings }))
  )

export interface SchedulingOptions<R, R2> extends Options<R> {
  readonly scheduled: ReadonlyArray<Scheduled<R2>>
  /** Default `test`; null: it fires only what was defined at run time. */
  readonly app?: string | null | undefined
  readonly environment?: string | undefined
  /** False: it passes only when told to. Default true. */
  readonly loop?: boolean | undefined
  /** What differs from the defaults of production. */
  readonly scheduling?: Partial<SchedulerConfig.SchedulerSettings> | undefined
}

const hour = 3_600_000

/**
 * Settings under which virtual time is cheap, for months and years of triggers: between two occurrences hardly anything
 * wakes up, and records are kept. The end of a run is recorded with the next pass.
 */
export const sparse = {
  settings: {
    poll: 12 * hour,
    sweep: 12 * hour,
    heartbeat: 12 * hour,
    lease: 36 * hour,
    idle: 1000 * hour,
    prune: 1000 * hour,
    longWait: 1000 * hour
  },
  scheduling: { poll: 24 * hour, housekeeping: 1000 * hour, keep: 100_000 * hour }
}

/** An engine that schedules, on stores that outlive it. */
export const layerSchedulingEngine = <R = never, R2 = never>(options: SchedulingOptions<R, R2>) => {
  const { alone = true, app = "test", environment, loop, pipelines, scheduled, scheduling, settings } = options
  const { runtime = LocalRuntime.layer({ alone }) } = options
  return Engine.layerSchedulingOn(runtime, { pipelines, scheduler: { app, environment, loop, scheduled } }).pipe(
    Layer.provide(Layer.succeed(EngineConfig, { ...defaults, drain: 0, ...settings })),
    Layer.provide(
      Layer.succeed(SchedulerConfig.SchedulerConfig, { ...SchedulerConfig.defaults, drain: 0, ...scheduling })
    )
  )
}

/** An engine that schedules, with stores of its own. What the pipelines and triggers require, the layer requires. */
export const layerScheduling = <R = never, R2 = never>(options: SchedulingOptions<R, R2> & World) =>
  layerSchedulingEngine(options).pipe(Layer.provideMerge(layerStores(options)))

/** An engine with stores of its own. What the pipelines require, the layer requires. */
export const layer = <R = never>(options: Options<R> & World) =>
  layerEngine(options).pipe(Layer.provideMerge(layerStores(options)))

/** The workspace of this name, in UTC and without limits unless told. */
export const workspace = (
  name = "school",
  options: { readonly zone?: string | undefined; readonly limits?: Limits | undefined } = {}
): Effect.Effect<WorkspaceId, never, WorkspaceStore> =>
  Effect.gen(function* () {
    const { limits = {}, zone = "UTC" } = options
    return (yield* (yield* WorkspaceStore).ensure({ name, zone, limits })).id
  }).pipe(Effect.orDie)

/** Lets everything that needs no time happen: signals arrive, work that is due now begins. */
export const catchUp: Effect.Effect<void> = Effect.repeat(Effect.yieldNow, { times: 200 })
