/**
 * The life of a node: it works in its roles, beats in the registry, and does what operators wish.
 *
 * Callers may rely on this:
 * - `cordoned`: what it holds is given back, and it stays. `working`: it takes work again. `drained`: as `cordoned`, and
 *   it has ended as a node, whatever becomes of the process.
 * - While the registry cannot be reached it goes on as it was last told to.
 * - Closing its scope drains it: nothing is claimed any more, what is under way may end within the time for that, the
 *   rest is given back uncharged, and the registry is told that it is gone.
 */
import * as Lane from "@fibercast/domain/Lane"
import { named, type NodeBeat, NodeRegistry, type NodeWish } from "@fibercast/ports/NodeRegistry"
import { Clock, Deferred, Effect, Latch, Option, Schedule, type Scope, Semaphore } from "effect"
import { randomUUID } from "node:crypto"
import * as ClockSkew from "@fibercast/engine/ClockSkew"
import * as OpenRoles from "./OpenRoles.ts"
import { type Role, type RoleNotOpened } from "./Role.ts"

export type State = NodeBeat["state"]

export interface Options<R> extends Pick<NodeBeat, "name" | "app" | "release" | "address"> {
  /** That its roles serve; all unless told otherwise. */
  readonly lanes?: ReadonlyArray<Lane.Lane> | undefined
  /** At least one. */
  readonly roles: ReadonlyArray<Role<R>>
}

export interface NodeLife {
  /** Unique to this run. */
  readonly id: string
  readonly state: Effect.Effect<State>
  /** Returns once an operator's wish to drain it is carried out. */
  readonly drained: Effect.Effect<OpenRoles.Drained>
}

/** Between two beats; and how long one may take, in milliseconds. */
const interval = 2000
const patience = 5000

/** Between two comparisons of clocks, in milliseconds. */
const comparison = 60_000

/** Nodes unseen for so long are forgotten by others, in milliseconds. */
const remembered = 7 * 86_400_000

/** Returns once it works. */
export const make = Effect.fnUntraced(function* <R>(
  options: Options<R>
): Effect.fn.Return<NodeLife, RoleNotOpened, R | NodeRegistry | Scope.Scope> {
  const { address, app, lanes = Lane.lanes, name, release } = options
  const registry = yield* NodeRegistry
  const roles = yield* OpenRoles.make(options.roles)
  const id = randomUUID()
  const startedAt = yield* Clock.currentTimeMillis
  const ended = yield* Deferred.make<OpenRoles.Drained>()
  const oneBeat = yield* Semaphore.make(1)
  const bell = Latch.makeUnsafe(false)
  const wished = Latch.makeUnsafe(false)
  let state: State = "starting"
  let wish: NodeWish = "working"
  let isReached = true
  let clockAhead: number | null = null

  const turn = (to: State) =>
    Effect.sync(() => {
      state = to
      bell.openUnsafe()
    })

  const beat = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const said: NodeBeat = {
      id,
      name,
      lanes,
      app,
      release,
      address,
      startedAt,
      roles: options.roles.map((role) => role.name),
      state,
      workspaces: yield* roles.workspaces,
      sending: yield* roles.sending,
      capacity: yield* roles.capacity,
      pipelines: (yield* roles.pipelines).slice(0, named.pipelines),
      brokenAccounts: (yield* roles.brokenAccounts).slice(0, named.accounts),
      vanished: yield* roles.vanished,
      clockAhead
    }
    const answer = yield* Effect.timeoutOption(registry.beat(said, now), patience)
    if (answer._tag === "None") return yield* missed("no answer")
    if (!isReached) yield* Effect.logInfo("the registry of nodes can be reached again")
    isReached = true
    if (answer.value === wish) return
    wish = answer.value
    wished.openUnsafe()
  }).pipe(
    Effect.catchTag("LedgerUnavailable", (error) => missed(error.message)),
    Effect.catchDefect((defect) => Effect.logError("a beat crashed", defect)),
    // So that none that was made earlier is written later.
    oneBeat.withPermit
  )

  /** It is said once. */
  const missed = (reason: string) =>
    Effect.suspend(() => {
      if (!isReached) return Effect.void
      isReached = false
      return Effect.logWarning(`the registry of nodes cannot be reached; the node goes on: ${reason}`)
    })

  const comparing = Effect.gen(function* () {
    const ahead = yield* Effect.option(Effect.timeout(ClockSkew.measure, patience))
    clockAhead = Option.getOrNull(ahead)
  }).pipe(Effect.provideService(NodeRegistry, registry), Effect.repeat(Schedule.spaced(comparison)))

  const beating = Effect.gen(function* () {
    yield* beat
    yield* Effect.ignore(Effect.timeoutOption(registry.forget(startedAt - remembered), patience))
    for (;;) {
      bell.closeUnsafe()
      yield* beat
      if (state === "gone") return
      yield* Effect.raceFirst(bell.await, Effect.sleep(interval))
    }
  })

  const drain = Effect.gen(function* () {
    if (state === "gone") return
    const began = state !== "starting"
    if (began) yield* Effect.logInfo("draining: what is under way may end, the rest is given back")
    yield* turn("draining")
    const drained = yield* roles.close
    if (began) yield* Effect.logInfo(`drained in ${OpenRoles.told(drained)}`)
    state = "gone"
    yield* beat
    yield* Deferred.succeed(ended, drained)
  }).pipe(Effect.uninterruptible)

  const cordon = Effect.gen(function* () {
    yield* turn("draining")
    const drained = yield* roles.close
    yield* turn("cordoned")
    yield* Effect.logInfo(`cordoned in ${OpenRoles.told(drained)}`)
  }).pipe(Effect.uninterruptible)

  const uncordon = roles.open.pipe(
    Effect.andThen(turn("working")),
    Effect.andThen(Effect.logInfo("working again")),
    Effect.catchTag("RoleNotOpened", (error) =>
      Effect.andThen(Effect.logError(`${error.message}. It is tried again.`), Effect.sleep(interval))
    )
  )

  /** What is wished is done, one after the other; of several wishes meanwhile, the last. */
  const obeying = Effect.gen(function* () {
    for (;;) {
      wished.closeUnsafe()
      if (wish === "drained") return yield* drain
      if (wish === "cordoned" && state === "working") yield* cordon
      else if (wish === "working" && state === "cordoned") yield* uncordon
      else yield* wished.await
    }
  })

  yield* Effect.forkScoped(comparing)
  yield* Effect.forkScoped(beating)
  yield* Effect.addFinalizer(() => drain)
  yield* roles.open
  yield* turn("working")
  yield* Effect.forkScoped(obeying)
  return { id, state: Effect.sync(() => state), drained: Deferred.await(ended) }
})
