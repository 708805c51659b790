/**
 * `fibercast schedule pause` and `resume`.
 */
import { Triggers } from "@fibercast/engine/Triggers"
import { Clock, Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import * as ClockText from "../../ClockText.ts"
import * as Figures from "../../Figures.ts"
import * as ScheduleFlags from "../../ScheduleFlags.ts"
import * as ScheduleList from "../../ScheduleList.ts"
import { folder } from "../../SendFlags.ts"
import * as TriggerLookup from "../../TriggerLookup.ts"

const one = { name: ScheduleFlags.name, workspace: ScheduleFlags.workspace, folder }

export const pause = Command.make(
  "pause",
  { ...one, note: ScheduleFlags.note.pipe(Flag.withDescription("Why; shown wherever the trigger is")) },
  Effect.fnUntraced(function* ({ folder, name, note, workspace }) {
    yield* Effect.gen(function* () {
      const { trigger, workspaceId } = yield* TriggerLookup.find(workspace, name)
      yield* (yield* Triggers).pause(workspaceId, name, Option.getOrUndefined(note))
      const since = trigger.paused === null ? "" : " It was paused already; the note is the new one."
      yield* Console.log(`${name} is paused: what is due meanwhile is recorded as skipped.${since}`)
    }).pipe(Effect.provide(TriggerLookup.layer(folder)))
  })
).pipe(Command.withDescription("Fire a trigger no more until it is resumed; what runs goes on"))

export const resume = Command.make(
  "resume",
  one,
  Effect.fnUntraced(function* ({ folder, name, workspace }) {
    yield* Effect.gen(function* () {
      const { trigger, workspaceId } = yield* TriggerLookup.find(workspace, name)
      if (trigger.paused === null) return yield* Console.log(`${name} was not paused.`)
      const now = yield* Clock.currentTimeMillis
      const resumed = yield* (yield* Triggers).resume(workspaceId, name)
      const next = ScheduleList.nextOf(resumed, now)
      const then =
        next === null ? "never again" : `at ${ClockText.full(next, resumed.zone)}, in ${Figures.span(next - now)}`
      const paused = Figures.span(now - trigger.paused.since)
      yield* Console.log(`${name} is resumed after ${paused}. It fires next ${then}.`)
    }).pipe(Effect.provide(TriggerLookup.layer(folder)))
  })
).pipe(Command.withDescription("Fire a paused trigger again"))
