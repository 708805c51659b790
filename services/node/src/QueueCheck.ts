/**
 * The verdict on the queues, as a node tells it to probes: all lanes of all workspaces against the targets of `QueueHealth`,
 * measured since it was asked a minute ago or before that, and what stands in the way of all of it.
 *
 * It names what is not well, the worst first and `most` at most: workspaces by number, so that it tells nothing secret. It
 * reads all open work, so it looks once in `freshFor` at most, however often it is asked. It never fails: what cannot be
 * told is critical.
 */
import * as QueueHealth from "@fibercast/engine/QueueHealth"
import * as QueueSamples from "@fibercast/engine/QueueSamples"
import { Effect, Exit } from "effect"
import { type Checked, patience } from "./HealthCheck.ts"

export interface Judged {
  readonly verdict: QueueHealth.Verdict
  readonly checks: ReadonlyArray<Checked>
}

/** Milliseconds. */
const freshFor = 5000

const most = 20

const bad = (name: string, reason: string): Checked => ({ name, ok: false, reason })

const away = (reason: string): Judged => ({ verdict: "CRITICAL", checks: [bad("queues", reason)] })

const said = ({ age, failed, growth, lane, missed, open, verdict, workspaceId }: QueueHealth.QueueLine): Checked => {
  const figures = {
    size: `${open} open`,
    age: `the oldest waits for ${Math.round((age ?? 0) / 1000)} s`,
    failed: `${failed} failed or in doubt`,
    growth: `growing by ${Math.round(growth)} a minute`
  }
  const reason = `${verdict}: ${missed.map((target) => figures[target]).join(", ")}`
  return bad(`workspace ${workspaceId}, lane ${lane}`, reason)
}

const judged = ({ findings, lines, verdict }: QueueSamples.Measured): Judged => {
  const told = [
    ...findings.map(({ _tag }) => bad(_tag, "CRITICAL: `fibercast doctor` says what to do")),
    ...lines.filter((line) => line.verdict === "CRITICAL").map(said),
    ...lines.filter((line) => line.verdict === "WARN").map(said)
  ]
  return { verdict, checks: told.slice(0, most) }
}

/** Each run of the effect tells the verdict; runs at once share one look. */
export const make: Effect.Effect<Effect.Effect<Judged>, never, QueueSamples.Needs> = Effect.gen(function* () {
  const needs = yield* Effect.context<QueueSamples.Needs>()
  const sample = yield* QueueSamples.make({ workspaceId: null, targets: QueueHealth.defaults, byPipeline: false })
  const look = sample.pipe(
    Effect.map(judged),
    Effect.timeoutOrElse({
      duration: patience,
      orElse: () => Effect.succeed(away(`no answer in ${patience / 1000} s`))
    }),
    Effect.catch(() => Effect.succeed(away("it cannot be told: the database cannot be reached"))),
    Effect.catchDefect(() => Effect.succeed(away("the check itself failed"))),
    Effect.provideContext(needs)
  )
  // Who asks and goes away leaves nothing for others.
  return yield* Effect.cachedWithTTL(look, (exit) => (Exit.isSuccess(exit) ? freshFor : 0))
})
