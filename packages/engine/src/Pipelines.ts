/**
 * The pipelines that this node can run, by name.
 *
 * A delivery whose pipeline is not among them is put off uncharged, so that a node that knows it, or
 * the next release of this one, can take it.
 */
import { type Guarantee } from "@fibercast/domain/Campaign"
import { type Messenger } from "@fibercast/ports/Messenger"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import { Cause, Context, Effect, Exit, Layer, Option, Schema, type Scope } from "effect"
import * as Activity from "./Activity.ts"
import { type DeliveryContext } from "./DeliveryContext.ts"
import { StageFailure } from "./internal/StageHalt.ts"
import * as Runnable from "./Runnable.ts"
import * as Turns from "./Turns.ts"
import { completed, type Verdict, verdict } from "./Verdict.ts"

/** Two pipelines of one application have the same name. */
export class DuplicatePipeline extends Schema.TaggedError<DuplicatePipeline>()("DuplicatePipeline", {
  name: Schema.String
}) {
  override get message(): string {
    return `two pipelines are named "${this.name}"; a name may be used once`
  }
}

class UnknownPipeline extends Schema.TaggedError<UnknownPipeline>()("UnknownPipeline", { name: Schema.String }) {
  readonly errorClass = "rateLimited"
  readonly retryAfter = 30_000
  override get message(): string {
    return `no pipeline is named "${this.name}" on this node`
  }
}

/** How a try ended, as the runner saw it. */
export interface Ended {
  readonly exit: Exit.Exit<unknown, unknown>
  readonly timedOut: boolean
  readonly now: number
  readonly chance: number
}

export interface Judged extends Verdict {
  /** Until this instant the one account of its campaign takes nothing, so more of it need not be tried; null: it may. */
  readonly notBefore: number | null
}

const closesAccount = (errorClass: ErrorClass) =>
  errorClass === "rateLimited" || errorClass === "accountTransient" || errorClass === "accountFatal"

/** When an account said that it takes nothing for now. */
const notBefore = ({ exit, now }: Ended, { outcome }: Verdict): number | null => {
  if (outcome._tag !== "Snoozed" || Exit.isSuccess(exit)) return null
  const halt = Option.getOrNull(Cause.findErrorOption(exit.cause))
  const isAccount = halt instanceof StageFailure && halt.fromSend && closesAccount(halt.errorClass)
  return isAccount ? now + outcome.after : null
}

/** The pipelines made ready for one workspace: what their stages share is shared within it. */
export interface Prepared {
  readonly handle: (context: DeliveryContext) => Effect.Effect<unknown, unknown>
  /** Milliseconds; null: none. */
  readonly timeout: (context: DeliveryContext) => number | null
  readonly guarantee: (context: DeliveryContext) => Guarantee
  /** Whether few of its deliveries may be under way at once. */
  readonly isKeyed: (context: DeliveryContext) => boolean
  readonly verdict: (context: DeliveryContext, ended: Ended) => Judged
  /** Whether no record is kept of it if it completes. */
  readonly isTemporary: (context: DeliveryContext) => boolean
  /** Whom the pipeline of this name pushes to. */
  readonly messengers: (pipeline: string) => ReadonlyArray<Messenger>
  /** Runs the failure hooks; a hook that crashes is logged. */
  readonly failed: (context: DeliveryContext, ending: Runnable.Ending) => Effect.Effect<void>
}

export class Pipelines extends Context.Service<
  Pipelines,
  {
    readonly names: ReadonlyArray<string>
    /** What the pipeline of this name was made with; undefined if it is not known here. */
    readonly options: (pipeline: string) => Runnable.PipelineOptions | undefined
    readonly prepare: Effect.Effect<Prepared, never, Scope.Scope>
  }
>()("fibercast/engine/Pipelines") {
  static readonly layer = <R>(
    runnables: ReadonlyArray<Runnable.Runnable<R>>
  ): Layer.Layer<Pipelines, DuplicatePipeline, R> =>
    Layer.effect(
      Pipelines,
      Effect.gen(function* () {
        const services = yield* Effect.context<R>()
        const byName = new Map<string, Runnable.Runnable<R>>()
        for (const runnable of runnables) {
          if (byName.has(runnable.name)) return yield* new DuplicatePipeline({ name: runnable.name })
          byName.set(runnable.name, runnable)
        }
        const of = (context: DeliveryContext) => byName.get(context.delivery.pipeline)
        const guarantee = (context: DeliveryContext): Guarantee =>
          context.campaign?.spec.guarantee ?? of(context)?.options.guarantee ?? "at-least-once"

        const prepare = Effect.gen(function* () {
          const handlers = new Map<string, (context: DeliveryContext) => Effect.Effect<unknown, unknown>>()
          const messengers = new Map<string, ReadonlyArray<Messenger>>()
          for (const [name, runnable] of byName) {
            handlers.set(name, yield* Turns.numbered(Runnable.handler(runnable)))
            messengers.set(name, yield* Effect.all(runnable.messengers))
          }
          return {
            messengers: (pipeline) => messengers.get(pipeline) ?? [],
            handle: (context) =>
              handlers.get(context.delivery.pipeline)?.(context) ??
              Effect.fail(new UnknownPipeline({ name: context.delivery.pipeline })),
            timeout: (context) => of(context)?.options.timeout ?? null,
            guarantee,
            isKeyed: (context) => (of(context)?.options.atOnce ?? null) !== null,
            // Jobs of batches, and what campaigns send, leave records whatever their pipeline says.
            isTemporary: (context) =>
              of(context)?.options.retention === "none" &&
              context.delivery.campaignId === null &&
              context.delivery.batchId === null,
            verdict: (context, ended) => {
              const judged = Exit.isSuccess(ended.exit)
                ? completed(ended.exit.value)
                : verdict({
                    ...ended,
                    guarantee: guarantee(context),
                    retry: of(context)?.options.retry ?? RetryPolicy.never,
                    delivery: context.delivery
                  })
              const hasOneAccount = (messengers.get(context.delivery.pipeline)?.length ?? 0) <= 1
              const rests = context.campaign !== null && hasOneAccount
              return { ...judged, notBefore: rests ? notBefore(ended, judged) : null }
            },
            failed: (context, ending) => {
              const runnable = of(context)
              if (runnable === undefined) return Effect.void
              return Runnable.failed(runnable)(context, ending).pipe(
                Effect.provideContext(services),
                Effect.catchCause((cause) => Effect.logError(`a failure hook of ${runnable.name} crashed`, cause))
              )
            }
          } satisfies Prepared
        }).pipe(Effect.provideContext(services))

        const names = [...byName.keys()]
        yield* Activity.join(({ pipelines }) => pipelines, names)
        return Pipelines.of({
          names,
          options: (pipeline) => byName.get(pipeline)?.options,
          prepare
        })
      })
    )
}
