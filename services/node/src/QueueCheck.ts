/**
 * What a node tells probes of the queues of all workspaces and of what works them: a verdict against targets, and checks for
 * the health of everything.
 *
 * What failed and how queues grow is measured since it was asked a minute ago, or the time before if that is longer ago.
 * Workspaces are told by number, so that it tells nothing secret. It reads all open work, so it looks once in `freshFor` at
 * most, however often it is asked. It never fails: what cannot be told is not well.
 */
import { type Finding } from "@fibercast/engine/Finding"
import * as QueueHealth from "@fibercast/engine/QueueHealth"
import * as QueueSamples from "@fibercast/engine/QueueSamples"
import { Effect, Exit } from "effect"
import { type Checked, type HealthCheck, patience } from "./HealthCheck.ts"

export interface Judged {
  readonly verdict: QueueHealth.Verdict
  /** What is not well, the worst first, at most `most`. */
  readonly checks: ReadonlyArray<Checked>
}

export interface QueueCheck {
  /** CRITICAL as well while something critical stands in the way of all work. */
  readonly judged: Effect.Effect<Judged>
  /**
   * `workers` fails while the doctor finds something critical, and names it; `queue`, with targets, while a lane misses one
   * of them.
   */
  readonly checks: ReadonlyArray<HealthCheck>
}

/** Milliseconds. */
const freshFor = 2000

const most = 20

const bad = (name: string, reason: string): Checked => ({ name, ok: false, reason })

const unheard = "it cannot be told: the database cannot be reached"

const seconds = (millis: number): string => `${Math.round(millis / 1000)} s`

const placeOf = ({ lane, workspaceId }: QueueHealth.QueueLine): string => `workspace ${workspaceId}, lane ${lane}`

const missedBy = (
  { age, failed, growth, missed, open }: QueueHealth.QueueLine,
  targets: QueueHealth.Targets
): string => {
  const figures: Readonly<Record<keyof QueueHealth.Targets, string>> = {
    size: `${open} open, more than ${targets.size}`,
    age: `one waits for ${seconds(age ?? 0)}, more than ${seconds(targets.age)}`,
    failed: `${failed} failed or in doubt, more than ${targets.failed}`,
    growth: `it grows by ${Math.round(growth)} a minute, more than ${targets.growth}`
  }
  return missed.map((target) => figures[target]).join(", ")
}

/** The scheduler's own checks tell of schedulers. */
const standing = ({ _tag }: Finding): ReadonlyArray<string> => (_tag === "SchedulerDead" ? [] : [_tag])

const lineOf = (line: QueueHealth.QueueLine, targets: QueueHealth.Targets): Checked =>
  bad(placeOf(line), `${line.verdict}: ${missedBy(line, targets)}`)

const judge = ({ findings, lines, verdict }: QueueSamples.Measured, targets: QueueHealth.Targets): Judged => {
  const ofVerdict = (wanted: QueueHealth.Verdict) =>
    lines.filter((line) => line.verdict === wanted).map((line) => lineOf(line, targets))
  const standing = findings.map(({ _tag }) => bad(_tag, "CRITICAL: `fibercast doctor` says what to do"))
  return { verdict, checks: [...standing, ...ofVerdict("CRITICAL"), ...ofVerdict("WARN")].slice(0, most) }
}

const told = <E>(lines: Effect.Effect<ReadonlyArray<string>, E>): HealthCheck["check"] =>
  lines.pipe(
    Effect.map((some) => (some.length === 0 ? null : some.join("; "))),
    Effect.catch(() => Effect.succeed(unheard))
  )

const workers = <E>(found: Effect.Effect<ReadonlyArray<Finding>, E>): HealthCheck => ({
  name: "workers",
  check: told(
    Effect.map(found, (findings) => {
      const names = new Set(findings.flatMap(standing))
      return names.size === 0 ? [] : [...names, "`fibercast doctor` says more"]
    })
  )
})

const away = (reason: string): Judged => ({ verdict: "CRITICAL", checks: [bad("queues", reason)] })

/** `targets`: of the app; null: those of `QueueHealth` for the verdict, and no check of the queues. */
export const make = Effect.fnUntraced(function* (
  targets: QueueHealth.Targets | null
): Effect.fn.Return<QueueCheck, never, QueueSamples.Needs> {
  const needs = yield* Effect.context<QueueSamples.Needs>()
  const judgingBy = targets ?? QueueHealth.defaults
  const sample = yield* QueueSamples.make({
    workspaceId: null,
    targets: judgingBy,
    byPipeline: false,
    checkupEvery: 0
  })
  // Who asks and goes away leaves nothing for others.
  const lasting = <A, E>(look: Effect.Effect<A, E, QueueSamples.Needs>) =>
    Effect.cachedWithTTL(Effect.provideContext(look, needs), (exit) => (Exit.isSuccess(exit) ? freshFor : 0))
  const measured = yield* lasting(sample)
  const judged = measured.pipe(
    Effect.map((sample) => judge(sample, judgingBy)),
    Effect.timeoutOrElse({
      duration: patience,
      orElse: () => Effect.succeed(away(`no answer in ${patience / 1000} s`))
    }),
    Effect.catch(() => Effect.succeed(away(unheard))),
    Effect.catchDefect(() => Effect.succeed(away("the check itself failed")))
  )
  if (targets === null) return { judged, checks: [workers(yield* lasting(QueueSamples.critical(null)))] }
  const missed = Effect.map(measured, ({ lines }) =>
    lines.filter((line) => line.missed.length > 0).map((line) => `${placeOf(line)}: ${missedBy(line, targets)}`)
  )
  const found = Effect.map(measured, ({ findings }) => findings)
  return { judged, checks: [workers(found), { name: "queue", check: told(missed) }] }
})
