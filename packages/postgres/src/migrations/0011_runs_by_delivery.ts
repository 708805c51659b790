/**
 * The run that a delivery is of is found by the delivery.
 */
import * as Migration from "../Migration.ts"

export const migration = Migration.make({
  id: 11,
  name: "runs by delivery",
  statements: [`create index occurrences_of_delivery on occurrences (delivery_id) where delivery_id is not null`]
})
