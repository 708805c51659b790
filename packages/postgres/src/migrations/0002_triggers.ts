/**
 * Triggers, what became of their occurrences, and how schedulers stand.
 *
 * - `triggers` keeps those that were removed as well: their history stays, and `put` brings them back under their id.
 *   `held` are those that no scheduler looks at: removed, or paused while what is due then is not skipped.
 * - `occurrences` has one row for each nominal time of a trigger that was decided on. The unique constraint is a
 *   promise: of two schedulers that decide on the same nominal time, one fails. `run_state` is null for what did not
 *   run, 0 for a run whose end nobody wrote yet, else how it ended. `overlap_key` is what it was when it was recorded.
 * - `occurrence_tallies` counts occurrences by outcome over all time. It outlives them.
 * - `scheduling` is one row: what all schedulers go by. `app_pulses` says the same of those of one app.
 */
import * as Migration from "../Migration.ts"

const tables = [
  `create table triggers (
    id int generated always as identity primary key,
    workspace_id int not null references workspaces,
    cursor bigint not null,
    planned_from bigint not null,
    next_due bigint,
    revision int not null default 1,
    merging_count int,
    merging_from bigint,
    paused_since bigint,
    pause_since bigint,
    pause_until bigint,
    created_at bigint not null,
    removed_at bigint,
    skips_paused boolean not null,
    held boolean not null generated always as (
      removed_at is not null or (paused_since is not null and not skips_paused)) stored,
    app text,
    name text not null,
    zone text not null,
    rules text not null,
    overlap_key text not null,
    paused_note text,
    definition json not null,
    unique (workspace_id, name)
  ) with (fillfactor = 50)`,
  // Two, as null is no value that an index could be read in order for.
  `create index triggers_due on triggers (next_due, id) where not held and app is null`,
  `create index triggers_due_of_app on triggers (app, next_due, id) where not held and app is not null`,

  `create table occurrences (
    id bigint generated always as identity primary key,
    nominal_at bigint not null,
    due_at bigint not null,
    recorded_at bigint not null,
    ended_at bigint,
    delivery_id bigint,
    covers_from bigint,
    covers_count int,
    trigger_id int not null,
    workspace_id int not null,
    campaign_id int,
    outcome smallint not null,
    reason smallint,
    run_state smallint,
    overlap_key text not null,
    zone text not null,
    rules text not null,
    detail text,
    failure text,
    output text,
    unique (trigger_id, nominal_at)
  )`,
  `create index occurrences_open on occurrences (workspace_id, overlap_key, id) where run_state = 0`,
  `create index occurrences_waiting on occurrences (workspace_id, overlap_key, id) where outcome = 5`,
  `create index occurrences_over on occurrences ((coalesce(ended_at, recorded_at)))
    where outcome <> 5 and run_state is distinct from 0`,

  // Ballast, of no workspace and never over, as in `deliveries`: statements are planned once per connection, often
  // while nothing is recorded, and would read all of a table that looked empty then.
  `insert into occurrences (id, nominal_at, due_at, recorded_at, trigger_id, workspace_id, outcome, overlap_key, zone, rules)
    overriding system value
    select -n, 9007199254740991 - n, 9007199254740991, 9007199254740991, -n, 0, 4, '', '', '' from generate_series(1, 10000) n`,
  `analyze occurrences`,

  // A reason of 0 is none.
  `create table occurrence_tallies (
    count bigint not null,
    trigger_id int not null,
    workspace_id int not null,
    outcome smallint not null,
    reason smallint not null,
    primary key (trigger_id, outcome, reason)
  ) with (fillfactor = 50)`,
  `create index occurrence_tallies_listed on occurrence_tallies (workspace_id)`,

  `create table schedulers (
    scheduler text primary key,
    app text,
    started_at bigint not null,
    passed_at bigint not null,
    retired boolean not null default false
  )`,

  `create table scheduling (
    one boolean primary key default true check (one),
    passed_at bigint,
    alive_since bigint not null default 0,
    maintenance_since bigint,
    maintenance_note text
  ) with (fillfactor = 20)`,
  `insert into scheduling default values`,

  `create table app_pulses (
    app text primary key,
    passed_at bigint not null,
    alive_since bigint not null
  ) with (fillfactor = 20)`
]

const security = ["triggers", "occurrences", "occurrence_tallies"].flatMap((table) => [
  `alter table ${table} enable row level security`,
  `create policy own_workspace on ${table} to fibercast_tenant
    using (workspace_id = nullif(current_setting('fibercast.workspace', true), '')::int)
    with check (workspace_id = nullif(current_setting('fibercast.workspace', true), '')::int)`,
  `grant select, insert, update on ${table} to fibercast_tenant`
])

export const migration = Migration.make({ id: 2, name: "triggers", statements: [...tables, ...security] })
