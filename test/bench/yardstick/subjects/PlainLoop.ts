/**
 * What the machine gives without an engine: jobs are read in the order of their key, a thousand at a time, and recorded as
 * done in one statement while the next are read. It holds no claim, fences nothing, retries nothing, and forgets what it
 * was doing when it dies. One bare INSERT adds one.
 */
import * as Postgres from "@fibercast/postgres/Postgres"
import { Context, Effect, Fiber, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { type Job, type Payload, type Open } from "../Subject.ts"
import * as PlainCampaign from "./PlainCampaign.ts"

const batch = 1000

const table = `CREATE TABLE IF NOT EXISTS jobs
  (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload json NOT NULL, done_at timestamptz)`

interface Row {
  readonly id: bigint
  readonly payload: Payload
}

export const open: Open = Effect.fnUntraced(function* ({ postgres }) {
  const url = Redacted.make(postgres?.url ?? "")
  const sql = Context.get(yield* Effect.orDie(Layer.build(Postgres.layer({ url }))), SqlClient.SqlClient)
  yield* Effect.orDie(sql.unsafe(table))

  const read = (after: bigint) => sql<Row>`SELECT id, payload FROM jobs WHERE id > ${after} ORDER BY id LIMIT ${batch}`
  const settle = (ids: ReadonlyArray<bigint>) => sql`UPDATE jobs SET done_at = now() WHERE id = ANY(${ids}::bigint[])`
  let isDone = false

  /** No case wants it to act. */
  const loop = ({ begun, concurrency, millis }: Job) =>
    Effect.gen(function* () {
      let rows = yield* read(0n)
      while (rows.length > 0) {
        const next = yield* Effect.forkChild(read(rows.at(-1)?.id ?? 0n), { startImmediately: true })
        if (millis === 0) for (const { payload } of rows) begun(payload)
        else {
          const wait = ({ payload }: Row) =>
            Effect.andThen(
              Effect.sync(() => begun(payload)),
              Effect.sleep(millis)
            )
          yield* Effect.forEach(rows, wait, { concurrency, discard: true })
        }
        yield* settle(rows.map(({ id }) => id))
        rows = yield* Fiber.join(next)
      }
      isDone = true
    }).pipe(Effect.orDie)

  return {
    add: (payload) => Effect.orDie(sql`INSERT INTO jobs (payload) VALUES (${JSON.stringify(payload)}::json)`),
    addUnique: null,
    addAll: (payloads) => {
      const texts = payloads.map((payload) => JSON.stringify(payload))
      return Effect.orDie(sql`INSERT INTO jobs (payload) SELECT p::json FROM unnest(${texts}::text[]) AS p`)
    },
    work: (job) => Effect.asVoid(Effect.forkScoped(loop(job))),
    campaign: PlainCampaign.send,
    help: () => Effect.void,
    isEmpty: Effect.sync(() => isDone)
  }
})
