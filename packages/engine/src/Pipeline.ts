/**
 * A pipeline is named, typed processing composed of stages: what happens to a delivery's payload.
 *
 * It compiles to one function from a delivery to an Effect; the engine starts one fiber a delivery.
 * The error channel is typed by what the stages fail with, and each error's class decides what
 * happens next. In order, the class is what the stage's `classify` says, the error's own
 * `errorClass`, else `transient`.
 *
 * A pipeline is tried as a whole: a try after a failure begins again at the payload. What follows a
 * stage that pushes to a provider is therefore never a reason to push again under at-most-once.
 */
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import { type Rate } from "@fibercast/domain/Limits"
import { type Message } from "@fibercast/domain/Message"
import { type Accepted, type Messenger, type SendFailed } from "@fibercast/ports/Messenger"
import {
  type Array,
  type Context,
  type Duration,
  Effect,
  Exit,
  Pipeable,
  type Result,
  type Schema,
  type Scope
} from "effect"
import { type AccountClosed, type AccountGates } from "./AccountGates.ts"
import { type DeliveryContext } from "./DeliveryContext.ts"
import * as BatchStage from "./internal/BatchStage.ts"
import * as BranchStage from "./internal/BranchStage.ts"
import { type DispatchDefaults } from "./internal/Dispatch.ts"
import * as DropStage from "./internal/DropStage.ts"
import * as EffectStage from "./internal/EffectStage.ts"
import type * as KeyGate from "./internal/KeyGate.ts"
import * as PayloadCodec from "./internal/PayloadCodec.ts"
import * as PipelineRun from "./internal/PipelineRun.ts"
import * as PipelineSettings from "./internal/PipelineSettings.ts"
import * as SendStage from "./internal/SendStage.ts"
import { type Prepare, sequence, type Step } from "./internal/StageFlow.ts"
import { type Classify, StageSkip } from "./internal/StageHalt.ts"
import * as ThrottleStage from "./internal/ThrottleStage.ts"
import { type FailedDelivery, type Messengers, type Runnable } from "./Runnable.ts"

export { dispatch, dispatchMany, job } from "./internal/PipelineWork.ts"

export interface Pipeline<in out P, out A, out E, out R> extends Runnable<R>, Pipeable.Pipeable {
  readonly payload: Schema.Codec<P, unknown>
  /** The payload as JSON text, as `NewDelivery` holds it. */
  readonly encode: (payload: P) => Effect.Effect<string, Schema.SchemaError>
  readonly decode: (text: string) => Effect.Effect<P, Schema.SchemaError>
  readonly prepare: Prepare<P, A, E, R>
  readonly dispatches: DispatchDefaults<P>
  /** Whether a stage pushes to a provider. */
  readonly sends: boolean
  readonly hooks: ReadonlyArray<(failed: FailedDelivery<P>) => Effect.Effect<unknown, unknown, R>>
  /** What keeps deliveries of one key apart; null: nothing does. */
  readonly keyed: KeyGate.Keyed<P> | null
}

/**
 * A stage takes the pipeline on from a value `A` to a value `B`. It is a function of pipelines, for
 * `pipe`, and a value that `route`, `fallback` and `compose` build on.
 */
export interface Stage<in A, out B, out E = never, out R = never> {
  <P, E0, R0>(self: Pipeline<P, A, E0, R0>): Pipeline<P, B, E0 | E, R0 | R>
  readonly prepare: Prepare<A, B, E, R>
  readonly sends: boolean
  readonly messengers: Messengers<R>
}

const build = <P, A, E, R>(parts: Omit<Pipeline<P, A, E, R>, "handler" | "failed" | "pipe">): Pipeline<P, A, E, R> => ({
  ...parts,
  handler: PipelineRun.handlerOf(parts),
  failed: PipelineRun.failedOf(parts),
  pipe() {
    // oxlint-disable-next-line prefer-rest-params
    return Pipeable.pipeArguments(this, arguments)
  }
})

const toStage = <A, B, E, R>(
  prepare: Prepare<A, B, E, R>,
  sends: boolean,
  messengers: Messengers<R> = []
): Stage<A, B, E, R> =>
  Object.assign(
    <P, E0, R0>(self: Pipeline<P, A, E0, R0>): Pipeline<P, B, E0 | E, R0 | R> =>
      build<P, B, E0 | E, R0 | R>({
        ...self,
        prepare: Effect.zipWith(self.prepare, prepare, (first, second) => sequence(first, self.sends, second)),
        sends: self.sends || sends,
        messengers: [...self.messengers, ...messengers]
      }),
    { prepare, sends, messengers }
  )

const step = <A, B, E = never, R = never>(run: Step<A, B, E, R>): Stage<A, B, E, R> =>
  toStage(Effect.succeed(run), false)

/**
 * A pipeline that does nothing yet: its value is the payload, stored as JSON.
 *
 * Throws a `RangeError` when the name is not 1 to 100 lower-case letters, digits, dots, dashes and underscores, or a number
 * is out of range.
 */
export const make = <P>(name: string, options: PipelineSettings.Settings<P>): Pipeline<P, P, never, never> => {
  const { concurrency, payload, unique = null } = options
  return build<P, P, never, never>({
    name,
    options: PipelineSettings.of(name, options),
    dispatches: { unique: typeof unique === "function" ? { key: unique } : unique, tags: options.tags ?? (() => []) },
    payload,
    ...PayloadCodec.make(payload),
    prepare: Effect.succeed((value) => Exit.succeed(value)),
    sends: false,
    messengers: [],
    hooks: [],
    keyed: concurrency === undefined ? null : { ...concurrency, keys: concurrency.keys ?? 10_000 }
  })
}

/** Another value. `f` must not fail: what it throws is a defect. */
export const map = <A, B>(f: (value: A, context: DeliveryContext) => B): Stage<A, B> =>
  step((value, context) => Exit.succeed(f(value, context)))

/** What a stage that runs the user's Effects can be told. */
export interface EffectOptions<in E> {
  /** At most this many at once in one running pipeline; the others wait. */
  readonly concurrency?: number | undefined
  /** The class of its errors. */
  readonly classify?: Classify<E> | undefined
  /** It pushes to a provider: after it succeeded, nothing makes an at-most-once delivery run it again. */
  readonly sends?: boolean | undefined
}

/** As above, for one that must end within `timeout`; then it is interrupted and fails with `StageTimedOut`. */
export interface TimedOptions<in E> extends EffectOptions<E | EffectStage.StageTimedOut> {
  readonly timeout: Duration.Input
}

/** The value of an Effect. The time it waits for its turn does not count as its own. */
export function mapEffect<A, B, E, R>(
  f: (value: A, context: DeliveryContext) => Effect.Effect<B, E, R>,
  options: TimedOptions<E>
): Stage<A, B, E | EffectStage.StageTimedOut, R>
export function mapEffect<A, B, E, R>(
  f: (value: A, context: DeliveryContext) => Effect.Effect<B, E, R>,
  options?: EffectOptions<E> & { readonly timeout?: undefined }
): Stage<A, B, E, R>
export function mapEffect<A, B, E, R>(
  f: (value: A, context: DeliveryContext) => Effect.Effect<B, E, R>,
  options: EffectOptions<E | EffectStage.StageTimedOut> & { readonly timeout?: Duration.Input | undefined } = {}
): Stage<A, B, E | EffectStage.StageTimedOut, R> {
  return toStage(EffectStage.prepare(f, { ...options, timedOut: EffectStage.timedOut }), options.sends ?? false)
}

/** As `mapEffect`, for work that shares something between deliveries: `make` runs once in each running pipeline. */
export const stage = <A, B, E, R, R2>(
  make: Effect.Effect<(value: A, context: DeliveryContext) => Effect.Effect<B, E, R>, never, R2 | Scope.Scope>,
  options: EffectOptions<E> = {}
): Stage<A, B, E, R | R2> =>
  toStage(
    Effect.flatMap(make, (f) => EffectStage.prepare(f, { ...options, timedOut: () => Effect.never })),
    options.sends ?? false
  )

/** An Effect beside the value, which stays. Its failure fails the delivery. */
export const tap = <A, E, R>(
  f: (value: A, context: DeliveryContext) => Effect.Effect<unknown, E, R>,
  options: EffectOptions<E> = {}
): Stage<A, A, E, R> => mapEffect((value, context) => Effect.mapEager(f(value, context), () => value), options)

/** Leaves out, as skipped with the reason, what does not satisfy the predicate. After a send it ends the pipeline there. */
export const filter = <A>(
  predicate: (value: A, context: DeliveryContext) => boolean,
  reason: string | ((value: A) => string)
): Stage<A, A> =>
  step((value, context) =>
    predicate(value, context)
      ? Exit.succeed(value)
      : Exit.fail(new StageSkip({ reason: typeof reason === "string" ? reason : reason(value), sent: null }))
  )

/**
 * Leaves out, as skipped with the reason, what has lost its subject: its monitor was deleted, its user has unsubscribed.
 * Asked at every try, when the value comes to this stage; what fails while asking is judged as the failure of any stage,
 * and says nothing about the subject. After a send it ends the pipeline there.
 */
export const dropWhen = <A, E = never, R = never>(
  isGone: (value: A, context: DeliveryContext) => boolean | Effect.Effect<boolean, E, R>,
  reason: string | ((value: A) => string),
  options: Omit<EffectOptions<E>, "sends"> = {}
): Stage<A, A, E, R> => toStage(DropStage.prepare(isGone, reason, options), false)

/**
 * Works up to `size` values in one call, for bulk calls of a provider. The call is made when `size` values
 * wait, or `within` after the first. It answers one result a value, in their order; any other number is a
 * defect. When the call itself fails, each of its values does.
 */
export const batch = <A, B, E, E2, R>(
  options: {
    /** At least 1; more than the engine's concurrency is never reached. */
    readonly size: number
    readonly within: Duration.Input
    readonly classify?: Classify<E | E2> | undefined
    /** Default true: see `EffectOptions`. */
    readonly sends?: boolean | undefined
  },
  f: (values: Array.NonEmptyReadonlyArray<A>) => Effect.Effect<ReadonlyArray<Result.Result<B, E>>, E2, R>
): Stage<A, B, E | E2, R> => {
  const { sends = true } = options
  return toStage(BatchStage.prepare({ ...options, sends }, f), sends)
}

/**
 * At most `rate` values of one key in every sliding window of a running pipeline. A wait of more than a second
 * puts the delivery off instead, uncharged.
 */
export const throttle = <A>(options: {
  readonly key: (value: A) => string
  readonly rate: Rate
  /** How many keys are told apart at a time; what exceeds it is put off. Default 10,000. */
  readonly keys?: number | undefined
}): Stage<A, A> => toStage(ThrottleStage.prepare({ ...options, keys: options.keys ?? 10_000 }), false)

/** One stage after another, as one: for the branches of `route` and `fallback`. */
export const compose = <A, B, C, E1, E2, R1, R2>(
  first: Stage<A, B, E1, R1>,
  second: Stage<B, C, E2, R2>
): Stage<A, C, E1 | E2, R1 | R2> =>
  toStage(
    Effect.zipWith(first.prepare, second.prepare, (one, other) => sequence(one, first.sends, other)),
    first.sends || second.sends
  )

/** What a pipeline or a stage ends with, fails with and requires. */
export type ValueOf<T> = T extends { readonly prepare: Prepare<never, infer A, unknown, unknown> } ? A : never
export type ErrorOf<T> = T extends { readonly prepare: Prepare<never, unknown, infer E, unknown> } ? E : never
export type RequirementsOf<T> =
  T extends Stage<never, unknown, unknown, infer R> ? R : T extends Runnable<infer R> ? R : never

/** Each value goes through the branch of its name. A name that no branch has is a defect. */
export function route<
  A,
  K extends string,
  Branches extends { readonly [Name in K]: Stage<A, unknown, unknown, unknown> }
>(
  select: (value: A, context: DeliveryContext) => K,
  branches: Branches
): Stage<A, ValueOf<Branches[K]>, ErrorOf<Branches[K]>, RequirementsOf<Branches[K]>>
export function route<A>(
  select: (value: A, context: DeliveryContext) => string,
  branches: Readonly<Record<string, Stage<A, unknown, unknown, unknown>>>
): Stage<A, unknown, unknown, unknown> {
  return toStage(
    BranchStage.prepareRoute(select, branches),
    Object.values(branches).some((branch) => branch.sends),
    Object.values(branches).flatMap((branch) => branch.messengers)
  )
}

/** What `fallback` takes as a refusal: the message surely is not on its way, and another provider may take it. */
export const refusals: ReadonlyArray<ErrorClass> = ["recipientPermanent", "accountTransient", "accountFatal"]

/** A value that `first` refuses goes to `second`. Other failures, and doubt, stay as they are. */
export const fallback = <A, B1, B2, E1, E2, R1, R2>(
  first: Stage<A, B1, E1, R1>,
  second: Stage<A, B2, E2, R2>,
  options?: { readonly on?: ReadonlyArray<ErrorClass> | undefined }
): Stage<A, B1 | B2, E1 | E2, R1 | R2> =>
  toStage(
    BranchStage.prepareFallback(first.prepare, second.prepare, options?.on ?? refusals),
    first.sends || second.sends,
    [...first.messengers, ...second.messengers]
  )

/** Pushes the message out. Limits and breaker of the messenger's account apply; the provider's id is kept. */
export const send = <Id>(
  messenger: Context.Key<Id, Messenger>
): Stage<Message, Accepted, SendFailed | AccountClosed, Id | AccountGates> =>
  toStage(SendStage.prepare(messenger), true, [messenger])

/**
 * Runs once for each delivery that ends as failed or unknown for good, not at each try. What it fails
 * with is logged and changes nothing. It runs after the end is written, beside other work. What a node that died has left
 * in doubt is told by the node that takes its workspace over. What a node had been about to tell when it died is not told
 * again: of its own outcomes those that waited for their hook, of doubts it had taken over at most 100.
 */
export const onFailure =
  <P, R2>(f: (failed: FailedDelivery<P>) => Effect.Effect<unknown, unknown, R2>) =>
  <A, E, R>(self: Pipeline<P, A, E, R>): Pipeline<P, A, E, R | R2> =>
    build<P, A, E, R | R2>({ ...self, hooks: [...self.hooks, f] })
