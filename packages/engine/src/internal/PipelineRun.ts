/**
 * What a pipeline does with one delivery: it decodes the payload, and runs the stages, or the failure hooks.
 */
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import { Context, Effect, type Schema, type Scope } from "effect"
import { type DeliveryContext } from "../DeliveryContext.ts"
import * as KeyGate from "./KeyGate.ts"
import { type Prepare } from "./StageFlow.ts"
import { failure, type Halt } from "./StageHalt.ts"

type Decode<P> = (text: string) => Effect.Effect<P, Schema.SchemaError>

/** A payload that does not decode fails the delivery for good. */
export const handlerOf = <P, A, E, R>({
  decode,
  keyed,
  name,
  prepare
}: {
  readonly name: string
  readonly decode: Decode<P>
  readonly prepare: Prepare<P, A, E, R>
  readonly keyed: KeyGate.Keyed<P> | null
}) =>
  Effect.map(
    keyed === null ? prepare : gated(prepare, KeyGate.prepare(name, keyed)),
    (run) => (context: DeliveryContext) =>
      Effect.suspend(() =>
        Effect.flatMapEager(
          Effect.mapErrorEager(decode(context.delivery.payload), (error) =>
            failure(error, { classify: "messagePermanent" })
          ),
          (payload) => run(payload, context)
        )
      )
  )

/** The steps behind the gate. */
const gated = <P, A, E, R>(prepare: Prepare<P, A, E, R>, gate: Effect.Effect<KeyGate.Gate<P>>): Prepare<P, A, E, R> =>
  Effect.zipWith(
    gate,
    prepare,
    (enter, run) => (payload, context) =>
      enter(
        payload,
        context,
        Effect.suspend(() => run(payload, context))
      )
  )

interface Ending {
  readonly state: "failed" | "unknown"
  readonly errorClass: ErrorClass
  readonly reason: string
}

/** Every hook runs, one after another, whatever the others do. */
export const failedOf =
  <P, R>({
    decode,
    hooks,
    name
  }: {
    readonly name: string
    readonly decode: Decode<P>
    readonly hooks: ReadonlyArray<
      (
        failed: Ending & { readonly context: DeliveryContext; readonly payload: P | null }
      ) => Effect.Effect<unknown, unknown, R>
    >
  }) =>
  (context: DeliveryContext, ending: Ending): Effect.Effect<void, never, R> =>
    hooks.length === 0
      ? Effect.void
      : Effect.gen(function* () {
          const payload = yield* Effect.orElseSucceed(decode(context.delivery.payload), () => null)
          for (const hook of hooks) {
            yield* Effect.suspend(() => hook({ ...ending, context, payload })).pipe(
              Effect.catchCause((cause) => Effect.logWarning(`onFailure of pipeline ${name} failed`, cause))
            )
          }
        })

/** The handler with the requirements at hand where it is made; what a caller has of its own goes before them. */
export const provided = <R, E>(
  made: Effect.Effect<(context: DeliveryContext) => Effect.Effect<unknown, Halt<E>, R>, never, R | Scope.Scope>
): Effect.Effect<(context: DeliveryContext) => Effect.Effect<unknown, Halt<E>>, never, R | Scope.Scope> =>
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
    return Effect.map(made, (run) => (context: DeliveryContext) => Effect.updateContext(run(context), provide))
  })
