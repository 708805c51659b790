/**
 * Jobs whose payload says how they go, for tests of batches: `fail…` fails for good, `slow…` takes a minute, `add…` adds
 * a job to its own batch; the others complete at once.
 */
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Batches from "@fibercast/engine/Batches"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { type BatchId } from "@fibercast/domain/Batch"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { Data, Effect, Schema } from "effect"
import { TestClock } from "effect/testing"

class Refused extends Data.TaggedError("Refused")<{}> {}

type JobOptions = Parameters<typeof Pipeline.job>[2]

export const make = () => {
  const began: Array<string> = []
  const Named = Pipeline.make("work", { payload: Schema.String, retry: RetryPolicy.never, timeout: null })
  const job = (name: string, options?: JobOptions) => Pipeline.job(Named, name, options)
  const Work = Named.pipe(
    Pipeline.tap((name, { delivery: { batchId }, workspaceId }) =>
      Effect.gen(function* () {
        began.push(name)
        if (name.startsWith("fail")) return yield* new Refused()
        if (name.startsWith("slow")) return yield* Effect.sleep("1 minute")
        if (!name.startsWith("add") || batchId === null) return
        yield* Batches.add({ workspaceId, batchId, jobs: [job(name.slice("add ".length))] })
      })
    )
  )
  /** What follows in each case, each named for it. */
  const follows = { then: job("then"), catch: job("catch"), finally: job("finally") }
  return { Work, began, job, follows }
}

/** In steps that leave what goes from fiber to fiber, or from node to node, time to arrive. */
export const pass = (seconds: number) =>
  Effect.repeat(Effect.andThen(TestClock.adjust("1 second"), TestEngine.catchUp), { times: seconds - 1 })

export const standing = Effect.fnUntraced(function* (workspaceId: WorkspaceId, batchId: BatchId) {
  return (yield* Batches.progress({ workspaceId, batchId })).batch
})
