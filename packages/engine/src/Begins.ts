/**
 * Begins ask the Ledger what of the chunks that a sender took may be sent. One ask is under way for each workspace, epoch
 * and campaign; what arrives meanwhile is asked together next, so that small chunks cost no more than large ones. An ask
 * that takes long holds the next one up for a second. What names a delivery of another of the same ask waits for the next:
 * a chunk may come twice, and one that is out of date beside its successor, and the Ledger tells them apart in turn.
 *
 * Who is interrupted while its ask is under way learns nothing of it: what it named may carry a started mark then, and is to
 * be given back. That may be written before the ask is or after it: either way nothing of it is held, nor marked.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type Epoch, type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Begin, type Begun, type HeldDelivery } from "@fibercast/ports/HandOver"
import { Ledger } from "@fibercast/ports/Ledger"
import { type EpochLost } from "@fibercast/ports/Owned"
import { Clock, Deferred, Effect, Exit, Fiber, FiberSet, type Scope } from "effect"
import { untilReachable } from "./Ownership.ts"

/** Of one chunk; as for `Ledger.begin`. */
export type Ask = Omit<Begin, "now">

/** What of the chunk goes, and what goes back. */
export interface Answer {
  readonly go: ReadonlySet<bigint>
  readonly back: ReadonlySet<bigint>
}

export type Begins = (ask: Ask) => Effect.Effect<Answer, EpochLost>

/** Deliveries in one ask, unless one chunk has more. */
const most = 2000

/** How long an ask holds the next one up, in milliseconds. */
const patience = 1000

interface Entry {
  readonly held: ReadonlyArray<HeldDelivery>
  readonly answer: Deferred.Deferred<Answer, EpochLost>
}

interface Book extends Pick<Begin, "campaign" | "mark"> {
  readonly workspaceId: WorkspaceId
  readonly epoch: Epoch
  readonly waiting: Set<Entry>
}

const keyOf = ({ campaign, epoch, mark, workspaceId }: Ask): string =>
  `${workspaceId}/${epoch}/${campaign === null ? "jobs" : `${campaign.id}.${campaign.epoch}`}/${mark}`

/** Takes the first that wait, as many as are asked together: each delivery once. */
const takeSome = (waiting: Set<Entry>): ReadonlyArray<Entry> => {
  const some: Array<Entry> = []
  const named = new Set<DeliveryId>()
  for (const entry of waiting) {
    if (some.length > 0 && named.size + entry.held.length > most) break
    if (entry.held.some(({ id }) => named.has(id))) continue
    for (const { id } of entry.held) named.add(id)
    waiting.delete(entry)
    some.push(entry)
  }
  return some
}

const answered = ({ back, go }: Begun): Answer => ({ go: new Set(go), back: new Set(back) })

export const make: Effect.Effect<Begins, never, Ledger | Scope.Scope> = Effect.gen(function* () {
  const ledger = yield* Ledger
  const clock = yield* Clock.Clock
  const run = yield* FiberSet.makeRuntime()
  const books = new Map<string, Book>()

  const askOf = Effect.fnUntraced(function* ({ waiting, ...of }: Book) {
    const entries = takeSome(waiting)
    const held = entries.flatMap((entry) => entry.held)
    const ask = Effect.suspend(() => ledger.begin({ ...of, held, now: clock.currentTimeMillisUnsafe() }))
    const exit = Exit.map(yield* Effect.exit(untilReachable(ask)), answered)
    for (const entry of entries) Deferred.doneUnsafe(entry.answer, exit)
  })

  const asking = (key: string, book: Book) =>
    Effect.gen(function* () {
      while (book.waiting.size > 0) yield* Effect.timeoutOption(Fiber.await(run(askOf(book))), patience)
      books.delete(key)
    })

  return (ask) =>
    Effect.suspend(() => {
      const key = keyOf(ask)
      const known = books.get(key)
      const { campaign, epoch, mark, workspaceId } = ask
      const book = known ?? { campaign, epoch, mark, workspaceId, waiting: new Set() }
      const entry: Entry = { held: ask.held, answer: Deferred.makeUnsafe() }
      book.waiting.add(entry)
      if (known === undefined) {
        books.set(key, book)
        run(asking(key, book))
      }
      return Effect.onInterrupt(Deferred.await(entry.answer), () => Effect.sync(() => book.waiting.delete(entry)))
    })
})
