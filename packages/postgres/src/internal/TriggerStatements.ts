/**
 * The statements of triggers. `columns` is what a trigger is read from, `t` its row.
 */

export interface TriggerRow {
  readonly id: number
  readonly workspace_id: number
  readonly app: string | null
  readonly name: string
  readonly definition: string
  readonly revision: number
  readonly zone: string
  readonly cursor: number
  readonly next_due: number | null
  readonly rules: string
  readonly planned_from: number
  readonly paused_since: number | null
  readonly paused_note: string | null
  readonly pause_since: number | null
  readonly pause_until: number | null
  readonly merging_from: number | null
  readonly merging_count: number | null
  readonly created_at: number
  readonly removed_at: number | null
}

/** `created_at` is read under another name where the row of an occurrence is read with it. */
export const columns = `t.id, t.workspace_id, t.app, t.name, t.definition::text as definition, t.revision, t.zone,
  t.cursor::float8 as cursor, t.next_due::float8 as next_due, t.rules, t.planned_from::float8 as planned_from,
  t.paused_since::float8 as paused_since,
  t.paused_note, t.pause_since::float8 as pause_since, t.pause_until::float8 as pause_until,
  t.merging_from::float8 as merging_from, t.merging_count, t.created_at::float8 as created_at,
  t.removed_at::float8 as removed_at`

/**
 * $1 workspace, $2 name, $3 app, $4 definition, $5 whether it skips what is due while it is paused, $6 overlap key,
 * $7 zone, $8 cursor, $9 next_due, $10 rules; $11 the revision seen. Answers no row when it is another, or removed.
 */
export const change = `update triggers t set app = $3, definition = $4::text::json, skips_paused = $5,
  overlap_key = $6, zone = $7, cursor = $8, next_due = $9, rules = $10, revision = t.revision + 1,
  planned_from = case when t.cursor = $8 then t.planned_from else $8 end
where t.workspace_id = $1 and t.name = $2 and t.revision = $11 and t.removed_at is null
returning ${columns}`

/** The same, but $11 now. Answers no row when one of this name was not removed, or there is no such workspace. */
export const add = `insert into triggers as t (workspace_id, name, app, definition, skips_paused, overlap_key, zone,
  cursor, planned_from, next_due, rules, created_at)
select $1, $2, $3, $4::text::json, $5, $6, $7, $8, $8, $9, $10, $11 where exists (select 1 from workspaces where id = $1)
on conflict (workspace_id, name) do update set app = $3, definition = $4::text::json, skips_paused = $5,
  overlap_key = $6, zone = $7, cursor = greatest(t.cursor, $8), planned_from = greatest(t.cursor, $8), next_due = $9,
  rules = $10, revision = t.revision + 1, removed_at = null,
  paused_since = null, paused_note = null, pause_since = null, pause_until = null, merging_from = null,
  merging_count = null
where t.removed_at is not null
returning ${columns}`

/** $1 workspace. */
export const workspace = `select 1 from workspaces where id = $1`

/** $1 workspace, $2 name. */
export const byName = `select ${columns} from triggers t
where t.workspace_id = $1 and t.name = $2 and t.removed_at is null`

const byNames = `order by t.workspace_id, t.name collate "C"`

/** $1 workspace. */
export const ofWorkspace = `select ${columns} from triggers t
where t.workspace_id = $1 and t.removed_at is null ${byNames}`

export const ofAll = `select ${columns} from triggers t where t.removed_at is null ${byNames}`

/** $1 trigger, $2 revision, $3 now. Answers no row when it was changed since, or removed. */
export const remove = `update triggers t set removed_at = $3, next_due = null, revision = t.revision + 1
where t.id = $1 and t.revision = $2 and t.removed_at is null
returning t.workspace_id`

/** $1 workspace, $2 name, $3 note, $4 now. */
export const pause = `update triggers t set paused_since = coalesce(t.paused_since, $4), paused_note = $3,
  revision = t.revision + 1
where t.workspace_id = $1 and t.name = $2 and t.removed_at is null
returning ${columns}`

/** $1 workspace, $2 name, $3 now. Answers no row when it is not paused. */
export const resume = `update triggers t set pause_since = t.paused_since, pause_until = $3, paused_since = null,
  paused_note = null, revision = t.revision + 1
where t.workspace_id = $1 and t.name = $2 and t.removed_at is null and t.paused_since is not null
returning ${columns}`

const ofEither = (one: (isMine: string) => string): string =>
  `(${one("t.app is null")}) union all (${one("t.app = $1")})`

const dueOf = (isMine: string): string => `select t.id, t.next_due from triggers t
  where ${isMine} and not t.held and t.next_due <= $2 and (t.next_due, t.id) > ($3, $4)
  order by t.next_due, t.id limit $5`

/** Two reads of the index, of \`limit\` at most. $1 app, $2 now, $3 next_due and $4 trigger to come after, $5 limit. */
export const due = `with either as materialized (${ofEither(dueOf)})
select ${columns} from (select id from either order by next_due, id limit $5) first join triggers t on t.id = first.id
order by t.next_due, t.id`

/** $1 app, $2 after. */
export const nextDue = `select min(next_due)::float8 as next_due from (${ofEither(
  (isMine) => `select t.next_due from triggers t
  where ${isMine} and not t.held and t.next_due > $2 order by t.next_due limit 1`
)}) either`

/** Keeps others from advancing or changing it. $1 trigger. No row: it was removed. */
export const lock = `select t.workspace_id, t.overlap_key from triggers t
where t.id = $1 and t.removed_at is null for no key update`
