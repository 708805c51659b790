/**
 * The roles of a node, open or closed, all of them together. Roles that send are opened first and closed last, so that
 * what was handed to them may end.
 */
import * as Activity from "@fibercast/engine/Activity"
import { type BrokenAccount, type Vanished } from "@fibercast/ports/NodeRegistry"
import { Clock, Effect, Exit, Layer, Scope } from "effect"
import { notOpened, type Role, type RoleNotOpened } from "./Role.ts"

/** How closing went. */
export interface Drained {
  readonly millis: number
  /** Sends that were under way and ended by themselves. */
  readonly finished: number
  /** Deliveries that were claimed and not begun; they were not charged. */
  readonly returned: number
  /** Sends that were cut off. */
  readonly cut: number
}

export interface OpenRoles {
  /** Does nothing when they are open. When one cannot be opened, none is. */
  readonly open: Effect.Effect<void, RoleNotOpened>
  /** Returns once all are closed. Cannot be interrupted. */
  readonly close: Effect.Effect<Drained>
  readonly sending: Effect.Effect<number>
  readonly capacity: Effect.Effect<number>
  readonly workspaces: Effect.Effect<number>
  /** What can be run here, by name. */
  readonly pipelines: Effect.Effect<ReadonlyArray<string>>
  readonly brokenAccounts: Effect.Effect<ReadonlyArray<BrokenAccount>>
  readonly vanished: Effect.Effect<ReadonlyArray<Vanished>>
}

const nothing: Drained = { millis: 0, finished: 0, returned: 0, cut: 0 }

/** `0.4 s`, `12 s`. */
const spent = (millis: number): string => `${millis < 9950 ? (millis / 1000).toFixed(1) : Math.round(millis / 1000)} s`

/** `1.2 s: 14 finished, 3 given back, 0 cut`. */
export const told = ({ cut, finished, millis, returned }: Drained): string =>
  `${spent(millis)}: ${finished} finished, ${returned} given back, ${cut} cut`

/** Closed, until `open`. Whoever makes it closes it. */
export const make = Effect.fnUntraced(function* <R>(
  roles: ReadonlyArray<Role<R>>
): Effect.fn.Return<OpenRoles, never, R> {
  const context = yield* Effect.context<R>()
  const activity = Activity.make()
  const inOrder = roles.toSorted((a, b) => Number(b.name === "sender") - Number(a.name === "sender"))
  let opened: Scope.Closeable | null = null

  const here = <A, E, R2>(effect: Effect.Effect<A, E, R2>) => Effect.provideService(effect, Activity.Activity, activity)

  const open = Effect.uninterruptibleMask(
    Effect.fnUntraced(function* (restore) {
      if (opened !== null) return
      const scope = yield* Scope.make()
      const memo = Layer.makeMemoMapUnsafe()
      const building = Effect.forEach(
        inOrder,
        ({ layer, name }) =>
          Effect.mapError(Layer.buildWithMemoMap(layer, memo, scope), (error) => notOpened(name, error)),
        { discard: true }
      ).pipe(here, Effect.provideContext(context))
      const built = yield* Effect.exit(restore(building))
      if (Exit.isSuccess(built)) {
        opened = scope
        return
      }
      yield* Scope.close(scope, built)
      return yield* built
    })
  )

  const close = Effect.uninterruptible(
    Effect.gen(function* () {
      if (opened === null) return nothing
      const scope = opened
      opened = null
      const { cut, finished, returned } = activity
      const began = yield* Clock.currentTimeMillis
      yield* Scope.close(scope, Exit.void)
      return {
        millis: (yield* Clock.currentTimeMillis) - began,
        finished: activity.finished - finished,
        returned: activity.returned - returned,
        cut: activity.cut - cut
      }
    })
  )

  return {
    open,
    close,
    sending: Effect.sync(() => Activity.sending(activity)),
    capacity: Effect.map(Effect.all(inOrder.map((role) => here(role.capacity))), (all) =>
      all.reduce((sum, one) => sum + one, 0)
    ),
    workspaces: Effect.sync(() => activity.workspaces),
    pipelines: Effect.sync(() => Activity.pipelines(activity)),
    brokenAccounts: Effect.sync(() => Activity.brokenAccounts(activity)),
    vanished: Effect.sync(() => [...activity.vanished.values()])
  }
})
