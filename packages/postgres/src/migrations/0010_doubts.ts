/**
 * What a take-over has made `unknown`, until somebody is told of it. The final record of a delivery is the one of its id
 * that was settled `at`.
 */
import * as Migration from "../Migration.ts"

export const migration = Migration.make({
  id: 10,
  name: "doubts",
  statements: [
    `create table doubts (
      delivery_id bigint primary key,
      workspace_id int not null,
      pipeline_id smallint not null,
      at bigint not null,
      deadline bigint,
      rescues smallint not null
    )`,
    `create index doubts_of_workspace on doubts (workspace_id, delivery_id)`,
    `alter table doubts enable row level security`,
    `create policy own_workspace on doubts to fibercast_tenant
      using (workspace_id = nullif(current_setting('fibercast.workspace', true), '')::int)
      with check (workspace_id = nullif(current_setting('fibercast.workspace', true), '')::int)`,
    `grant select on doubts to fibercast_tenant`
  ]
})
