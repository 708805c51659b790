/**
 * What follows a campaign and was not dispatched yet. A job is null once it was; the row is gone once the campaign is over
 * and what that leads to was dispatched. So each happens once.
 */
import * as Migration from "../Migration.ts"

export const migration = Migration.make({
  id: 13,
  name: "campaign consequences",
  statements: [
    `create table campaign_consequences (
      campaign_id int primary key references campaigns,
      workspace_id int not null,
      then_job json,
      catch_job json,
      finally_job json
    )`,
    `create index campaign_consequences_of_workspace on campaign_consequences (workspace_id, campaign_id)`,
    `alter table campaign_consequences enable row level security`,
    `create policy own_workspace on campaign_consequences to fibercast_tenant
      using (workspace_id = nullif(current_setting('fibercast.workspace', true), '')::int)
      with check (workspace_id = nullif(current_setting('fibercast.workspace', true), '')::int)`,
    `grant select, insert on campaign_consequences to fibercast_tenant`
  ]
})
