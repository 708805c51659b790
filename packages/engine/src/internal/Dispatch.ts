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
import { Array, Clock, type DateTime, type Duration, Effect, Option, type Schema } from "effect"
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

const prepare = Effect.fnUntraced(function* <P>(
  pipeline: Target<P>,
  payloads: ReadonlyArray<P>,
  options: DispatchOptions<P>,
  now: number
): Effect.fn.Return<ReadonlyArray<Dispatch>, BadDispatch | Schema.SchemaError> {
  const checks = DispatchChecks.make(pipeline.name)
  const { at, deadline, delay, idempotencyKey, tags = untagged } = options
  const isTimed = at !== undefined || delay !== undefined
  const { uniqueOf, wait } = yield* Uniqueness.make(options, pipeline.dispatches.unique, { checks, isTimed })
  const later = delay === undefined ? wait : yield* checks.millis("delay", delay, 0)
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
  const prepared: globalThis.Array<Dispatch> = []
  for (const value of payloads) {
    // Others have their turn.
    if (prepared.length > 0 && prepared.length % batchSize === 0) yield* Effect.yieldNow
    const payload = yield* pipeline.encode(value)
    const own = pipeline.dispatches.tags(value)
    const isTagged = own.length + tags.length > 0
    const request = typeof idempotencyKey === "function" ? idempotencyKey(value) : (idempotencyKey ?? null)
    prepared.push({
      delivery: { ...work, payload, tags: isTagged ? yield* checks.tags([...new Set([...own, ...tags])]) : untagged },
      unique: uniqueOf === null ? null : yield* uniqueOf(value),
      idempotencyKey: request === null ? null : yield* checks.key("idempotencyKey", request),
      backlog
    })
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

export const dispatch = Effect.fnUntraced(function* <P>(
  pipeline: Target<P>,
  payloads: ReadonlyArray<P>,
  options: DispatchOptions<P>
): Effect.fn.Return<ReadonlyArray<Dispatched>, LedgerUnavailable | BadDispatch | Schema.SchemaError, Ledger | Signal> {
  const ledger = yield* Ledger
  const signal = yield* Signal
  const { workspaceId } = options
  const now = yield* Clock.currentTimeMillis
  const dispatches = yield* prepare(pipeline, payloads, options, now)
  const tell = (answers: ReadonlyArray<Dispatched>): Effect.Effect<void> => {
    if (answers.some(isReplaced)) return signal.notify(workspaceId)
    if (!answers.some(isInserted)) return Effect.void
    // All of one call are due at the same time, in the same lane.
    const [first] = dispatches
    const isDue = first !== undefined && first.delivery.dueAt <= now
    return signal.notify(workspaceId, isDue ? first.delivery.lane : undefined)
  }
  const write = (some: ReadonlyArray<Dispatch>) => ledger.dispatch({ workspaceId, now, dispatches: some })
  let answers: ReadonlyArray<Dispatched> = []
  if (dispatches.length <= batchSize) {
    answers = yield* write(dispatches)
    yield* tell(answers)
  } else {
    yield* Effect.gen(function* () {
      for (const some of Array.chunksOf(dispatches, batchSize)) answers = [...answers, ...(yield* write(some))]
    }).pipe(Effect.ensuring(Effect.suspend(() => tell(answers))))
  }
  const refusal = full(answers)
  if (refusal === null) return answers
  const alerts = yield* Effect.serviceOption(Alerts)
  if (Option.isSome(alerts)) {
    yield* alerts.value.raise({ _tag: "BacklogFull", workspaceId, pipeline: pipeline.name, cap: refusal.cap })
  }
  return answers
})
