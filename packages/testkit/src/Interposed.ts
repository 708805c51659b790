/**
 * An interposed service does something before each call: fail, wait, or note that it was made.
 *
 * It stands in front of a real implementation, so that tests break a store without imitating one.
 */
import { BatchStore } from "@fibercast/ports/BatchStore"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger, type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect, Layer } from "effect"

export interface Interposition {
  /** Runs before the call named `operation`; when it fails, the call is not made. */
  readonly before?: ((operation: string) => Effect.Effect<void, LedgerUnavailable>) | undefined
  /** Runs after the call; when it fails the call was made, and its answer is lost. */
  readonly after?: ((operation: string) => Effect.Effect<void, LedgerUnavailable>) | undefined
}

/** The service, with every method that answers an Effect, and every Effect it holds, interposed. */
export const make = <S extends object>(service: S, { after, before }: Interposition): S => {
  const around = (operation: string, call: () => unknown) =>
    Effect.gen(function* () {
      if (before !== undefined) yield* before(operation)
      const answered = call()
      const answer: unknown = Effect.isEffect(answered) ? yield* answered : answered
      if (after !== undefined) yield* after(operation)
      return answer
    })
  return new Proxy(service, {
    get: (target, key): unknown => {
      const value: unknown = Reflect.get(target, key)
      if (Effect.isEffect(value)) return around(String(key), () => value)
      if (typeof value !== "function") return value
      return (...args: ReadonlyArray<unknown>) => around(String(key), () => Reflect.apply(value, target, args))
    }
  })
}

type Stores = Ledger | CampaignStore | BatchStore | WorkspaceStore | TriggerStore

/** All five stores interposed, for the engine to be built on. */
export const layerStores = (interposition: Interposition): Layer.Layer<Stores, never, Stores> =>
  Layer.mergeAll(
    Layer.effect(
      Ledger,
      Effect.map(Ledger, (ledger) => make(ledger, interposition))
    ),
    Layer.effect(
      CampaignStore,
      Effect.map(CampaignStore, (store) => make(store, interposition))
    ),
    Layer.effect(
      BatchStore,
      Effect.map(BatchStore, (store) => make(store, interposition))
    ),
    Layer.effect(
      WorkspaceStore,
      Effect.map(WorkspaceStore, (store) => make(store, interposition))
    ),
    Layer.effect(
      TriggerStore,
      Effect.map(TriggerStore, (store) => make(store, interposition))
    )
  )
