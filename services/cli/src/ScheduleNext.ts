/**
 * When a cron expression fires next: one question, and its answer by the planner that runs schedules.
 */
import { type BadCron } from "@fibercast/domain/Cron"
import { type Occurrence } from "@fibercast/domain/Occurrence"
import * as Planner from "@fibercast/domain/Planner"
import * as Trigger from "@fibercast/domain/Trigger"
import { type BadZone } from "@fibercast/domain/WallTime"
import * as ZoneRules from "@fibercast/domain/ZoneRules"
import { Result, Schema } from "effect"
import * as Instant from "./Instant.ts"

export const maxCount = 1000

export interface Question {
  readonly expr: string
  /** An IANA zone. */
  readonly zone: string
  /** Only what fires strictly after is told. Milliseconds since the epoch, from 1900 to 2200. */
  readonly from: number
  /** From 1 to `maxCount`. */
  readonly count: number
  readonly gap: Trigger.Gap
  readonly fold: Trigger.Fold
}

export interface Answer {
  readonly trigger: Trigger.Trigger
  /** As many as were asked for, fewer if the planner's time ends before; never none. */
  readonly next: readonly [Occurrence, ...ReadonlyArray<Occurrence>]
}

/** It is a cron expression, but has no time left. */
export class NoneLeft extends Schema.TaggedError<NoneLeft>()("NoneLeft", {
  expr: Schema.String,
  from: Schema.Int
}) {
  override get message(): string {
    return `"${this.expr}" does not fire after ${Instant.format(this.from)}: not in fifty years, or not before 2200.`
  }
}

export const ask = (question: Question): Result.Result<Answer, BadCron | BadZone | NoneLeft> => {
  const { count, expr, fold, from, gap, zone } = question
  const rules = ZoneRules.make(zone)
  if (Result.isFailure(rules)) return Result.fail(rules.failure)
  const parsed = Trigger.cron(expr)
  if (Result.isFailure(parsed)) return Result.fail(parsed.failure)
  const trigger: Trigger.Trigger = { ...parsed.success, zone, gap, fold }
  const [first, ...rest] = Planner.nextMany(trigger, from, count)
  return first === undefined
    ? Result.fail(new NoneLeft({ expr, from }))
    : Result.succeed({ trigger, next: [first, ...rest] })
}
