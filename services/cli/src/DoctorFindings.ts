/**
 * The doctor's look at whatever database is there: what is found, also when there is nothing to look at.
 */
import * as Checkup from "@fibercast/engine/Checkup"
import * as Diagnosis from "@fibercast/engine/Diagnosis"
import { type DiagnosisFacts } from "@fibercast/engine/DiagnosisFacts"
import { type Finding } from "@fibercast/engine/Finding"
import * as Database from "@fibercast/node/Database"
import * as LocalNode from "@fibercast/node/LocalNode"
import * as SqlNodeRegistry from "@fibercast/postgres/SqlNodeRegistry"
import { Effect, Layer, Option } from "effect"
import * as SchedulerSettings from "./SchedulerSettings.ts"
import * as WorkspaceLookup from "./WorkspaceLookup.ts"

export interface Examined {
  /** Null: the database did not let itself be looked at, which is what was found. */
  readonly facts: DiagnosisFacts | null
  readonly findings: ReadonlyArray<Finding>
}

const stores = Layer.merge(LocalNode.layerStores, SqlNodeRegistry.layer)

const alone = (finding: Finding): Examined => ({ facts: null, findings: [finding] })

/** Of one workspace by its name; none: of all. */
export const examine = Effect.fn("DoctorFindings.examine")(function* (
  folder: string,
  workspace: Option.Option<string>
) {
  const look = Effect.gen(function* () {
    const id = Option.isNone(workspace) ? null : (yield* WorkspaceLookup.find(workspace.value)).id
    const facts = yield* Checkup.facts(id)
    return { facts, findings: Diagnosis.of(facts) } satisfies Examined
  })
  return yield* Effect.gen(function* () {
    const { place } = yield* Database.Database
    return yield* Effect.catchTag(look, "LedgerUnavailable", ({ cause }) => Effect.succeed(away(place, cause)))
  }).pipe(
    Effect.provide(stores),
    Effect.provide(SchedulerSettings.layer),
    Effect.provide(Database.layerExisting({ folder })),
    Effect.catchTags({
      DatabaseUnavailable: ({ cause, where }) => Effect.succeed(away(where, cause)),
      NotMigrated: ({ pending, place }) => Effect.succeed(alone({ _tag: "NotMigrated", place, pending }))
    })
  )
})

const away = (place: string, cause: unknown): Examined =>
  alone({ _tag: "DatabaseAway", place, reason: cause instanceof Error ? cause.message : String(cause) })
