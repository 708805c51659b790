/**
 * Follows runs to their end: what is over is recorded as over, once, and its hooks are run.
 *
 * Hooks run beside the scheduler, those of one run after one another in the order they were given; one that takes too
 * long is cut off, and the next one has its turn. A process that dies between the record and the hooks, or does not hear
 * that the record was made, does not run them; nor does one of another release, that has no code of the trigger.
 */
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { type EndedRun } from "@fibercast/ports/Run"
import { Clock, Effect } from "effect"
import { type Hook, type Scheduled } from "./Scheduled.ts"
import type * as TriggerRun from "./TriggerRun.ts"

/** Runs ended in one transaction. */
const page = 500

const applies = (at: Exclude<Hook<never>["at"], "before">, run: TriggerRun.EndedTriggerRun): boolean =>
  at === "after" || (at === "success") === (run.state === "completed")

/** Logs what a hook fails with. `timeout` in milliseconds. */
const guarded = <R>(
  { name }: TriggerRun.TriggerRun,
  at: Hook<R>["at"],
  timeout: number,
  hook: () => Effect.Effect<unknown, unknown, R>
): Effect.Effect<void, never, R> =>
  Effect.suspend(hook).pipe(
    Effect.timeout(timeout),
    Effect.asVoid,
    Effect.catchCause((cause) => Effect.logWarning(`the hook ${at} of ${name} failed`, cause))
  )

/** The `before` hooks of a run. Never fails. */
export const tellBefore = <R>(
  scheduled: Scheduled<R>,
  run: TriggerRun.TriggerRun,
  timeout: number
): Effect.Effect<void, never, R> =>
  Effect.forEach(
    scheduled.hooks,
    (hook) => (hook.at === "before" ? guarded(run, hook.at, timeout, () => hook.run(run)) : Effect.void),
    { discard: true }
  )

/** The hooks of a run that is over. Never fails. */
export const tell = <R>(
  scheduled: Scheduled<R>,
  run: TriggerRun.EndedTriggerRun,
  timeout: number
): Effect.Effect<void, never, R> =>
  Effect.forEach(
    scheduled.hooks,
    (hook) =>
      hook.at !== "before" && applies(hook.at, run) ? guarded(run, hook.at, timeout, () => hook.run(run)) : Effect.void,
    { discard: true }
  )

/**
 * `told` gets each run, once over all nodes, also when the caller is interrupted. While there is no room for more, runs
 * that are over stay unmarked until there is.
 */
export const follow = Effect.fnUntraced(function* (options: {
  readonly app: string | null
  readonly hasRoom: () => boolean
  readonly told: (run: EndedRun) => Effect.Effect<void>
}): Effect.fn.Return<void, LedgerUnavailable, TriggerStore> {
  const { app, hasRoom, told } = options
  const store = yield* TriggerStore
  while (hasRoom()) {
    const now = yield* Clock.currentTimeMillis
    const marked = yield* Effect.uninterruptibleMask((restore) =>
      Effect.tap(restore(store.end({ app, now, limit: page })), (ended) => Effect.forEach(ended, told))
    )
    if (marked.length < page) return
  }
})
