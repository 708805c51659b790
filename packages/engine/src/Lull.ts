/**
 * Of many that are under way some end in the same turn of the event loop. Who waits for a lull goes on once a turn has brought
 * no more of them, so that what they have to do first, such as the next request, is done before what can wait.
 *
 * It takes turns, and no time: where time stands still a lull comes all the same.
 */
import { Effect } from "effect"

/** So many are many. */
export const many = 16

/** Returns after a turn in which `count` stayed as it was, or once it `pays` no more; after `most` turns at the latest. */
export const wait = Effect.fnUntraced(function* (pays: () => boolean, count: () => number, most: number) {
  let before = Number.NaN
  for (let turn = 0; turn < most && pays(); turn++) {
    const now = count()
    if (now === before) return
    before = now
    yield* Effect.yieldNow
  }
})
