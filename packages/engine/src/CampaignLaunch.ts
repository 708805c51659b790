/**
 * The checks of a launch: the audience is readable and has the address column, the template compiles and asks only for
 * columns that exist, the pipeline is known, the time lies ahead. What passes them is a campaign that can be created;
 * nothing is written here.
 */
import * as PhoneNumber from "@fibercast/content/PhoneNumber"
import * as Sha256 from "@fibercast/content/Sha256"
import * as Template from "@fibercast/content/Template"
import { type AudienceSpec, maxInlineRows } from "@fibercast/domain/Audience"
import { type Guarantee } from "@fibercast/domain/Campaign"
import { type Lane } from "@fibercast/domain/Lane"
import { Rate } from "@fibercast/domain/Limits"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as WallTime from "@fibercast/domain/WallTime"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { AudienceSource, type AudienceUnreadable } from "@fibercast/ports/AudienceSource"
import { type NewCampaign } from "@fibercast/ports/CampaignStore"
import { Clock, DateTime, Duration, Effect, Result, Schema } from "effect"
import { type Described } from "./Batches.ts"
import { type Pipelines } from "./Pipelines.ts"

/** The campaign cannot be launched as asked: which field, and why. */
export class CampaignRefused extends Schema.TaggedError<CampaignRefused>()("CampaignRefused", {
  field: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return this.reason
  }
}

const refuse = (field: string, error: { readonly message: string }) =>
  new CampaignRefused({ field, reason: error.message })

export interface Launch {
  readonly workspaceId: WorkspaceId
  readonly name: string
  /** Launching the same key twice launches once. Left out: the name. */
  readonly key?: string | undefined
  /** A pipeline whose payload is a Recipient. */
  readonly pipeline: string
  readonly template: string
  readonly audience: AudienceSpec
  readonly addressColumn: string
  /**
   * The column that tells recipients apart, each of which is sent to once: two children of one parent, for example. Left
   * out: the address does.
   */
  readonly identityColumn?: string | undefined
  readonly region?: string | undefined
  /** Left out: the pipeline's. */
  readonly lane?: Lane | undefined
  /** Left out: the pipeline's. */
  readonly guarantee?: Guarantee | undefined
  readonly rate?: Rate | undefined
  /** Left out: now. */
  readonly at?: { readonly wallTime: string; readonly zone: string } | undefined
  /** Not sent later than this after its time. */
  readonly deadline?: Duration.Input | undefined
  /** A job, as `Pipeline.job` describes it, that is dispatched when it has completed, however much of it failed. */
  readonly then?: Described | undefined
  /** Dispatched at its first failure: once, within about a second. */
  readonly catch?: Described | undefined
  /** Dispatched when it is over: completed, or cancelled and nothing of it open. */
  readonly finally?: Described | undefined
}

/** Undefined: nothing follows. */
const consequencesOf = Effect.fnUntraced(function* (asked: Launch) {
  const jobs = { then: asked.then, catch: asked.catch, finally: asked.finally }
  if (Object.values(jobs).every((job) => job === undefined)) return undefined
  const described = Effect.fnUntraced(function* (field: keyof typeof jobs) {
    return yield* Effect.mapError(jobs[field] ?? Effect.succeed(null), (error) => refuse(field, error))
  })
  return { then: yield* described("then"), catch: yield* described("catch"), finally: yield* described("finally") }
})

const isRate = Schema.is(Rate)

/** The instant that was asked for, or now. */
export const dueAt = (at: Launch["at"], now: number): Result.Result<number, CampaignRefused> => {
  if (at === undefined) return Result.succeed(now)
  const zoned = WallTime.instant(at.wallTime, at.zone)
  if (Result.isFailure(zoned)) {
    return Result.fail(refuse(zoned.failure._tag === "BadZone" ? "zone" : "at", zoned.failure))
  }
  const instant = DateTime.toEpochMillis(zoned.success)
  if (instant < now) {
    const current = DateTime.formatIsoZoned(DateTime.setZone(DateTime.makeUnsafe(now), zoned.success.zone))
    const message = `${at.wallTime} in ${at.zone} has passed: it is ${current} there. Leave the time out to send now.`
    return Result.fail(refuse("at", { message }))
  }
  return Result.succeed(instant)
}

/** The pipelines that a campaign may name, without a way to run them. */
export type KnownPipelines = Pick<Pipelines["Service"], "names" | "options">

/**
 * The campaign of a launch, due at the instant. `at` is the wall time that it means, told in its messages and lists.
 */
export const prepare = Effect.fn("CampaignLaunch.prepare")(function* (
  asked: Launch,
  due: number,
  pipelines: KnownPipelines
): Effect.fn.Return<NewCampaign, CampaignRefused | AudienceUnreadable, AudienceSource> {
  const audiences = yield* AudienceSource
  const now = yield* Clock.currentTimeMillis
  if (asked.name.trim() === "") return yield* refuse("name", { message: "a campaign needs a name" })
  if (asked.key?.trim() === "") return yield* refuse("key", { message: "a key cannot be empty" })
  if (asked.rate !== undefined && !isRate(asked.rate)) {
    const message = `a rate is a whole number of messages in a whole number of milliseconds, both above 0`
    return yield* refuse("rate", { message })
  }
  if (asked.audience._tag === "Inline" && asked.audience.rows.length > maxInlineRows) {
    const message = `${asked.audience.rows.length} rows are too many to keep with the campaign; the most is ${maxInlineRows}. Use a CSV file, a query or a named stream.`
    return yield* refuse("audience", { message })
  }
  const pipeline = pipelines.options(asked.pipeline)
  if (pipeline === undefined) {
    const message = `no pipeline is named "${asked.pipeline}"; this node knows: ${pipelines.names.join(", ")}`
    return yield* refuse("pipeline", { message })
  }
  const region = PhoneNumber.checkRegion(asked.region ?? "ID")
  if (Result.isFailure(region)) return yield* refuse("region", region.failure)
  const template = Template.compile(asked.template)
  if (Result.isFailure(template)) return yield* refuse("template", template.failure)
  const audience = yield* audiences.open(asked.audience)
  const columns = audience.columns
  for (const field of ["addressColumn", "identityColumn"] as const) {
    const column = asked[field]
    if (column === undefined || columns.includes(column)) continue
    return yield* refuse(field, { message: `the audience has no column "${column}"; it has: ${columns.join(", ")}` })
  }
  const known = Template.checkColumns(template.success, columns)
  if (Result.isFailure(known)) return yield* refuse("template", known.failure)
  const consequences = yield* consequencesOf(asked)
  const deadline = asked.deadline === undefined ? null : due + Duration.toMillis(asked.deadline)
  return {
    workspaceId: asked.workspaceId,
    key: asked.key ?? asked.name,
    templateHash: Sha256.hex(asked.template),
    audienceHash: audience.hash,
    ...(consequences === undefined ? {} : { consequences }),
    now,
    spec: {
      name: asked.name,
      pipeline: asked.pipeline,
      lane: asked.lane ?? pipeline.lane,
      guarantee: asked.guarantee ?? pipeline.guarantee,
      template: asked.template,
      audience: asked.audience,
      addressColumn: asked.addressColumn,
      ...(asked.identityColumn === undefined ? {} : { identityColumn: asked.identityColumn }),
      region: asked.region ?? null,
      rate: asked.rate ?? null,
      wallTime: asked.at?.wallTime ?? null,
      zone: asked.at?.zone ?? null,
      dueAt: due,
      deadline: RetryPolicy.deadline(pipeline.retry, due, deadline)
    }
  }
})
