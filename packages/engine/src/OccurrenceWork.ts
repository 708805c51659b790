/**
 * The work of an occurrence: the delivery or the campaign that it dispatches, made ready to be recorded with it.
 */
import * as Occurrence from "@fibercast/domain/Occurrence"
import { type Reason } from "@fibercast/domain/OccurrenceOutcome"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { type AudienceSource, type AudienceUnreadable } from "@fibercast/ports/AudienceSource"
import { type Work } from "@fibercast/ports/TriggerStore"
import { type Merging, type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Duration, Effect, Schema } from "effect"
import { type CampaignRefused, prepare } from "./CampaignLaunch.ts"
import { Pipelines } from "./Pipelines.ts"
import { type Scheduled } from "./Scheduled.ts"
import * as TriggerRun from "./TriggerRun.ts"

/** Code that makes the work has a bug. */
export class WorkCrashed extends Schema.TaggedError<WorkCrashed>()("WorkCrashed", { cause: Schema.Defect() }) {
  override get message(): string {
    return `making its work crashed: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}`
  }
}

/** Milliseconds that making work may take: reading a list of all recipients once is in it. */
const longest = 300_000

/** An audience, or code that makes the work, hangs. */
export class WorkTooSlow extends Schema.TaggedError<WorkTooSlow>()("WorkTooSlow", {}) {
  override get message(): string {
    return `making its work took longer than ${longest / 60_000} minutes`
  }
}

export interface Occasion {
  readonly stored: StoredTrigger
  /** Its code; undefined: it was defined at run time. */
  readonly scheduled: Scheduled<unknown> | undefined
  readonly nominal: number
  /** When it was meant to run. */
  readonly dueAt: number
  /** When it runs now. */
  readonly startAt: number
  readonly late: Reason | null
  readonly covers: Merging | null
}

/** What its code and its hooks are told. */
export const runOf = ({
  covers,
  late,
  nominal,
  stored
}: Omit<Occasion, "scheduled" | "startAt" | "dueAt">): TriggerRun.TriggerRun =>
  TriggerRun.of({
    triggerId: stored.id,
    name: stored.definition.trigger.name,
    workspaceId: stored.workspaceId,
    nominal,
    zone: stored.zone,
    late,
    covers
  })

const payloadOf = (scheduled: Scheduled<unknown> | undefined, fixed: Schema.Json, run: TriggerRun.TriggerRun) => {
  if (scheduled === undefined) return Effect.succeed(JSON.stringify(fixed))
  if (scheduled.code !== null) return Effect.succeed(JSON.stringify(run))
  return scheduled.payload === null ? Effect.succeed(JSON.stringify(fixed)) : scheduled.payload(run)
}

const deliver = Effect.fnUntraced(function* (occasion: Occasion) {
  const { dueAt, scheduled, startAt, stored } = occasion
  const { deadline, target } = stored.definition
  if (target._tag !== "Deliver") return yield* Effect.die(new Error("the target is no delivery"))
  const run = runOf(occasion)
  const payload = yield* payloadOf(scheduled, target.payload, run)
  const options = (yield* Pipelines).options(target.pipeline)
  const retry = options?.retry ?? RetryPolicy.never
  const last = deadline === null ? null : dueAt + deadline
  const delivery = {
    pipeline: target.pipeline,
    lane: target.lane,
    campaignId: null,
    dueAt: startAt,
    deadline: RetryPolicy.deadline(retry, startAt, last),
    payload,
    temporary: options?.retention === "none"
  }
  return { _tag: "Deliver", delivery } satisfies Work
})

const launch = Effect.fnUntraced(function* (occasion: Occasion) {
  const { dueAt, nominal, startAt, stored } = occasion
  const { deadline, target, trigger } = stored.definition
  if (target._tag !== "Launch") return yield* Effect.die(new Error("the target is no campaign"))
  const { _tag, ...asked } = target
  const wallTime = Occurrence.wallTime(nominal, stored.zone)
  const campaign = yield* prepare(
    {
      ...asked,
      workspaceId: stored.workspaceId,
      name: `${trigger.name} ${wallTime}`,
      key: `${trigger.name}@${nominal}`,
      at: { wallTime, zone: stored.zone },
      ...(deadline === null ? {} : { deadline: Duration.millis(dueAt + deadline - startAt) })
    },
    startAt,
    yield* Pipelines
  )
  return { _tag: "Launch", campaign } satisfies Work
})

/** Fails when the work cannot be made: the audience cannot be read, the payload does not encode, its code crashed or hangs. */
export const make = (
  occasion: Occasion
): Effect.Effect<
  Work,
  CampaignRefused | AudienceUnreadable | Schema.SchemaError | WorkCrashed | WorkTooSlow,
  AudienceSource | Pipelines
> =>
  Effect.gen(function* () {
    const { _tag } = occasion.stored.definition.target
    return _tag === "Deliver" ? yield* deliver(occasion) : yield* launch(occasion)
  }).pipe(
    Effect.timeoutOrElse({ duration: longest, orElse: () => Effect.fail(new WorkTooSlow()) }),
    Effect.catchDefect((cause) => Effect.fail(new WorkCrashed({ cause })))
  )
