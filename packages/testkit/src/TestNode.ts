/**
 * A TestNode is one engine among others on stores that outlive it: it can be stopped, killed and frozen, and its clock
 * may differ from the others'.
 *
 * - `kill` is a power cut: not one more call reaches the stores or the messenger, and nothing is given back.
 * - `freeze` stops its timers and holds every such call back until `thaw`, as when a machine sleeps while the
 *   world goes on.
 */
import { type AccountGates } from "@fibercast/engine/AccountGates"
import { type Campaigns } from "@fibercast/engine/Campaigns"
import { type Lanes } from "@fibercast/engine/Lanes"
import { type WorkspaceRuntime } from "@fibercast/ports/WorkspaceRuntime"
import { Clock, type Context, Effect, Exit, Latch, Layer, Scope } from "effect"
import { FakeMessenger } from "./FakeMessenger.ts"
import * as Interposed from "./Interposed.ts"
import * as TestEngine from "./TestEngine.ts"

type Services = AccountGates | Campaigns | Lanes | WorkspaceRuntime

export interface TestNode<out S = Services> {
  /** Runs an Effect with this node's services. */
  readonly use: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<R, S>>
  /** A graceful end: what was not begun is given back. */
  readonly stop: Effect.Effect<void>
  readonly kill: Effect.Effect<void>
  readonly freeze: Effect.Effect<void>
  readonly thaw: Effect.Effect<void>
}

export interface Placed {
  /** How far its wall clock is ahead of the world's, in milliseconds; behind, if negative. Default 0. */
  readonly skew?: number | undefined
}

/** The clock, set wrong by so many milliseconds; its time passes as fast. */
const skewed = (clock: Clock.Clock, skew: number): Clock.Clock => {
  const millis = () => clock.currentTimeMillisUnsafe() + skew
  const nanos = () => clock.currentTimeNanosUnsafe() + BigInt(skew) * 1_000_000n
  return {
    ...clock,
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos)
  }
}

/** Any layer as a node. */
export const run = Effect.fnUntraced(function* <S, E, R>(engine: Layer.Layer<S, E, R>, { skew = 0 }: Placed) {
  const awake = Latch.makeUnsafe(true)
  let isDead = false
  const alive = () =>
    Effect.andThen(
      awake.await,
      Effect.suspend(() => (isDead ? Effect.die(new Error("this node was killed")) : Effect.void))
    )
  const clock = skewed(yield* Clock.Clock, skew)
  const messenger = Interposed.make(yield* FakeMessenger, { before: alive, after: alive })
  const reached = Layer.mergeAll(
    Interposed.layerStores({ before: alive, after: alive }),
    Layer.succeed(FakeMessenger, messenger),
    Layer.succeed(Clock.Clock, { ...clock, sleep: (duration) => Effect.andThen(clock.sleep(duration), awake.await) })
  )
  const scope = yield* Scope.fork(yield* Effect.scope)
  const services: Context.Context<S> = yield* Layer.buildWithMemoMap(
    Layer.provide(engine, reached),
    Layer.makeMemoMapUnsafe(),
    scope
  )
  const stop = Scope.close(scope, Exit.void)
  const node: TestNode<S> = {
    use: (effect) => Effect.provideContext(effect, services),
    stop,
    kill: Effect.suspend(() => {
      isDead = true
      awake.openUnsafe()
      // What it would still do on its way out fails at the first store.
      return Effect.asVoid(Effect.exit(stop))
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

/** A node that runs until it is stopped or killed, or the scope closes. */
export const make = <R = never>(options: TestEngine.Options<R> & Placed) =>
  run(TestEngine.layerEngine(options), options)

/** The same with a scheduler. */
export const makeScheduling = <R = never, R2 = never>(options: TestEngine.SchedulingOptions<R, R2> & Placed) =>
  run(TestEngine.layerSchedulingEngine(options), options)
