/**
 * The pipeline of the checks. One of a monitor is open at a time, at most 10,000 are open in all, and one that is done
 * leaves nothing behind but its finding. A check is tried once: the next one is its retry.
 *
 * A check does not ask for the next: only the planning makes checks, so they cannot multiply. Of targets that fail few are
 * looked at at once, so that those which never answer take no places from the others; where there are many of them, they
 * are looked at less often than their interval says.
 */
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Clock, Effect, Schema } from "effect"
import { Monitors } from "./Monitors.ts"
import { Tell } from "./Notice.ts"
import { Probe } from "./Probe.ts"

/** Checks of failing targets under way at once. */
export const failingAtOnce = 40

/** Checks that may be open. */
export const cap = 10_000

export const Check = Pipeline.make("uptime.check", {
  payload: Schema.Struct({
    id: Schema.NonEmptyString,
    url: Schema.NonEmptyString,
    slot: Schema.Int,
    within: Schema.Int,
    failing: Schema.Boolean
  }),
  retry: RetryPolicy.after("1 second", { tries: 1 }),
  timeout: "10 seconds",
  unique: ({ id }) => id,
  concurrency: { key: ({ failing }) => (failing ? "failing" : null), limit: failingAtOnce },
  backlog: cap,
  retention: "none"
}).pipe(
  Pipeline.dropWhen(
    ({ id }) => Effect.flatMap(Monitors, ({ exists }) => Effect.map(exists(id), (known) => !known)),
    ({ id }) => `monitor ${id} was deleted`
  ),
  Pipeline.tap(({ id, slot, url, within }, { workspaceId }) =>
    Effect.gen(function* () {
      const seen = yield* (yield* Probe).look(url, within)
      const at = yield* Clock.currentTimeMillis
      yield* (yield* Monitors).record({ id, slot, at, ...seen }, (change) =>
        Pipeline.dispatch(Tell, { workspaceId, payload: { monitor: id, change, slot, problem: seen.problem } })
      )
    })
  )
)
