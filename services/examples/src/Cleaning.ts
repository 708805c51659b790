/**
 * An app of triggers: what a site tidies up by the clock. `fibercast schedule work --app services/examples/src/Cleaning.ts`
 */
import * as Frequency from "@fibercast/domain/Frequency"
import * as Scheduled from "@fibercast/engine/Scheduled"
import * as App from "@fibercast/node/App"
import { Effect, Layer, pipe } from "effect"
import { SqlClient } from "effect/sql"

/** Sessions older than a day; the table belongs to the application. */
const expireSessions = Effect.fn("expireSessions")(function* ({ nominal }: { readonly nominal: number }) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`create table if not exists sessions (id int primary key, seen_at bigint not null)`
  const rows = yield* sql`delete from sessions where seen_at < ${nominal - 86_400_000} returning id`
  yield* Effect.logInfo(`${rows.length} sessions expired`)
})

const heartbeat = Effect.logInfo("still here")

export default App.make({
  name: "cleaning",
  layer: Layer.empty,
  scheduled: [
    Scheduled.run("heartbeat", Frequency.everyTenSeconds, heartbeat),
    Scheduled.run(
      "sessions.expire",
      pipe(Frequency.hourlyAt(15), Frequency.timezone("Asia/Jakarta")),
      expireSessions
    ).pipe(Scheduled.withoutOverlapping, Scheduled.description("logs people out after a day"))
  ]
})
