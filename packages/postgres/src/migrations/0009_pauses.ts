/**
 * Lanes that an operator paused. They are a mask of bits in the row that a claim locks anyway: the bit of a lane is 1
 * shifted left by its rank.
 */
import * as Migration from "../Migration.ts"

export const migration = Migration.make({
  id: 9,
  name: "pauses",
  statements: [
    `alter table workspaces
      add column paused_lanes smallint not null default 0,
      add column pause_note text,
      add column paused_at bigint`
  ]
})
