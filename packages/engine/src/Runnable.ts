/**
 * A runnable is what the engine needs of a pipeline, whatever its payload is: its options, what it does with one delivery,
 * and what it does when one has failed.
 */
import { type Guarantee } from "@fibercast/domain/Campaign"
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import { type Lane } from "@fibercast/domain/Lane"
import { type RetryPolicy } from "@fibercast/domain/RetryPolicy"
import { type Messenger } from "@fibercast/ports/Messenger"
import { Context, Effect, type Scope } from "effect"
import { type DeliveryContext } from "./DeliveryContext.ts"
import { isDone } from "./internal/AtOnce.ts"
import { type Retention } from "./internal/Retention.ts"
import { type Halt } from "./internal/StageHalt.ts"

export interface PipelineOptions {
  /** Where its deliveries queue unless told otherwise. */
  readonly lane: Lane
  readonly retry: RetryPolicy
  /** Milliseconds one try may take; null: as long as it likes. */
  readonly timeout: number | null
  readonly guarantee: Guarantee
  /** So many of its deliveries of one key may be under way at once; null: no matter how many. */
  readonly atOnce: number | null
  /** How many that were dispatched to it may be open in a workspace; more are refused. Null: any number. */
  readonly backlog: number | null
  /** How long the record of what ended is kept; null: as long as others. `none`: of what completed there is no record. */
  readonly retention: Retention | null
}

/** How a delivery ended that failed, or is in doubt, for good. */
export interface Ending {
  /** `unknown`: nobody can say whether it was done. */
  readonly state: "failed" | "unknown"
  readonly errorClass: ErrorClass
  readonly reason: string
}

export interface FailedDelivery<out P> extends Ending {
  readonly context: DeliveryContext
  /** Null when it does not decode. */
  readonly payload: P | null
}

/** What the engine needs of a pipeline, whatever its payload is. */
export interface Runnable<out R> {
  readonly name: string
  readonly options: PipelineOptions
  /** Made once by whoever runs it; decodes the payload and runs the stages for one delivery. */
  readonly handler: Effect.Effect<
    (context: DeliveryContext) => Effect.Effect<unknown, Halt<unknown>, R>,
    never,
    R | Scope.Scope
  >
  readonly failed: (context: DeliveryContext, ending: Ending) => Effect.Effect<void, never, R>
  /** Whom its `send` stages push to; one alone sets the pace of what is fed to it. */
  readonly messengers: Messengers<R>
}

export type Messengers<R> = ReadonlyArray<Effect.Effect<Messenger, never, R>>

/**
 * Runs for one delivery what `prepare` made, with the requirements at hand where that is made; what a caller has of its own
 * goes before them.
 */
export const handler = <R>(
  self: Runnable<R>
): Effect.Effect<(context: DeliveryContext) => Effect.Effect<unknown, Halt<unknown>>, never, R | Scope.Scope> =>
  Effect.contextWith((services: Context.Context<R | Scope.Scope>) => {
    let known: Context.Context<never> = services
    let merged: Context.Context<R> = services
    const provide = (own: Context.Context<never>): Context.Context<R> => {
      if (own !== known) {
        known = own
        merged = Context.merge(services, own)
      }
      return merged
    }
    return Effect.map(self.handler, (run) => (context: DeliveryContext) => {
      const running = run(context)
      return isDone(running) ? running : Effect.updateContext(running, provide)
    })
  })

/** Runs the `onFailure` hooks. To be called once, when the delivery has ended as failed or unknown. */
export const failed =
  <R>(self: Runnable<R>) =>
  (context: DeliveryContext, ending: Ending): Effect.Effect<void, never, R> =>
    self.failed(context, ending)
