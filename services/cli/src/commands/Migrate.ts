/**
 * `fibercast migrate`: brings the database to the schema of this release.
 */
import * as Cluster from "@fibercast/node/Cluster"
import * as Database from "@fibercast/node/Database"
import * as Migrations from "@fibercast/postgres/Migrations"
import { Console, Effect, Logger } from "effect"
import { Command, Flag } from "effect/cli"
import * as Figures from "../Figures.ts"
import { folder, json } from "../SendFlags.ts"

const named = (migrations: Migrations.Applied) => migrations.map(({ id, name }) => ({ id, name }))

const listed = (migrations: Migrations.Applied): string =>
  migrations.map(({ id, name }) => `  ${String(id).padStart(4, "0")} ${name}`).join("\n")

const handle = Effect.fnUntraced(function* (input: { readonly json: boolean; readonly status: boolean }) {
  const { place } = yield* Database.Database
  if (input.status) {
    const pending = yield* Migrations.pending
    if (input.json) return yield* Console.log(JSON.stringify({ database: place, pending: named(pending) }))
    return yield* Console.log(
      pending.length === 0
        ? `The database at ${place} is up to date.`
        : `The database at ${place} lacks ${Figures.counted(pending.length, "migration")}:\n${listed(pending)}`
    )
  }
  const applied = yield* Effect.provide(Effect.tap(Migrations.run, Cluster.migrate), Logger.layer([]))
  if (input.json) return yield* Console.log(JSON.stringify({ database: place, applied: named(applied) }))
  yield* Console.log(
    applied.length === 0
      ? `The database at ${place} is up to date.`
      : `The database at ${place} is migrated:\n${listed(applied)}`
  )
})

export const command = Command.make(
  "migrate",
  {
    folder,
    status: Flag.Boolean("status").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Only say what would be done; change nothing")
    ),
    json: json("Print one JSON object: database, and applied or pending")
  },
  (input) => Effect.provide(handle(input), Database.layerAsIs({ folder: input.folder }))
).pipe(
  Command.withDescription(
    "Bring the database to the schema of this release: DATABASE_URL, or the embedded one (which is also migrated " +
      "whenever it is started). The tables by which the nodes of a cluster find each other are made as well. Each migration is applied wholly or not at all; two at once wait for each other."
  ),
  Command.withShortDescription("Bring the database to the schema of this release")
)
