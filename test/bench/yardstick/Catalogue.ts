/**
 * What there is to measure: the subjects by name, and the cases.
 */
import { Effect } from "effect"
import { type Case } from "./Case.ts"
import * as Campaign from "./cases/Campaign.ts"
import * as Drain from "./cases/Drain.ts"
import * as Enqueue from "./cases/Enqueue.ts"
import * as Latency from "./cases/Latency.ts"
import * as Noisy from "./cases/Noisy.ts"
import * as Tick from "./cases/Tick.ts"
import { type Subject } from "./Subject.ts"

const kept = "at least once, at most once where asked; taken over 15 s after a process died; done jobs are kept 30 days"
const common = { needsNats: false, isCeiling: false, isInQuick: true, flags: [] } as const

/** As `pnpm fibercast-node` starts it. */
const flags = ["--max-semi-space-size=16"]

export const subjects: ReadonlyMap<string, Subject> = new Map<string, Subject>([
  [
    "plain",
    {
      ...common,
      title: "plain loop",
      store: "postgres",
      isCeiling: true,
      promises: "nothing: what is under way when it dies is done twice",
      load: Effect.promise(async () => (await import("./subjects/PlainLoop.ts")).open)
    }
  ],
  [
    "bare",
    {
      ...common,
      title: "bare HTTP client",
      isInQuick: false,
      store: "postgres",
      isCeiling: true,
      promises: "nothing, and records nothing",
      load: Effect.promise(async () => (await import("./subjects/BareClient.ts")).open)
    }
  ],
  [
    "fibercast",
    {
      ...common,
      title: "Fibercast",
      flags,
      store: "postgres",
      promises: kept,
      load: Effect.promise(async () => (await import("./subjects/Fibercast.ts")).open)
    }
  ],
  [
    "fibercast-jetstream",
    {
      ...common,
      title: "Fibercast over JetStream",
      flags,
      store: "postgres",
      needsNats: true,
      promises: `${kept}; any sender of any node takes any chunk`,
      load: Effect.promise(async () => (await import("./subjects/Fibercast.ts")).openOverStream)
    }
  ],
  [
    "graphile-worker",
    {
      ...common,
      title: "graphile-worker",
      store: "postgres",
      promises: "at least once; a job of a process that died is tried again after 4 hours; done jobs leave no record",
      load: Effect.promise(async () => (await import("./subjects/GraphileWorker.ts")).open)
    }
  ],
  [
    "pg-boss",
    {
      ...common,
      title: "pg-boss",
      isInQuick: false,
      store: "postgres",
      promises: "at least once; a job of a process that died is tried again after 15 minutes; done jobs are kept",
      load: Effect.promise(async () => (await import("./subjects/PgBoss.ts")).open)
    }
  ],
  [
    "bullmq",
    {
      ...common,
      title: "BullMQ",
      store: "redis",
      promises: "at least once while Redis lives, all lost with it; a stalled job is tried again after 30 s",
      load: Effect.promise(async () => (await import("./subjects/BullMq.ts")).open)
    }
  ],
  [
    "bee-queue",
    {
      ...common,
      title: "bee-queue",
      isInQuick: false,
      store: "redis",
      promises:
        "at least once while Redis lives, all lost with it; a stalled job is tried again if a worker looks for it",
      load: Effect.promise(async () => (await import("./subjects/BeeQueue.ts")).open)
    }
  ]
])

export const cases: ReadonlyArray<Case> = [
  ...Enqueue.cases,
  ...Drain.cases,
  ...Latency.cases,
  ...Noisy.cases,
  ...Tick.cases,
  ...Campaign.cases
]
