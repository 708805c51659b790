/**
 * The app of "Coming from another queue" in memory, at midnight: what its jobs did, and when.
 */
import { pipelines } from "@fibercast/examples/comingfrom/App"
import { Work, WorkFailed } from "@fibercast/examples/comingfrom/Work"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { Clock, Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"

/** What was done, with the seconds since the test began. */
export class Done extends Context.Service<Done, Array<readonly [seconds: number, what: string]>>()(
  "fibercast/test/comingfrom/Done"
) {}

/** How a job goes: how often it fails before it does not, and why; what is missing, and how long; how many seconds it takes. */
export interface Course {
  readonly fails?: { readonly what: string; readonly times: number; readonly reason: WorkFailed["reason"] }
  readonly missing?: { readonly what: string; readonly seconds: number }
  readonly seconds?: number
}

export const layerWork = ({ fails, missing, seconds = 0 }: Course = {}) =>
  Layer.effectContext(
    Effect.gen(function* () {
      const done = Done.of([])
      const begun = yield* Clock.currentTimeMillis
      let left = fails?.times ?? 0
      const run = Effect.fnUntraced(function* (what: string) {
        done.push([((yield* Clock.currentTimeMillis) - begun) / 1000, what])
        if (seconds > 0) yield* Effect.sleep(seconds * 1000)
        if (what !== fails?.what || left === 0) return
        left -= 1
        return yield* new WorkFailed({ reason: fails.reason })
      })
      const exists = (what: string) =>
        Effect.map(Clock.currentTimeMillis, (now) => what !== missing?.what || now - begun >= missing.seconds * 1000)
      return Context.make(Done, done).pipe(Context.add(Work, Work.of({ run, exists })))
    })
  )

export const startAt = "2026-12-31T17:00:00Z"

/** The engine, without triggers. */
export const layer = (course?: Course) =>
  TestEngine.layerEngine({ pipelines }).pipe(
    Layer.provideMerge(layerWork(course)),
    Layer.provideMerge(TestEngine.layerStores({ startAt }))
  )

/** Lets time pass in small steps, and everything happen that is due. */
export const pass = (seconds: number, step = 0.25) =>
  Effect.repeat(Effect.andThen(TestClock.adjust(step * 1000), TestEngine.catchUp), {
    times: Math.ceil(seconds / step) - 1
  })

/** What was done, in words. */
export const did = Effect.map(Done, (done) => done.map(([, what]) => what))

/** When something was done, to the second. */
export const times = (what: string) =>
  Effect.map(Done, (done) => done.flatMap(([at, one]) => (one === what ? [Math.floor(at)] : [])))
