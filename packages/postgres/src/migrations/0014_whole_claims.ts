/**
 * A claim that still holds all that it was made of can be begun as a whole: it keeps the workspace's `recall_no` of when it
 * was made, and forgets it once anything leaves it. What is claimed while this is applied is not known to be whole.
 */
import * as Migration from "../Migration.ts"

export const migration = Migration.make({
  id: 14,
  name: "whole claims",
  statements: [`alter table claims add column recall_no int`]
})
