/**
 * The triggers that this process has the code of: its app's, by workspace and name.
 *
 * A trigger that was defined at run time has no code, and may be scheduled by anybody. One of this app that is not
 * among them belongs to another release, and is left to that.
 */
import { type Target } from "@fibercast/domain/Target"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { type Scheduled } from "./Scheduled.ts"

export interface TriggerCode<out R> {
  readonly app: string | null
  /** Of a stored trigger; undefined: it needs none. Null: it is not for this process. */
  readonly of: (stored: StoredTrigger) => Scheduled<R> | undefined | null
}

const keyOf = (workspaceId: number, name: string): string => `${workspaceId}/${name}`

export interface Placed<out R> {
  readonly workspaceId: number
  readonly scheduled: Scheduled<R>
}

export const make = <R>(options: {
  readonly app: string | null
  readonly placed: ReadonlyArray<Placed<R>>
  /** Whether this process knows the pipeline of a campaign. */
  readonly knows: (target: Extract<Target, { readonly _tag: "Launch" }>) => boolean
}): TriggerCode<R> => {
  const { app, knows, placed } = options
  const byKey = new Map(
    placed.map(({ scheduled, workspaceId }) => [keyOf(workspaceId, scheduled.definition.trigger.name), scheduled])
  )
  return {
    app,
    of: (stored) => {
      const { target, trigger } = stored.definition
      const code = stored.app === null ? undefined : (byKey.get(keyOf(stored.workspaceId, trigger.name)) ?? null)
      return code !== null && target._tag === "Launch" && !knows(target) ? null : code
    }
  }
}
