/**
 * What the actors of one node have under way, and how their stopping went. Whoever runs a node provides one of its own.
 */
import { Context, Effect, type Scope } from "effect"
import { type ClaimedDelivery } from "@fibercast/domain/Delivery"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type BrokenAccount, named, type Vanished } from "@fibercast/ports/NodeRegistry"

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
  /** Temporary work that completed and left no record, where it did so last at the end; at most `named.vanished`. */
  readonly vanished: Map<string, Vanished>
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
  vanished: new Map(),
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

/** A delivery has completed, of which no record is kept. */
export const vanish = (
  { vanished }: Activity,
  workspaceId: WorkspaceId,
  { lane, pipeline }: Pick<ClaimedDelivery, "lane" | "pipeline">
): void => {
  const key = `${workspaceId}/${lane}/${pipeline}`
  const count = (vanished.get(key)?.count ?? 0) + 1
  vanished.delete(key)
  vanished.set(key, { workspaceId, lane, pipeline, count })
  const [first] = vanished.keys()
  if (first !== undefined && vanished.size > named.vanished) vanished.delete(first)
}

/** Is counted among them until the scope closes. */
export const join = <A>(among: (activity: Activity) => Set<A>, one: A): Effect.Effect<void, never, Scope.Scope> =>
  Effect.flatMap(Activity, (activity) =>
    Effect.acquireRelease(
      Effect.sync(() => void among(activity).add(one)),
      () => Effect.sync(() => void among(activity).delete(one))
    )
  )
