/**
 * Begins ask the Ledger what of the chunks that a sender took may be sent. One ask is under way for each workspace, epoch
 * and campaign; what arrives meanwhile is asked together next, so that small chunks cost no more than large ones. An ask
 * that takes long holds the next one up for a second.
 *
 * What may be sent twice is asked about claim by claim, and delivery by delivery only where that does not settle it. Then,
 * and for all else, what names a delivery of another of the same ask waits for the next: a chunk may come twice, and one
 * that is out of date beside its successor, and the Ledger tells them apart in turn.
 *
 * Who is interrupted while its ask is under way learns nothing of it: what it named may carry a started mark then, and is to
 * be given back. That may be written before the ask is or after it: either way nothing of it is held, nor marked.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type Epoch, type WorkspaceId } from "@fibercast/domain/Workspace"
import { type ChunkDelivery } from "@fibercast/ports/Chunk"
import { type Begin } from "@fibercast/ports/HandOver"
import { Ledger } from "@fibercast/ports/Ledger"
import { type EpochLost } from "@fibercast/ports/Owned"
import { Clock, Deferred, Effect, Exit, Fiber, FiberSet, type Scope } from "effect"
import { untilReachable } from "./Ownership.ts"

/** Of one chunk; as for `Ledger.begin`. */
export interface Ask extends Pick<Begin, "campaign" | "mark"> {
  readonly workspaceId: WorkspaceId
  readonly epoch: Epoch
  readonly deliveries: ReadonlyArray<ChunkDelivery>
}

/** What of the chunk goes, and what goes back. */
export type Answer = "all goes" | { readonly go: ReadonlySet<bigint>; readonly back: ReadonlySet<bigint> }

export type Begins = (ask: Ask) => Effect.Effect<Answer, EpochLost>

/** Deliveries in one ask, unless one chunk has more. */
const most = 2000

/** How long an ask holds the next one up, in milliseconds. */
const patience = 1000

interface Entry {
  readonly deliveries: ReadonlyArray<ChunkDelivery>
  readonly answer: Deferred.Deferred<Answer, EpochLost>
}

interface Book {
  readonly of: Omit<Ask, "deliveries">
  readonly waiting: Set<Entry>
}

const keyOf = ({ campaign, epoch, mark, workspaceId }: Ask): string =>
  `${workspaceId}/${epoch}/${campaign === null ? "jobs" : `${campaign.id}.${campaign.epoch}`}/${mark}`

/** Takes the first that wait, as many as are asked together. */
const takeSome = (waiting: Set<Entry>): ReadonlyArray<Entry> => {
  const some: Array<Entry> = []
  let count = 0
  for (const entry of waiting) {
    if (some.length > 0 && count + entry.deliveries.length > most) break
    count += entry.deliveries.length
    waiting.delete(entry)
    some.push(entry)
  }
  return some
}

/** The same, each delivery once. */
const takeDistinct = (waiting: Set<Entry>): ReadonlyArray<Entry> => {
  const some: Array<Entry> = []
  const named = new Set<DeliveryId>()
  for (const entry of waiting) {
    if (some.length > 0 && named.size + entry.deliveries.length > most) break
    if (entry.deliveries.some(({ id }) => named.has(id))) continue
    for (const { id } of entry.deliveries) named.add(id)
    waiting.delete(entry)
    some.push(entry)
  }
  return some
}

/** Claim after claim, as they follow each other in a chunk. */
const claimsOf = ({ deliveries }: Entry): ReadonlyArray<bigint> =>
  deliveries.flatMap(({ claimId }, at) => (claimId === deliveries[at - 1]?.claimId ? [] : [claimId]))

const answer = (entries: ReadonlyArray<Entry>, exit: Exit.Exit<Answer, EpochLost>) => {
  for (const entry of entries) Deferred.doneUnsafe(entry.answer, exit)
}

export const make: Effect.Effect<Begins, never, Ledger | Scope.Scope> = Effect.gen(function* () {
  const ledger = yield* Ledger
  const clock = yield* Clock.Clock
  const run = yield* FiberSet.makeRuntime()
  const books = new Map<string, Book>()

  const askByDelivery = Effect.fnUntraced(function* ({ of }: Book, entries: ReadonlyArray<Entry>) {
    const held = entries.flatMap(({ deliveries }) =>
      deliveries.map(({ claimId, dueAt: wasDue, id }) => ({ claimId, id, wasDue }))
    )
    const ask = Effect.suspend(() => ledger.begin({ ...of, held, now: clock.currentTimeMillisUnsafe() }))
    const exit = yield* Effect.exit(untilReachable(ask))
    answer(
      entries,
      Exit.map(exit, ({ back, go }) => ({ go: new Set(go), back: new Set(back) }))
    )
  })

  const askByClaim = Effect.fnUntraced(function* (book: Book, entries: ReadonlyArray<Entry>) {
    const claims = [...new Set(entries.flatMap(claimsOf))]
    const ask = Effect.suspend(() => ledger.beginClaims({ ...book.of, claims, now: clock.currentTimeMillisUnsafe() }))
    const exit = yield* Effect.exit(untilReachable(ask))
    if (Exit.isFailure(exit)) return answer(entries, Exit.failCause(exit.cause))
    const whole = new Set(exit.value)
    const rest = new Set<Entry>()
    for (const entry of entries) {
      if (claimsOf(entry).every((claimId) => whole.has(claimId))) answer([entry], Exit.succeed("all goes"))
      else rest.add(entry)
    }
    while (rest.size > 0) yield* askByDelivery(book, takeDistinct(rest))
  })

  const askOf = (book: Book) =>
    book.of.mark ? askByDelivery(book, takeDistinct(book.waiting)) : askByClaim(book, takeSome(book.waiting))

  const asking = (key: string, book: Book) =>
    Effect.gen(function* () {
      while (book.waiting.size > 0) yield* Effect.timeoutOption(Fiber.await(run(askOf(book))), patience)
      books.delete(key)
    })

  return (ask) =>
    Effect.suspend(() => {
      const key = keyOf(ask)
      const known = books.get(key)
      const { deliveries, ...of } = ask
      const book = known ?? { of, waiting: new Set() }
      const entry: Entry = { deliveries, answer: Deferred.makeUnsafe() }
      book.waiting.add(entry)
      if (known === undefined) {
        books.set(key, book)
        run(asking(key, book))
      }
      return Effect.onInterrupt(Deferred.await(entry.answer), () => Effect.sync(() => book.waiting.delete(entry)))
    })
})
