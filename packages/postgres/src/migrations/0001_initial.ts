/**
 * The first schema: workspaces, campaigns, and the ledger's tables.
 *
 * Instants are bigint milliseconds since the epoch, given by the caller: no statement reads the server's clock.
 *
 * - `deliveries` is small and hot: open work only. A row leaves it when it is settled.
 * - `claims` has one row per batch; claiming writes no delivery.
 * - `deliveries_done`, `attempts` and `tallies` are append-only and partitioned by UTC day, so that retention
 *   drops a table instead of deleting rows. Their default partitions take what no day was made for.
 * - `campaign_counts` stands apart from `campaigns`: counts change with each settled batch, a specification never.
 * - Payloads are `json`, not `jsonb`: they come back letter for letter, and may hold any string JSON can.
 *
 * Row-level security is the second wall between tenants: under the role `fibercast_tenant` only the rows of the
 * workspace named by the setting `fibercast.workspace` exist. The owner of the tables is not subject to it.
 */
import * as Migration from "../Migration.ts"

const tables = [
  `create table workspaces (
    id int generated always as identity primary key,
    epoch int not null default 0,
    owned_until bigint,
    owner text,
    name text not null unique,
    zone text not null,
    limits json not null,
    quarantine text
  ) with (fillfactor = 50)`,

  `create table pipelines (
    id smallint generated always as identity primary key,
    name text not null unique
  )`,

  `create table campaigns (
    id int generated always as identity primary key,
    workspace_id int not null references workspaces,
    lane smallint not null,
    pipeline_id smallint not null references pipelines,
    due_at bigint not null,
    deadline bigint,
    status text not null,
    epoch int not null default 0,
    note text,
    key text not null,
    spec json not null,
    template_hash text not null,
    audience_hash text not null,
    expanded_rows int not null default 0,
    expanded boolean not null default false,
    created_at bigint not null,
    started_at bigint,
    completed_at bigint,
    unique (workspace_id, key)
  )`,
  `create index campaigns_listed on campaigns (workspace_id, id)`,
  `create index campaigns_unfinished on campaigns (workspace_id, id) where status <> 'completed'`,

  `create table campaign_counts (
    campaign_id int primary key references campaigns,
    workspace_id int not null,
    first_id bigint not null default 9223372036854775807,
    last_id bigint not null default 0,
    planned bigint not null default 0,
    open bigint not null default 0,
    completed bigint not null default 0,
    failed bigint not null default 0,
    skipped bigint not null default 0,
    cancelled bigint not null default 0,
    expired bigint not null default 0,
    unknown bigint not null default 0,
    constraint conserved check (planned = open + completed + failed + skipped + cancelled + expired + unknown)
  ) with (fillfactor = 20)`,

  `create table recipients (
    campaign_id int not null,
    workspace_id int not null,
    first_row int not null,
    address text not null,
    primary key (campaign_id, address)
  )`,

  `create table deliveries (
    id bigint generated always as identity primary key,
    due_at bigint not null,
    deadline bigint,
    workspace_id int not null,
    campaign_id int not null,
    lane smallint not null,
    pipeline_id smallint not null,
    attempt smallint not null default 0,
    rescues smallint not null default 0,
    payload json not null
  ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000, autovacuum_vacuum_cost_delay = 0)`,
  `create index deliveries_due on deliveries (workspace_id, lane, campaign_id, due_at, id)`,
  // Ballast, of no workspace and never due. Statements are planned once per connection, often while no work is
  // open: planned for an empty table they would scan all of it for each delivery once it is full. These rows keep
  // it from ever looking empty.
  `insert into deliveries (id, due_at, workspace_id, campaign_id, lane, pipeline_id, payload) overriding system value
    select -n, 9007199254740991, 0, 0, 0, 0, 'null' from generate_series(1, 10000) n`,
  `analyze deliveries`,

  `create table claims (
    claim_id bigint generated always as identity,
    claimed_at bigint not null,
    last_due bigint not null,
    min_id bigint not null,
    max_id bigint not null,
    workspace_id int not null,
    campaign_id int not null,
    epoch int not null,
    lane smallint not null,
    put_off boolean not null default false,
    ids bigint[] not null,
    started bigint[] not null default '{}',
    primary key (workspace_id, claim_id)
  ) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0)`,
  `alter table claims alter column ids set storage external, alter column ids set statistics 0,
    alter column started set storage external, alter column started set statistics 0`
]

const history = [
  `create table deliveries_done (
    id bigint not null,
    due_at bigint not null,
    settled_at bigint not null,
    workspace_id int not null,
    campaign_id int not null,
    pipeline_id smallint not null,
    state smallint not null,
    attempt smallint not null,
    error_class smallint,
    provider_id text,
    reason text,
    payload json
  ) partition by range (settled_at)`,
  `create index on deliveries_done (id)`,
  `create index on deliveries_done (campaign_id, id) where state <> 1`,
  `create index on deliveries_done (provider_id) where provider_id is not null`,
  `create table deliveries_done_default partition of deliveries_done default`,

  `create table attempts (
    delivery_id bigint not null,
    at bigint not null,
    workspace_id int not null,
    campaign_id int not null,
    attempt smallint not null,
    outcome smallint not null,
    error_class smallint,
    reason text
  ) partition by range (at)`,
  `create index on attempts (delivery_id)`,
  `create table attempts_default partition of attempts default`,

  `create table tallies (
    at bigint not null,
    workspace_id int not null,
    attempts int not null
  ) partition by range (at)`,
  `create index on tallies (workspace_id, at)`,
  `create table tallies_default partition of tallies default`,

  // What of that day had gone to the default partition is moved, so a late call is as good as an early one.
  `create function fibercast_make_day(instant bigint) returns void language plpgsql as $$
  declare
    first bigint := instant - instant % 86400000;
    suffix text := to_char(to_timestamp(first / 1000) at time zone 'UTC', 'YYYYMMDD');
    history record;
  begin
    perform pg_advisory_xact_lock(4650721939);
    for history in select * from (values ('deliveries_done', 'settled_at'), ('attempts', 'at'), ('tallies', 'at')) t(name, instant) loop
      continue when to_regclass(format('%I', history.name || '_' || suffix)) is not null;
      execute format('create table %I (like %I including all)', history.name || '_' || suffix, history.name);
      execute format('lock table %I in access exclusive mode', history.name || '_default');
      execute format('with late as (delete from %I where %I >= %s and %I < %s returning *) insert into %I select * from late',
        history.name || '_default', history.instant, first, history.instant, first + 86400000, history.name || '_' || suffix);
      execute format('alter table %I attach partition %I for values from (%s) to (%s)',
        history.name, history.name || '_' || suffix, first, first + 86400000);
    end loop;
  end $$`
]

const walled = [
  ["campaigns", "workspace_id", "select, insert, update"],
  ["campaign_counts", "workspace_id", "select, insert, update"],
  ["recipients", "workspace_id", "select, insert"],
  ["deliveries", "workspace_id", "select, insert"],
  ["claims", "workspace_id", "select"],
  ["deliveries_done", "workspace_id", "select, insert"],
  ["attempts", "workspace_id", "select"],
  ["tallies", "workspace_id", "select"],
  ["workspaces", "id", "select"]
] as const

const security = [
  // A role belongs to the whole server: another database of it may have made it, or be making it now.
  `do $$
  begin
    if not exists (select 1 from pg_roles where rolname = 'fibercast_tenant') then
      create role fibercast_tenant nologin;
    end if;
  exception
    when duplicate_object or unique_violation then null;
  end $$`,
  ...walled.flatMap(([table, column, rights]) => [
    `alter table ${table} enable row level security`,
    `create policy own_workspace on ${table} to fibercast_tenant
      using (${column} = nullif(current_setting('fibercast.workspace', true), '')::int)
      with check (${column} = nullif(current_setting('fibercast.workspace', true), '')::int)`,
    `grant ${rights} on ${table} to fibercast_tenant`
  ]),
  `grant select, insert on pipelines to fibercast_tenant`
]

export const migration = Migration.make({
  id: 1,
  name: "initial schema",
  statements: [...tables, ...history, ...security]
})
