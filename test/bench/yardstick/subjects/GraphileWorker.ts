/**
 * graphile-worker with a local queue of 2000 and completions written together, as its page on performance advises.
 */
import { Effect } from "effect"
import { makeWorkerUtils, Logger, run } from "graphile-worker"
import { setTimeout } from "node:timers/promises"
import { type Job, type Payload, type Open } from "../Subject.ts"

const task = "job"
const silent = new Logger(() => () => {})

const works = (connectionString: string, { act, begun, concurrency, millis }: Job) =>
  Effect.acquireRelease(
    Effect.promise(() =>
      run({
        connectionString,
        concurrency,
        noHandleSignals: true,
        logger: silent,
        preset: { worker: { localQueue: { size: 2000 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
        taskList: {
          [task]: (payload) => {
            begun(payload as Payload)
            if (act !== null) return Effect.runPromise(Effect.asVoid(act(payload as Payload)))
            if (millis > 0) return setTimeout(millis)
          }
        }
      })
    ),
    (runner) => Effect.promise(() => runner.stop())
  )

export const open: Open = Effect.fnUntraced(function* ({ postgres }) {
  const connectionString = postgres?.url ?? ""
  const utils = yield* Effect.acquireRelease(
    Effect.promise(() => makeWorkerUtils({ connectionString, logger: silent })),
    (utils) => Effect.promise(async () => utils.release())
  )
  yield* Effect.promise(() => utils.migrate())
  const work = (job: Job) => Effect.asVoid(works(connectionString, job))
  return {
    add: (payload) => Effect.promise(() => utils.addJob(task, payload)),
    addUnique: (payload) => Effect.promise(() => utils.addJob(task, payload, { jobKey: `key ${payload.n}` })),
    addAll: (payloads) =>
      Effect.promise(() => utils.addJobs(payloads.map((payload) => ({ identifier: task, payload })))),
    work,
    help: work,
    tables: { open: "^graphile_worker[.]_private_jobs$", done: null },
    isEmpty: Effect.promise(() =>
      utils.withPgClient(async (client) => {
        const { rows } = await client.query("SELECT 1 FROM graphile_worker._private_jobs LIMIT 1")
        return rows.length === 0
      })
    )
  }
})
