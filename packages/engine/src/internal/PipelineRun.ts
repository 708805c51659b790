/**
 * What a pipeline does with one delivery: it decodes the payload, and runs the stages, or the failure hooks.
 */
import { Effect, type Schema } from "effect"
import { type DeliveryContext } from "../DeliveryContext.ts"
import { type Ending, type FailedDelivery } from "../Runnable.ts"
import * as KeyGate from "./KeyGate.ts"
import { type Prepare } from "./StageFlow.ts"
import { failure } from "./StageHalt.ts"

type Decode<P> = (text: string) => Effect.Effect<P, Schema.SchemaError>

/** Nobody can make anything of the payload. */
const unreadable = (error: Schema.SchemaError) => failure(error, { classify: "messagePermanent" })

/** A payload that does not decode fails the delivery for good. What is done at once is an exit, without a fiber. */
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
    (run) => (context: DeliveryContext) => {
      try {
        const payload = Effect.mapErrorEager(decode(context.delivery.payload), unreadable)
        return Effect.flatMapEager(payload, (payload) => run(payload, context))
      } catch (defect) {
        return Effect.die(defect)
      }
    }
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

/** Every hook runs, one after another, whatever the others do. */
export const failedOf =
  <P, R>({
    decode,
    hooks,
    name
  }: {
    readonly name: string
    readonly decode: Decode<P>
    readonly hooks: ReadonlyArray<(failed: FailedDelivery<P>) => Effect.Effect<unknown, unknown, R>>
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
