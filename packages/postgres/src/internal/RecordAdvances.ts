/**
 * Writes the advances that still hold, in one transaction.
 *
 * Everybody who writes occurrences locks in one order, so that none waits in a ring: triggers by id, then overlap
 * keys, then occurrences by id, and counts last.
 */
import { type Outcome, type Reason } from "@fibercast/domain/OccurrenceOutcome"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { type Advance } from "@fibercast/ports/TriggerStore"
import { Effect } from "effect"
import { type SqlClient } from "effect/sql"
import { reasonCode, reasonOf } from "./Codes.ts"
import * as OccurrenceStatements from "./OccurrenceStatements.ts"
import { type Key, OverlapKeys } from "./OverlapKeys.ts"
import { int2, int4s, int8, int8s, texts } from "./Parameters.ts"
import { type PipelineNames } from "./PipelineNames.ts"
import { TallyChanges } from "./TallyChanges.ts"
import { writeOccurrences } from "./WriteOccurrences.ts"

interface Locked extends Key {
  readonly id: number
  readonly revision: number
  readonly cursor: number
  readonly is_paused: boolean
}

export interface DroppedRow {
  readonly trigger_id: number
  readonly workspace_id: number
  readonly reason: number | null
}

interface Holding {
  readonly advance: Advance
  readonly key: Locked
}

/** At most a few hundred advances: each overlap key that one of them depends on costs the server a lock. */
export const recordAdvances = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  pipelines: PipelineNames,
  now: number,
  asked: ReadonlyArray<Advance>
) {
  const rounds = yield* judge(sql, asked)
  const advances = rounds.flat().map(({ advance }) => advance)
  if (advances.length === 0) return []
  const tallies = new TallyChanges()
  for (const round of rounds) yield* write(sql, pipelines, tallies, now, round)
  const last = [...new Map(advances.map((advance) => [advance.triggerId, advance])).values()]
  yield* sql.unsafe(OccurrenceStatements.advance, [
    int4s(last.map(({ triggerId }) => triggerId)),
    int8s(last.map(({ nextCursor }) => nextCursor)),
    int8s(last.map(({ nextDue }) => nextDue)),
    texts(last.map(({ rules }) => rules)),
    int8s(last.map(({ merging }) => merging?.from ?? null)),
    int4s(last.map(({ merging }) => merging?.count ?? null))
  ])
  yield* tallies.write(sql)
  return advances.map(({ triggerId }) => triggerId)
})

/**
 * Those that hold, each judged by what the ones before it will have written. A round is written at once; a next one
 * begins only with an advance that displaces what the round made wait.
 */
const judge = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, asked: ReadonlyArray<Advance>) {
  const ids = [...new Set(asked.map(({ triggerId }) => triggerId))]
  const rows = yield* sql.unsafe<Locked>(OccurrenceStatements.lockAdvancing, [int4s(ids)])
  const standing = new Map(rows.map((row) => [row.id, row]))
  const known = asked.flatMap((advance) => {
    const key = standing.get(advance.triggerId)
    return key?.revision === advance.revision ? [{ advance, key }] : []
  })
  const recorded = yield* recordedOf(sql, known)
  const keys = yield* OverlapKeys.lock(
    sql,
    known.flatMap(({ advance, key }) => (advance.busy !== null || advance.displace ? [key] : []))
  )
  const cursors = new Map(rows.map(({ cursor, id }) => [id, cursor]))
  const rounds: Array<Array<Holding>> = []
  for (const one of known) {
    const { advance, key } = one
    const places = new Set(advance.occurrences.map(({ nominal }) => placeOf(advance.triggerId, nominal)))
    const isFree = places.size === advance.occurrences.length && places.isDisjointFrom(recorded)
    if (cursors.get(advance.triggerId) !== advance.cursor || !isFree || !keys.allows(key, advance)) continue
    if (rounds.length === 0 || keys.displacesNews(key, advance)) rounds.push([])
    rounds.at(-1)?.push(one)
    for (const place of places) recorded.add(place)
    cursors.set(advance.triggerId, advance.nextCursor)
    keys.write(key, advance)
  }
  return rounds
})

const placeOf = (triggerId: number, nominal: number): string => `${triggerId}/${nominal}`

/** Of the nominal times of these advances, those that have a record. */
const recordedOf = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, some: ReadonlyArray<Holding>) {
  const nominals = some.flatMap(({ advance: { occurrences, triggerId } }) =>
    occurrences.map(({ nominal }) => ({ triggerId, nominal }))
  )
  if (nominals.length === 0) return new Set<string>()
  const rows = yield* sql.unsafe<{ readonly trigger_id: number; readonly nominal_at: number }>(
    OccurrenceStatements.recorded,
    [int4s(nominals.map(({ triggerId }) => triggerId)), int8s(nominals.map(({ nominal }) => nominal))]
  )
  return new Set(rows.map((row) => placeOf(row.trigger_id, row.nominal_at)))
})

const write = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  pipelines: PipelineNames,
  tallies: TallyChanges,
  now: number,
  round: ReadonlyArray<Holding>
) {
  const displacing = round.flatMap(({ advance, key }) => (advance.displace ? [key] : []))
  if (displacing.length > 0) {
    const dropped = yield* sql.unsafe<DroppedRow>(OccurrenceStatements.displace, [
      int4s(displacing.map(({ workspace_id }) => workspace_id)),
      texts(displacing.map(({ overlap_key }) => overlap_key)),
      int2(reasonCode("overlap")),
      int8(now)
    ])
    countDropped(tallies, dropped, "overlap")
  }
  const some = round.flatMap(({ advance, key }) =>
    advance.occurrences.map((occurrence) => ({
      triggerId: advance.triggerId,
      workspaceId: WorkspaceId.make(key.workspace_id, { disableChecks: true }),
      overlapKey: key.overlap_key,
      occurrence
    }))
  )
  yield* writeOccurrences(sql, pipelines, tallies, { now, some, over: false })
})

/** What waited was skipped. */
export const countDropped = (tallies: TallyChanges, dropped: ReadonlyArray<DroppedRow>, reason: Reason): void => {
  const skipped: readonly [Outcome, Reason] = ["skipped", reason]
  for (const row of dropped) {
    const of = { triggerId: row.trigger_id, workspaceId: row.workspace_id }
    tallies.move(of, ["waiting", reasonOf(row.reason)], skipped)
  }
}
