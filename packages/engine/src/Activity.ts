/**
 * What the actors of one node have under way, and how their stopping went. Whoever runs a node provides one of its own.
 */
import { Context, Effect, type Scope } from "effect"
import { type BrokenAccount } from "@fibercast/ports/NodeRegistry"

/** An actor that sends, or a sender. */
export interface Sending {
  /** Sends under way. */
  readonly window: { readonly active: number }
  /** Sends it may have under way at once. */
  readonly concurrency: number
}

/** The counts are of actors and senders that stopped, and grow for as long as the node runs. */
export interface Activity {
  /** Workspaces whose actor works here. */
  workspaces: number
  readonly sending: Set<Sending>
  /** Of each role that is open, the names of what it can run. */
  readonly pipelines: Set<ReadonlyArray<string>>
  /** Of each role that is open, the accounts that take nothing now. */
  readonly broken: Set<() => ReadonlyArray<BrokenAccount>>
  /** Sends that were under way when it began to stop, and ended by themselves. */
  finished: number
  /** Deliveries that were claimed, not begun, and given back. */
  returned: number
  /** Sends that were still under way when the time to drain had passed. */
  cut: number
}

export const make = (): Activity => ({
  workspaces: 0,
  sending: new Set(),
  pipelines: new Set(),
  broken: new Set(),
  finished: 0,
  returned: 0,
  cut: 0
})

export const Activity = Context.Reference<Activity>("fibercast/engine/Activity", { defaultValue: make })

const sum = (activity: Activity, of: (sending: Sending) => number): number =>
  Array.from(activity.sending, of).reduce((total, one) => total + one, 0)

export const sending = (activity: Activity): number => sum(activity, ({ window }) => window.active)

export const capacity = (activity: Activity): number => sum(activity, ({ concurrency }) => concurrency)

/** Each once, in order. */
export const pipelines = (activity: Activity): ReadonlyArray<string> =>
  [...new Set([...activity.pipelines].flat())].toSorted()

export const brokenAccounts = (activity: Activity): ReadonlyArray<BrokenAccount> =>
  Array.from(activity.broken, (of) => of()).flat()

/** Is counted among them until the scope closes. */
export const join = <A>(among: (activity: Activity) => Set<A>, one: A): Effect.Effect<void, never, Scope.Scope> =>
  Effect.flatMap(Activity, (activity) =>
    Effect.acquireRelease(
      Effect.sync(() => void among(activity).add(one)),
      () => Effect.sync(() => void among(activity).delete(one))
    )
  )
