/**
 * BullMQ on a Redis that keeps nothing on disk; done jobs are removed.
 */
import { Queue, Worker } from "bullmq"
import { Effect } from "effect"
import { Redis } from "ioredis"
import { setTimeout } from "node:timers/promises"
import { type Job, type Payload, type Open } from "../Subject.ts"

const name = "job"
const done = { removeOnComplete: true }
/** For jobs that take no time. */
const most = 200

export const open: Open = Effect.fnUntraced(function* ({ redis }) {
  const connection = yield* Effect.acquireRelease(
    Effect.sync(() => new Redis(redis?.url ?? "", { maxRetriesPerRequest: null })),
    (connection) => Effect.sync(() => connection.disconnect())
  )
  const queue = yield* Effect.acquireRelease(
    Effect.sync(() => new Queue<Payload>(name, { connection, defaultJobOptions: done })),
    (queue) => Effect.promise(() => queue.close())
  )
  const work = ({ act, begun, concurrency, millis }: Job) =>
    Effect.asVoid(
      Effect.acquireRelease(
        Effect.promise(async () => {
          const worker = new Worker<Payload>(
            name,
            async ({ data }) => {
              begun(data)
              if (millis > 0) await setTimeout(millis)
              if (act !== null) await Effect.runPromise(act(data))
            },
            { connection, concurrency: millis === 0 ? most : concurrency }
          )
          await worker.waitUntilReady()
          return worker
        }),
        (worker) => Effect.promise(() => worker.close(true))
      )
    )
  return {
    add: (payload) => Effect.promise(() => queue.add(name, payload)),
    addUnique: (payload) => Effect.promise(() => queue.add(name, payload, { jobId: `key-${payload.n}` })),
    addAll: (payloads) => Effect.promise(() => queue.addBulk(payloads.map((data) => ({ name, data })))),
    work,
    help: work,
    isEmpty: Effect.promise(async () => (await queue.getJobCountByTypes("waiting", "active", "prioritized")) === 0)
  }
})
