/**
 * The nodes, and what is wished of them. They belong to no workspace: tenants have no right to look at them.
 *
 * `said` is all that a node said of itself last. A beat writes a row anew, on its page.
 */
import * as Migration from "../Migration.ts"

export const migration = Migration.make({
  id: 5,
  name: "nodes",
  statements: [
    `create table nodes (
      started_at bigint not null,
      seen_at bigint not null,
      id text primary key,
      name text not null,
      wish text not null default 'working',
      said json not null
    ) with (fillfactor = 50)`
  ]
})
