/**
 * pg-boss that fetches a thousand at a time by two workers for as long as there is more, and is woken by NOTIFY when idle.
 */
import { Effect } from "effect"
import { setTimeout } from "node:timers/promises"
import { PgBoss } from "pg-boss"
import { type Job, type Payload, type Open } from "../Subject.ts"

const queue = "job"

export const open: Open = Effect.fnUntraced(function* ({ postgres }) {
  const boss = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const boss = new PgBoss({
        connectionString: postgres?.url ?? "",
        supervise: false,
        schedule: false,
        useListenNotify: true
      })
      boss.on("error", () => {})
      await boss.start()
      await boss.createQueue(queue, { notify: true })
      return boss
    }),
    (boss) => Effect.promise(() => boss.stop({ graceful: false, close: true }))
  )
  const work = ({ act, begun, concurrency, millis }: Job) =>
    Effect.asVoid(
      Effect.promise(() =>
        boss.work<Payload>(
          queue,
          {
            batchSize: millis === 0 ? 1000 : concurrency / 2,
            localConcurrency: 2,
            burstWhenBatchFull: true,
            pollingIntervalSeconds: 0.5
          },
          async (jobs) => {
            for (const { data } of jobs) begun(data)
            if (millis > 0) await Promise.all(jobs.map(() => setTimeout(millis)))
            if (act !== null) await Promise.all(jobs.map(({ data }) => Effect.runPromise(act(data))))
          }
        )
      )
    )
  return {
    add: (payload) => Effect.promise(() => boss.send(queue, payload)),
    addUnique: (payload) => Effect.promise(() => boss.send(queue, payload, { singletonKey: `key ${payload.n}` })),
    addAll: (payloads) =>
      Effect.promise(() =>
        boss.insert(
          queue,
          payloads.map((data) => ({ data }))
        )
      ),
    work,
    help: work,
    // Done jobs stay where they were.
    tables: { open: "^pgboss[.]job", done: null },
    isEmpty: Effect.promise(async () => {
      const { rows } = await boss
        .getDb()
        .executeSql(`SELECT 1 FROM pgboss.job WHERE name = '${queue}' AND state < 'completed' LIMIT 1`, [])
      return rows.length === 0
    })
  }
})
