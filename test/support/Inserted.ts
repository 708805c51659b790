/**
 * The deliveries that were inserted for what a test dispatched: all of it.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { describe, type Dispatched } from "@fibercast/ports/Dispatch"

export const insertedId = (answer: Dispatched): DeliveryId => {
  if (answer._tag !== "Inserted") throw new Error(describe(answer))
  return answer.id
}

export const insertedIds = (answers: ReadonlyArray<Dispatched>): ReadonlyArray<DeliveryId> => answers.map(insertedId)
