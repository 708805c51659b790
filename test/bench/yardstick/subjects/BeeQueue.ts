/**
 * bee-queue on a Redis that keeps nothing on disk; without events, done jobs are removed.
 */
import BeeQueue from "bee-queue"
import { Effect } from "effect"
import { setTimeout } from "node:timers/promises"
import { type Job, type Payload, type Open } from "../Subject.ts"

const name = "job"
const lean = { getEvents: false, sendEvents: false, storeJobs: false, removeOnSuccess: true }
/** For jobs that take no time. */
const most = 200

export const open: Open = Effect.fnUntraced(function* ({ redis }) {
  const opened = (isWorker: boolean) =>
    Effect.acquireRelease(
      Effect.promise(() => new BeeQueue<Payload>(name, { ...lean, isWorker, redis: redis?.url }).ready()),
      (queue) => Effect.promise(() => queue.close(0))
    )
  const queue = yield* opened(false)
  const work = ({ act, begun, concurrency, millis }: Job) =>
    Effect.map(opened(true), (worker) =>
      worker.process(millis === 0 ? most : concurrency, async ({ data }) => {
        begun(data)
        if (millis > 0) await setTimeout(millis)
        if (act !== null) await Effect.runPromise(act(data))
      })
    )
  return {
    add: (payload) => Effect.promise(() => queue.createJob(payload).save()),
    addUnique: (payload) => Effect.promise(() => queue.createJob(payload).setId(`key-${payload.n}`).save()),
    addAll: (payloads) => Effect.promise(() => queue.saveAll(payloads.map((payload) => queue.createJob(payload)))),
    work,
    help: work,
    isEmpty: Effect.map(
      Effect.promise(() => queue.checkHealth()),
      ({ active, waiting }) => active + waiting === 0
    )
  }
})
