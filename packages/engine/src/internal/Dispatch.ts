/**
 * Dispatching is recording new work in the Ledger and telling its workspace. A backlog that is full is told as an alert as
 * well, where whoever dispatches has `Alerts`.
 */
import { type Lane } from "@fibercast/domain/Lane"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Alerts } from "@fibercast/ports/Alerts"
import { type Dispatch, type Dispatched, type Refusal } from "@fibercast/ports/Dispatch"
import { Ledger, type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { Signal } from "@fibercast/ports/Signal"
import { Array, Clock, Context, type DateTime, type Duration, Effect, Option, type Schema } from "effect"
import { type BadDispatch } from "../BadDispatch.ts"
import * as DispatchChecks from "./DispatchChecks.ts"
import * as Uniqueness from "./Uniqueness.ts"

/** When and how work is dispatched. */
export interface DispatchOptions<P> extends Uniqueness.Uniqueness<P> {
  readonly workspaceId: WorkspaceId
  /** Not before this instant; now unless told. */
  readonly at?: DateTime.DateTime | undefined
  /** That much after `at`. */
  readonly delay?: Duration.Input | undefined
  /** Instead of the pipeline's. */
  readonly lane?: Lane | undefined
  /** Not tried after this instant, but `expired`. */
  readonly deadline?: DateTime.DateTime | undefined
  /** What operators find it by, besides the pipeline's: at most 10 in all, of 1 to 100 characters. */
  readonly tags?: ReadonlyArray<string> | undefined
  /**
   * The same request, made again within seven days, is answered as it was the first time: one delivery does it, also when
   * that is over. Of a workspace, whatever the pipeline.
   */
  readonly idempotencyKey?: Uniqueness.Key<P> | undefined
}

/** What a pipeline says of what is dispatched to it, by payload. */
export interface DispatchDefaults<P> {
  readonly unique: Uniqueness.UniqueOptions<P> | null
  readonly tags: (payload: P) => ReadonlyArray<string>
}

export interface Target<P> {
  readonly name: string
  readonly options: {
    readonly lane: Lane
    readonly retry: RetryPolicy.RetryPolicy
    readonly backlog: number | null
    readonly retention: "none" | "for ever" | number | null
  }
  readonly dispatches: DispatchDefaults<P>
  readonly encode: (payload: P) => Effect.Effect<string, Schema.SchemaError>
}

/** Deliveries in one write. */
const batchSize = 1000

const untagged: ReadonlyArray<string> = []

const noTags = Effect.succeed(untagged)
const none = Effect.succeed(null)

type Prepare<P> = (value: P) => Effect.Effect<Dispatch, BadDispatch | Schema.SchemaError>

/** How each payload of a call becomes what is asked of the ledger. */
const preparing = <P>(
  pipeline: Target<P>,
  options: DispatchOptions<P>,
  now: number
): Effect.Effect<Prepare<P>, BadDispatch> => {
  const checks = DispatchChecks.make(pipeline.name)
  const { at, deadline, delay, idempotencyKey, tags = untagged } = options
  const isTimed = at !== undefined || delay !== undefined
  const uniqueness = Uniqueness.make(options, pipeline.dispatches.unique, { checks, isTimed })
  return Effect.flatMapEager(uniqueness, ({ uniqueOf, wait }) => {
    const later = delay === undefined ? Effect.succeed(wait) : checks.millis("delay", delay, 0)
    return Effect.mapEager(later, (later): Prepare<P> => {
      const dueAt = Math.ceil((at?.epochMilliseconds ?? now) + later)
      const { backlog, lane, retention, retry } = pipeline.options
      const work = {
        pipeline: pipeline.name,
        lane: options.lane ?? lane,
        campaignId: null,
        dueAt,
        deadline: RetryPolicy.deadline(retry, dueAt, deadline?.epochMilliseconds ?? null),
        temporary: retention === "none"
      }
      // Of most payloads all of this is known at once, without a step of the fiber.
      return (value) =>
        Effect.flatMapEager(pipeline.encode(value), (payload) => {
          const own = pipeline.dispatches.tags(value)
          const isTagged = own.length + tags.length > 0
          const request = typeof idempotencyKey === "function" ? idempotencyKey(value) : (idempotencyKey ?? null)
          return Effect.flatMapEager(isTagged ? checks.tags([...new Set([...own, ...tags])]) : noTags, (tags) =>
            Effect.flatMapEager(uniqueOf === null ? none : uniqueOf(value), (unique) =>
              Effect.mapEager(request === null ? none : checks.key("idempotencyKey", request), (idempotencyKey) => ({
                delivery: { ...work, payload, tags },
                unique,
                idempotencyKey,
                backlog
              }))
            )
          )
        })
    })
  })
}

const prepareAll = Effect.fnUntraced(function* <P>(
  payloads: ReadonlyArray<P>,
  prepare: Prepare<P>
): Effect.fn.Return<ReadonlyArray<Dispatch>, BadDispatch | Schema.SchemaError> {
  const prepared: globalThis.Array<Dispatch> = []
  for (const value of payloads) {
    // Others have their turn.
    if (prepared.length > 0 && prepared.length % batchSize === 0) yield* Effect.yieldNow
    prepared.push(yield* prepare(value))
  }
  return prepared
})

/** Whether it took the place of one that was to run at another time. */
const isReplaced = (dispatched: Dispatched): boolean => dispatched._tag === "Deduplicated" && dispatched.replaced

const isInserted = (dispatched: Dispatched): boolean => dispatched._tag === "Inserted"

/** The first that was refused because too many are open. */
const full = (answers: ReadonlyArray<Dispatched>): Extract<Refusal, { readonly _tag: "BacklogFull" }> | null => {
  for (const answer of answers) {
    if (answer._tag === "Refused" && answer.reason._tag === "BacklogFull") return answer.reason
  }
  return null
}

type Services = Context.Context<Ledger | Signal>

type Failure = LedgerUnavailable | BadDispatch | Schema.SchemaError

/** Those of one call, at the same time. */
interface Call {
  readonly workspaceId: WorkspaceId
  readonly now: number
  readonly dispatches: ReadonlyArray<Dispatch>
}

/** Tells the workspace what is new. */
const tell = (services: Services, call: Call, answers: ReadonlyArray<Dispatched>): Effect.Effect<void> => {
  const { dispatches, now, workspaceId } = call
  const isReplacing = answers.some(isReplaced)
  if (!isReplacing && !answers.some(isInserted)) return Effect.void
  // All of one call are due at the same time, in the same lane.
  const [first] = dispatches
  const isDue = !isReplacing && first !== undefined && first.delivery.dueAt <= now
  return Context.get(services, Signal).notify(workspaceId, isDue ? first.delivery.lane : undefined)
}

/** In writes of a thousand; whatever was written is told, also when the next one fails. */
const recordAll = (services: Services, call: Call): Effect.Effect<ReadonlyArray<Dispatched>, LedgerUnavailable> => {
  const ledger = Context.get(services, Ledger)
  const { dispatches } = call
  return Effect.suspend(() => {
    let answers: ReadonlyArray<Dispatched> = []
    return Effect.gen(function* () {
      for (const some of Array.chunksOf(dispatches, batchSize)) {
        answers = [...answers, ...(yield* ledger.dispatch({ ...call, dispatches: some }))]
      }
      return answers
    }).pipe(Effect.ensuring(Effect.suspend(() => tell(services, call, answers))))
  })
}

/** A backlog is full. */
const alarm = Effect.fnUntraced(function* (workspaceId: WorkspaceId, pipeline: string, cap: number) {
  const alerts = yield* Effect.serviceOption(Alerts)
  if (Option.isSome(alerts)) yield* alerts.value.raise({ _tag: "BacklogFull", workspaceId, pipeline, cap })
})

const dispatching = <P>(
  pipeline: Target<P>,
  options: DispatchOptions<P>,
  prepareWith: (prepare: Prepare<P>) => Effect.Effect<ReadonlyArray<Dispatch>, BadDispatch | Schema.SchemaError>
): Effect.Effect<ReadonlyArray<Dispatched>, Failure, Ledger | Signal> =>
  Effect.contextWith((services: Services) => {
    const { workspaceId } = options
    const now = Context.get(services, Clock.Clock).currentTimeMillisUnsafe()
    const prepared = Effect.flatMapEager(preparing(pipeline, options, now), prepareWith)
    return Effect.flatMapEager(prepared, (dispatches) => {
      const call = { workspaceId, now, dispatches }
      const isOneWrite = dispatches.length <= batchSize
      const recorded = isOneWrite ? Context.get(services, Ledger).dispatch(call) : recordAll(services, call)
      return Effect.flatMap(recorded, (answers) => {
        const told = isOneWrite ? tell(services, call, answers) : Effect.void
        const refusal = full(answers)
        const alarmed = refusal === null ? told : Effect.andThen(told, alarm(workspaceId, pipeline.name, refusal.cap))
        return Effect.as(alarmed, answers)
      })
    })
  })

/** The one answer. */
export const dispatch = <P>(
  pipeline: Target<P>,
  payload: P,
  options: DispatchOptions<P>
): Effect.Effect<Dispatched, Failure, Ledger | Signal> =>
  Effect.flatMap(
    dispatching(pipeline, options, (prepare) => Effect.mapEager(prepare(payload), Array.of)),
    ([answer]) => (answer === undefined ? Effect.die(new Error("the ledger did not answer")) : Effect.succeed(answer))
  )

/** An answer each, in their order. */
export const dispatchMany = <P>(
  pipeline: Target<P>,
  payloads: ReadonlyArray<P>,
  options: DispatchOptions<P>
): Effect.Effect<ReadonlyArray<Dispatched>, Failure, Ledger | Signal> =>
  dispatching(pipeline, options, (prepare) => prepareAll(payloads, prepare))
