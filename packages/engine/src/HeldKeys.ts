/**
 * A sender goes on with a delivery that holds a key only while it has it: should its owner have been replaced, or have
 * taken it for lost, somebody else may be granted that key, so it is interrupted within `lookEvery` of that. While the
 * Ledger cannot be reached nobody can take it, and it goes on.
 *
 * It asks nothing while nothing under way holds a key.
 */
import { Ledger } from "@fibercast/ports/Ledger"
import { EpochLost } from "@fibercast/ports/Owned"
import { Clock, Effect } from "effect"
import { type Sending } from "./OpenChunk.ts"

const lookEvery = 2000

const heldOf = ({ context: { delivery }, held: { claimId } }: Sending) => ({
  claimId,
  id: delivery.id,
  wasDue: delivery.dueAt
})

/** Looks until interrupted. */
export const keep = Effect.fnUntraced(function* (options: {
  readonly underWay: () => ReadonlyArray<Sending>
  /** They are not this sender's any more. */
  readonly interrupt: (gone: ReadonlySet<Sending>) => void
}): Effect.fn.Return<never, never, Ledger> {
  const ledger = yield* Ledger
  const gone = Effect.fnUntraced(
    function* (sendings: ReadonlyArray<Sending>) {
      const [first] = sendings
      if (first === undefined) return
      const { epoch, workspaceId } = first.of.chunk
      const now = yield* Clock.currentTimeMillis
      const standing = yield* ledger.standing({ workspaceId, epoch, now, held: sendings.map(heldOf) }).pipe(
        Effect.map((rows) => new Set(rows.map(({ id }) => id))),
        Effect.catchIf(
          (error) => error instanceof EpochLost,
          () => Effect.succeed(new Set())
        )
      )
      options.interrupt(new Set(sendings.filter(({ context }) => !standing.has(context.delivery.id))))
    },
    Effect.catch((error) => Effect.logWarning(error.message))
  )
  for (;;) {
    yield* Effect.sleep(lookEvery)
    const keyed = options.underWay().filter(({ context, of }) => of.pipelines.isKeyed(context))
    const byOwner = Map.groupBy(keyed, ({ of: { chunk } }) => `${chunk.workspaceId}/${chunk.epoch}`)
    yield* Effect.forEach(byOwner.values(), gone, { concurrency: 8, discard: true })
  }
})
