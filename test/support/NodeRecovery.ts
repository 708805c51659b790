/**
 * How a fleet of nodes comes through one fault: from when on its work is settled again in every workspace, and from when
 * on nothing is left of what was due before the fault.
 */
import { Clock, Effect, Fiber, Random } from "effect"
import { type Fault } from "./NodeFaults.ts"
import { type NodeWorkload } from "./NodeWorkload.ts"

export interface Recovery {
  readonly fault: string
  /** Since the beginning, in milliseconds. */
  readonly at: number
  /** From the fault until every workspace went on. */
  readonly goesOn: number
  /** Workspaces that have another owner since. */
  readonly moved: number
  /** From the fault until all that was due before it had its final state. */
  readonly caughtUp: number
  /** The workspaces, by their place, that were the last to. */
  readonly last: ReadonlyArray<number>
}

/** Nothing takes longer than this. */
const bound = "90 seconds"

const bounded = <A, E, R>(what: () => string, wait: Effect.Effect<A, E, R>) =>
  Effect.timeoutOrElse(wait, { duration: bound, orElse: () => Effect.die(new Error(what())) })

/** Suffers the fault at a random moment while every workspace has work under way, and waits until it is over and made good. */
export const from = Effect.fnUntraced(function* (fault: Fault, workload: NodeWorkload, began: number) {
  const { standing, waiting } = workload
  const begun = yield* Clock.currentTimeMillis
  yield* bounded(
    () => "work does not flow",
    Effect.repeat(Effect.delay(standing, "50 millis"), {
      until: (rows) => rows.every(({ settledAt }) => settledAt > begun)
    })
  )
  yield* Effect.sleep(yield* Random.nextIntBetween(500, 3000))
  const at = yield* Clock.currentTimeMillis
  yield* fault.harm
  const ending = yield* Effect.forkScoped(Effect.andThen(fault.end, Clock.currentTimeMillis))
  const before = new Map((yield* standing).map((row) => [row.workspaceId, row]))
  const shown = fault.showsAfterEnd ? yield* Fiber.join(ending) : at

  /** Since when each is known to be owned. */
  const owned = new Map<number, number>()
  let stuck = ""
  const look = Effect.gen(function* () {
    yield* Effect.sleep("50 millis")
    const rows = yield* standing
    const now = yield* Clock.currentTimeMillis
    for (const { epoch, ownedUntil, workspaceId } of rows) {
      const was = before.get(workspaceId)
      const isOwned = !fault.hitsEngine || epoch !== was?.epoch || ownedUntil > was.ownedUntil
      if (isOwned && !owned.has(workspaceId)) owned.set(workspaceId, fault.hitsEngine ? now : shown)
    }
    const still = rows.filter(({ settledAt, workspaceId }) => settledAt <= (owned.get(workspaceId) ?? Infinity))
    stuck = still.map((row) => JSON.stringify(row)).join(", ")
    return rows
  })
  const rows = yield* bounded(
    () => `after ${fault.name} these do not go on: ${stuck}`,
    Effect.repeat(look, { until: () => stuck === "" })
  )
  const goesOn = (yield* Clock.currentTimeMillis) - at
  yield* Fiber.join(ending)

  let last: ReadonlyArray<number> = []
  yield* bounded(
    () => `what was due before ${fault.name} has no final state`,
    Effect.repeat(
      Effect.tap(Effect.delay(waiting(at), "100 millis"), (left) =>
        Effect.sync(() => {
          if (left.length > 0) last = left
        })
      ),
      { until: (left) => left.length === 0 }
    )
  )
  const caughtUp = (yield* Clock.currentTimeMillis) - at
  const moved = rows.filter(({ epoch, workspaceId }) => epoch !== before.get(workspaceId)?.epoch).length
  const recovery: Recovery = { fault: fault.name, at: at - began, goesOn, moved, caughtUp, last }
  return recovery
})
