/**
 * A TestNode is one engine among others on stores that outlive it: it can be stopped, killed and frozen.
 *
 * - `kill` is a power cut: not one more call reaches the stores or the messenger, and nothing is given back.
 * - `freeze` stops its timers and holds every such call back until `thaw`, as when a machine sleeps while the
 *   world goes on.
 */
import { type AccountGates } from "@fibercast/engine/AccountGates"
import { type Campaigns } from "@fibercast/engine/Campaigns"
import { type WorkspaceRuntime } from "@fibercast/ports/WorkspaceRuntime"
import { Clock, type Context, Effect, Exit, Latch, Layer, Scope } from "effect"
import { FakeMessenger } from "./FakeMessenger.ts"
import * as Interposed from "./Interposed.ts"
import * as TestEngine from "./TestEngine.ts"

type Services = AccountGates | Campaigns | WorkspaceRuntime

export interface TestNode {
  /** Runs an Effect with this node's services. */
  readonly use: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<R, Services>>
  /** A graceful end: what was not begun is given back. */
  readonly stop: Effect.Effect<void>
  readonly kill: Effect.Effect<void>
  readonly freeze: Effect.Effect<void>
  readonly thaw: Effect.Effect<void>
}

/** A node that runs until it is stopped or killed, or the scope closes. */
export const make = Effect.fnUntraced(function* <R>(options: TestEngine.Options<R>) {
  const awake = Latch.makeUnsafe(true)
  let isDead = false
  const alive = () =>
    Effect.andThen(
      awake.await,
      Effect.suspend(() => (isDead ? Effect.die(new Error("this node was killed")) : Effect.void))
    )
  const clock = yield* Clock.Clock
  const messenger = Interposed.make(yield* FakeMessenger, { before: alive, after: alive })
  const reached = Layer.mergeAll(
    Interposed.layerStores({ before: alive, after: alive }),
    Layer.succeed(FakeMessenger, messenger),
    Layer.succeed(Clock.Clock, { ...clock, sleep: (duration) => Effect.andThen(clock.sleep(duration), awake.await) })
  )
  const scope = yield* Scope.fork(yield* Effect.scope)
  const services: Context.Context<Services> = yield* Layer.buildWithMemoMap(
    Layer.provide(TestEngine.layerEngine(options), reached),
    Layer.makeMemoMapUnsafe(),
    scope
  )
  const stop = Scope.close(scope, Exit.void)
  const node: TestNode = {
    use: (effect) => Effect.provideContext(effect, services),
    stop,
    kill: Effect.suspend(() => {
      isDead = true
      awake.openUnsafe()
      return stop
    }),
    freeze: Effect.sync(() => {
      awake.closeUnsafe()
    }),
    thaw: Effect.sync(() => {
      awake.openUnsafe()
    })
  }
  return node
})
