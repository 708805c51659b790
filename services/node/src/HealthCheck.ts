/**
 * A check says in one line whether something that a node needs is well. It never fails, and it tells nothing secret.
 */
import { type Finding } from "@fibercast/engine/Finding"
import type * as QueueHealth from "@fibercast/engine/QueueHealth"
import * as QueueSamples from "@fibercast/engine/QueueSamples"
import * as SchedulerConfig from "@fibercast/engine/SchedulerConfig"
import * as SchedulerHealth from "@fibercast/engine/SchedulerHealth"
import { type CampaignStore } from "@fibercast/ports/CampaignStore"
import { type NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { type Records } from "@fibercast/ports/Records"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { type WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as Migrations from "@fibercast/postgres/Migrations"
import { Clock, Effect } from "effect"
import { type SqlClient } from "effect/sql"

export interface HealthCheck {
  /** A word or two. */
  readonly name: string
  /** What is wrong, in one line; null: nothing. */
  readonly check: Effect.Effect<string | null>
}

export interface Checked {
  readonly name: string
  readonly ok: boolean
  readonly reason: string | null
}

/** A check that takes longer, in milliseconds, has failed. */
export const patience = 2000

/** The checks, made at once, in the order given. */
export const run = (checks: ReadonlyArray<HealthCheck>): Effect.Effect<ReadonlyArray<Checked>> =>
  Effect.forEach(
    checks,
    ({ check, name }) =>
      check.pipe(
        Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.succeed(`no answer in ${patience / 1000} s`) }),
        Effect.catchDefect(() => Effect.succeed("the check itself failed")),
        Effect.map((reason): Checked => ({ name, ok: reason === null, reason }))
      ),
    { concurrency: "unbounded" }
  )

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`

/** The database answers, and has the schema of this release. */
export const database: Effect.Effect<HealthCheck, never, SqlClient.SqlClient> = Effect.map(
  Effect.context<SqlClient.SqlClient>(),
  (client): HealthCheck => ({
    name: "database",
    check: Migrations.pending.pipe(
      Effect.provideContext(client),
      Effect.map((pending) => (pending.length === 0 ? null : `it lacks ${counted(pending.length, "migration")}`)),
      Effect.orElseSucceed(() => "it cannot be reached")
    )
  })
)

const away = () => Effect.succeed("it cannot be told: the database cannot be reached")

const seconds = (millis: number): string => `${Math.max(0, Math.round(millis / 1000))} s`

/** Every trigger, of whichever app, is looked after by some scheduler that passed within `deadAfter` milliseconds. */
export const triggers = (deadAfter: number): Effect.Effect<HealthCheck, never, TriggerStore> =>
  Effect.map(Effect.context<TriggerStore>(), (needs): HealthCheck => {
    const attended = Effect.map(SchedulerHealth.look(), ({ unattended }) => {
      const lines = unattended.map(
        (one) =>
          `nobody looks after ${counted(one.triggers, "trigger")} ${one.app === null ? "defined at run time" : `of ${one.app}`} for ${seconds(one.silentMillis)}`
      )
      return lines.length === 0 ? null : lines.join("; ")
    }).pipe(Effect.provideService(SchedulerConfig.SchedulerConfig, { ...SchedulerConfig.defaults, deadAfter }))
    return { name: "triggers", check: attended.pipe(Effect.provideContext(needs), Effect.catch(away)) }
  })

/**
 * `triggers`, and that a scheduler of this app has passed within `deadAfter` milliseconds, or had not yet so long to do
 * so.
 */
export const scheduler = Effect.fnUntraced(function* (
  app: string,
  deadAfter: number
): Effect.fn.Return<ReadonlyArray<HealthCheck>, never, TriggerStore> {
  const store = yield* TriggerStore
  const startedAt = yield* Clock.currentTimeMillis
  const passed = Effect.gen(function* () {
    const own = (yield* store.schedulers).filter((one) => one.app === app).map(({ passedAt }) => passedAt)
    const silent = (yield* Clock.currentTimeMillis) - Math.max(startedAt, ...own)
    return silent <= deadAfter ? null : `no scheduler of ${app} has passed for ${seconds(silent)}`
  })
  return [yield* triggers(deadAfter), { name: "last pass", check: Effect.catch(passed, away) }]
})

/** Answers of one sample are good for so long, in milliseconds: a sample reads all open work. */
const sampleLasts = 2000

const missedBy = (
  { age, failed, growth, lane, missed, open, workspace }: QueueSamples.NamedLine,
  targets: QueueHealth.Targets
): string => {
  const figures: Readonly<Record<keyof QueueHealth.Targets, string>> = {
    size: `${open} open, more than ${targets.size}`,
    age: `one waits for ${seconds(age ?? 0)}, more than ${seconds(targets.age)}`,
    failed: `${failed} failed, more than ${targets.failed}`,
    growth: `it grows by ${Math.round(growth)} a minute, more than ${targets.growth}`
  }
  return `${workspace}/${lane}: ${missed.map((name) => figures[name]).join(", ")}`
}

/** Whose it is, where it is of a workspace. `triggers` tells of schedulers. */
const standing = (finding: Finding): ReadonlyArray<string> =>
  finding._tag === "SchedulerDead" ? [] : [finding._tag + ("workspace" in finding ? ` in ${finding.workspace}` : "")]

const told = <E>(lines: Effect.Effect<ReadonlyArray<string>, E>): HealthCheck["check"] =>
  lines.pipe(
    Effect.map((some) => (some.length === 0 ? null : some.join("; "))),
    Effect.catch(away)
  )

const workers = <E>(found: Effect.Effect<ReadonlyArray<Finding>, E>): HealthCheck => ({
  name: "workers",
  check: told(
    Effect.map(found, (findings) => {
      const lines = findings.flatMap(standing)
      return lines.length === 0 ? [] : [...lines, "`fibercast doctor` says more"]
    })
  )
})

/**
 * `workers`: what is due is worked; it fails when the doctor finds something critical, and names it. `queue`, with targets:
 * every lane of every workspace keeps to them. What failed and how it grows is measured since the check of a minute
 * ago, or the one before if they are further apart.
 */
export const work = Effect.fnUntraced(function* (
  targets: QueueHealth.Targets | null
): Effect.fn.Return<
  ReadonlyArray<HealthCheck>,
  never,
  Records | WorkspaceStore | CampaignStore | TriggerStore | NodeRegistry
> {
  const needs = yield* Effect.context<Records | WorkspaceStore | CampaignStore | TriggerStore | NodeRegistry>()
  const lasting = <A, E, R>(look: Effect.Effect<A, E, R>) =>
    Effect.cachedWithTTL(Effect.provideContext(look, needs), sampleLasts)
  if (targets === null) return [workers(yield* lasting(QueueSamples.critical(null)))]
  const sample = yield* QueueSamples.make({ workspaceId: null, targets, byPipeline: false, checkupEvery: 0 })
  const measured = yield* lasting(sample)
  const missed = Effect.map(measured, ({ lines }) =>
    lines.filter((line) => line.missed.length > 0).map((line) => missedBy(line, targets))
  )
  return [workers(Effect.map(measured, ({ findings }) => findings)), { name: "queue", check: told(missed) }]
})
