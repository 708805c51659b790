/**
 * What background jobs need besides: keys that stand for several, caps, tags, batches, and retention.
 *
 * - `keys` has a row for each key that was taken, and says by which delivery. That it is taken still is read from
 *   there and from what became of the delivery: nothing is written when a delivery ends. Rows that are taken no more
 *   are pruned. `kind` 1 is a unique key of a pipeline, 2 an idempotency key, of no pipeline: 0. `taken` 1: while the
 *   delivery is open, 2: until it is claimed, 3: until `until`.
 * - `capped` rows are counted by an index of their own, so that others cost it nothing.
 * - Of what is `temporary` no record stays if it completes.
 * - `attempts` know their pipeline, as they are kept as long as its records; null: written before they did.
 * - `retention` of a pipeline is how long final records stay, in milliseconds; null: as long as others, -1: for ever.
 */
import * as Migration from "../Migration.ts"

export const migration = Migration.make({
  id: 6,
  name: "jobs",
  statements: [
    `alter table deliveries add column dispatched_at bigint, add column batch_id int, add column capped boolean,
      add column temporary boolean, add column tags text[]`,
    `create index deliveries_capped on deliveries (workspace_id, pipeline_id) where capped`,
    `create index deliveries_of_batch on deliveries (batch_id, id) where batch_id is not null`,

    `alter table deliveries_done add column dispatched_at bigint, add column batch_id int, add column lane smallint,
      add column tags text[]`,
    `create index deliveries_done_failed on deliveries_done (workspace_id, id) where state in (2, 6)`,
    `create index deliveries_done_settled on deliveries_done using brin (settled_at) with (pages_per_range = 16)`,

    `alter table pipelines add column retention bigint`,
    `alter table attempts add column pipeline_id smallint`,

    `create table keys (
      workspace_id int not null,
      pipeline_id smallint not null,
      kind smallint not null,
      taken smallint not null,
      key text not null,
      delivery_id bigint not null,
      since bigint not null,
      until bigint,
      primary key (workspace_id, pipeline_id, kind, key)
    ) with (fillfactor = 70)`,
    `create index keys_until on keys (until) where until is not null`,
    `alter table keys enable row level security`,
    `create policy own_workspace on keys to fibercast_tenant
      using (workspace_id = nullif(current_setting('fibercast.workspace', true), '')::int)
      with check (workspace_id = nullif(current_setting('fibercast.workspace', true), '')::int)`,
    `grant select, insert, update on keys to fibercast_tenant`
  ]
})
