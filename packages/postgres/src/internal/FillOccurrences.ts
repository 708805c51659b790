/**
 * Records occurrences that a person asked for, in one transaction; see `RecordAdvances` for the order of its locks.
 */
import { type TriggerId } from "@fibercast/domain/TriggerId"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { type NewOccurrence } from "@fibercast/ports/TriggerStore"
import { Effect } from "effect"
import { type SqlClient } from "effect/sql"
import { outcomeOf, reasonOf } from "./Codes.ts"
import * as OccurrenceStatements from "./OccurrenceStatements.ts"
import { type Key } from "./OverlapKeys.ts"
import { int4, int8s } from "./Parameters.ts"
import { type PipelineNames } from "./PipelineNames.ts"
import { TallyChanges } from "./TallyChanges.ts"
import * as TriggerStatements from "./TriggerStatements.ts"
import { writeOccurrences } from "./WriteOccurrences.ts"

interface RecordedRow {
  readonly nominal_at: number
  readonly outcome: number
  readonly reason: number | null
}

export const fillOccurrences = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  pipelines: PipelineNames,
  options: {
    readonly now: number
    readonly triggerId: TriggerId
    readonly occurrences: ReadonlyArray<NewOccurrence>
  }
) {
  const { now, triggerId } = options
  const [trigger] = yield* sql.unsafe<Key>(TriggerStatements.lock, [int4(triggerId)])
  if (trigger === undefined) return []
  const firsts = new Map<number, NewOccurrence>()
  for (const one of options.occurrences) if (!firsts.has(one.nominal)) firsts.set(one.nominal, one)
  const asked = [...firsts.values()]
  const rows = yield* sql.unsafe<RecordedRow>(OccurrenceStatements.lockRecorded, [
    int4(triggerId),
    int8s(asked.map(({ nominal }) => nominal))
  ])
  const recorded = new Map(rows.map((row) => [row.nominal_at, row]))

  const tallies = new TallyChanges()
  const of = { triggerId, workspaceId: WorkspaceId.make(trigger.workspace_id, { disableChecks: true }) }
  const written = asked.filter(({ nominal }) => {
    const known = recorded.get(nominal)
    if (known === undefined) return true
    const outcome = outcomeOf(known.outcome)
    const isOpen = outcome === "skipped" || outcome === "missed"
    if (isOpen) tallies.add(of, outcome, reasonOf(known.reason), -1)
    return isOpen
  })
  const some = written.map((occurrence) => ({ ...of, overlapKey: trigger.overlap_key, occurrence }))
  yield* writeOccurrences(sql, pipelines, tallies, { now, some, over: true })
  yield* tallies.write(sql)
  return written.map(({ nominal }) => nominal)
})
