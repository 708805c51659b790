/**
 * Batches that are over are found by when that was, to be forgotten.
 */
import * as Migration from "../Migration.ts"

export const migration = Migration.make({
  id: 12,
  name: "over batches",
  statements: [`create index batch_standings_over on batch_standings (ended_at) where ended_at is not null`]
})
