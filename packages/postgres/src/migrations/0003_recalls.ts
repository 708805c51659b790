/**
 * Work that is taken back while a claim holds it: what its owner must stop, until it has.
 *
 * `recalls` has a row for each such delivery, and none for what nobody holds. `recall_no` of a workspace goes up
 * with each recall, so that a claim can tell whether one came between its snapshot and its lock.
 */
import * as Migration from "../Migration.ts"

export const migration = Migration.make({
  id: 3,
  name: "recalls",
  statements: [
    `create table recalls (
      delivery_id bigint primary key,
      workspace_id int not null,
      reason text not null,
      at bigint not null
    )`,
    `create index recalls_of_workspace on recalls (workspace_id, delivery_id)`,
    `alter table workspaces add column recall_no int not null default 0`,
    `alter table recalls enable row level security`,
    `create policy own_workspace on recalls to fibercast_tenant
      using (workspace_id = nullif(current_setting('fibercast.workspace', true), '')::int)
      with check (workspace_id = nullif(current_setting('fibercast.workspace', true), '')::int)`,
    `grant select on recalls to fibercast_tenant`
  ]
})
