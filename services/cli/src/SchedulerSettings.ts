/**
 * The scheduler's settings from the environment: FIBERCAST_SCHEDULER_POLL, the longest time between two looks, and
 * FIBERCAST_SCHEDULER_DEAD_AFTER, how long triggers may be without a scheduler before that is an alarm.
 */
import { defaults, SchedulerConfig } from "@fibercast/engine/SchedulerConfig"
import { Config, Duration, Effect, Layer, Option, Result, Schema } from "effect"
import * as Period from "@fibercast/node/Period"

/** A setting cannot be read. */
export class BadSetting extends Schema.TaggedError<BadSetting>()("BadSetting", {
  name: Schema.String,
  value: Schema.String
}) {
  override get message(): string {
    return `${this.name} is "${this.value}", which is no period. Write it like 2s, 1min or 1h.`
  }
}

const period = Effect.fnUntraced(function* (name: string, fallback: number) {
  const text = yield* Config.option(Config.String(name))
  if (Option.isNone(text)) return fallback
  const read = Period.parse(text.value)
  if (Result.isFailure(read)) return yield* new BadSetting({ name, value: text.value })
  return Duration.toMillis(read.success)
})

export const layer = Layer.effect(
  SchedulerConfig,
  Effect.gen(function* () {
    const poll = yield* period("FIBERCAST_SCHEDULER_POLL", defaults.poll)
    const deadAfter = yield* period("FIBERCAST_SCHEDULER_DEAD_AFTER", defaults.deadAfter)
    return { ...defaults, poll, deadAfter }
  })
)
