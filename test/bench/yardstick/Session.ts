/**
 * One connection to the Postgres of a sample, beside those of the subject.
 */
import * as Postgres from "@fibercast/postgres/Postgres"
import { Context, Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { type Servers } from "./Servers.ts"

/** Open until the scope closes. `name`: what the server knows it by. */
export const open = Effect.fnUntraced(function* ({ postgres }: Servers, name: string) {
  const url = Redacted.make(postgres?.url ?? "")
  const client = yield* Layer.build(Postgres.layer({ url, connections: 1, applicationName: name }))
  return Context.get(client, SqlClient.SqlClient)
}, Effect.orDie)
