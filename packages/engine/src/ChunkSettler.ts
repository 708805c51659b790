/**
 * Writes how the deliveries of chunks ended, under the epochs of their owners: for each owner one statement at a time, and
 * whatever ends meanwhile is the next batch. Then owners, people and failure hooks are told. Where all of a chunk has
 * completed that is all of its claims, those are written as a whole, without naming what they hold.
 *
 * While the Ledger cannot be reached outcomes wait; the sender's places bound how many. So do those of a workspace whose
 * failures are not told yet because too many hooks wait; other workspaces' are written meanwhile. What an owner that was replaced
 * had handed over is not written: its successor rules on it.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { Alerts } from "@fibercast/ports/Alerts"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Alert } from "@fibercast/ports/Alert"
import { type EpochLost } from "@fibercast/ports/Owned"
import { type Settle, type Settlement } from "@fibercast/ports/Settlement"
import { type Report, SenderChannel } from "@fibercast/ports/SenderChannel"
import { Cause, Clock, Effect, Exit, FiberSet, type Scope } from "effect"
import * as Activity from "./Activity.ts"
import { type DeliveryContext } from "./DeliveryContext.ts"
import { EngineConfig } from "./EngineConfig.ts"
import * as FailureRates from "./FailureRates.ts"
import { type Hooks } from "./Hooks.ts"
import { type OpenChunk } from "./OpenChunk.ts"
import { untilReachable } from "./Ownership.ts"
import * as Settlements from "./Settlements.ts"

/** What became of one delivery. */
export interface Result {
  readonly of: OpenChunk
  readonly id: DeliveryId
  readonly claimId: bigint
  /** Null: it was not begun, and is given back. */
  readonly end: { readonly context: DeliveryContext; readonly settlement: Settlement } | null
  readonly hold: string | null
  readonly notBefore: number | null
}

export interface ChunkSettler {
  readonly add: (result: Result) => void
  /** Returns when everything added so far is written, or is nobody's to write. */
  readonly flush: Effect.Effect<void>
}

const most = 2000

/** Pipelines of all workspaces whose jobs are watched for failures, at most. */
const watchedPipelines = 1000

const logged = (telling: Effect.Effect<void>) =>
  Effect.catchDefect(telling, (defect) => Effect.logError("telling how deliveries ended crashed", defect))

/** Of one workspace, under one epoch. */
interface Book {
  /** What is to be written, chunk by chunk. */
  pages: Map<OpenChunk, Array<Result>>
  isOpen: boolean
}

type Page = readonly [OpenChunk, ReadonlyArray<Result>]

/** Takes the first pages, about as many as are written together. */
const takeSome = ({ pages }: Book): ReadonlyArray<Page> => {
  const some: Array<Page> = []
  let count = 0
  for (const page of pages) {
    if (count >= most) break
    some.push(page)
    count += page[1].length
    pages.delete(page[0])
  }
  return some
}

const isPlain = ({ end, hold, notBefore }: Result): boolean =>
  end !== null && Settlements.isPlain(end.settlement) && hold === null && notBefore === null

/** All of its claims has completed with it. */
const hasCompleted = ([of, results]: Page): boolean =>
  of.isWhole && results.length === of.deliveries.length && results.every(isPlain)

const endedOf = ([, results]: Page): Report["ended"] =>
  results.map(({ end, hold, id, notBefore }) => ({
    id,
    fate: end === null ? "returned" : "settled",
    hold,
    notBefore
  }))

const isCompleted = (): Report["ended"] => "completed"

export const make = Effect.fnUntraced(function* (
  hooks: Hooks
): Effect.fn.Return<ChunkSettler, never, Ledger | SenderChannel | Alerts | Scope.Scope> {
  const ledger = yield* Ledger
  const channel = yield* SenderChannel
  const alerts = yield* Alerts
  const activity = yield* Activity.Activity
  const clock = yield* Clock.Clock
  const { failureRate: rate, failureSample: sample } = yield* EngineConfig
  const rates = FailureRates.make({ rate, sample, most: watchedPipelines })
  const writers = yield* FiberSet.make()
  const fork = yield* FiberSet.runtime(writers)()
  const books = new Map<string, Book>()

  const write = (chunk: OpenChunk["chunk"], settle: Pick<Settle, "settlements" | "givenBack" | "completedClaims">) => {
    const { workspaceId, epoch } = chunk
    const once = Effect.suspend(() =>
      ledger.settle({ workspaceId, epoch, now: clock.currentTimeMillisUnsafe(), finishedClaims: [], ...settle })
    )
    return untilReachable(once)
  }

  const writeNamed = (chunk: OpenChunk["chunk"], pages: ReadonlyArray<Page>) => {
    const results = pages.flatMap(([, results]) => results)
    const settlements = results.flatMap(({ end }) => (end === null ? [] : [end.settlement]))
    const givenBack = results.flatMap(({ claimId, end, id }) => (end === null ? [{ claimId, id }] : []))
    return write(chunk, { settlements, givenBack })
  }

  const writeWhole = (chunk: OpenChunk["chunk"], pages: ReadonlyArray<Page>) => {
    const claims = new Set(pages.flatMap(([, results]) => results.map(({ claimId }) => claimId)))
    return write(chunk, { settlements: [], completedClaims: [...claims] })
  }

  const tellOwners = (pages: ReadonlyArray<Page>, endedOf: (page: Page) => Report["ended"]) => {
    const owners = new Map<string, Array<Report>>()
    for (const page of pages) {
      const { epoch, id: chunkId, owner, workspaceId } = page[0].chunk
      const reports = owners.get(owner) ?? []
      owners.set(owner, reports)
      reports.push({ workspaceId, epoch, chunkId, ended: endedOf(page) })
    }
    return Effect.forEach(owners, ([owner, reports]) => channel.report(owner, reports), { discard: true })
  }

  /** Answers the pages that were written. */
  const settled = Effect.fnUntraced(function* (
    pages: ReadonlyArray<Page>,
    writing: Effect.Effect<unknown, EpochLost>,
    endedOf: (page: Page) => Report["ended"]
  ) {
    if (pages.length === 0) return pages
    const written = yield* Effect.exit(writing)
    if (Exit.isSuccess(written)) yield* logged(tellOwners(pages, endedOf))
    else if (Cause.hasDies(written.cause)) {
      yield* Effect.logError("how deliveries ended could not be written; their owner looks after them", written.cause)
    }
    for (const [of, results] of pages) of.wrote(results.length)
    // Else an old owner handed it over, and it is the new one's: nobody is told.
    return Exit.isSuccess(written) ? pages : []
  })

  /** Of a job that ended; answers the alert to raise. */
  const counted = ({ context, settlement }: NonNullable<Result["end"]>, { chunk, pipelines }: OpenChunk) => {
    const { campaignId, pipeline } = context.delivery
    const isWell = settlement.state === "completed"
    if (isWell && pipelines.isTemporary(context)) {
      Activity.vanish(activity, chunk.workspaceId, context.delivery)
    }
    if (campaignId !== null || !Settlements.isTried(settlement)) return null
    return rates.count(chunk.workspaceId, pipeline, !isWell)
  }

  const tellPeople = Effect.fnUntraced(function* (
    { context, settlement }: NonNullable<Result["end"]>,
    of: OpenChunk,
    alert: Alert | null
  ) {
    const { campaignId, id: deliveryId, pipeline } = context.delivery
    const { workspaceId } = of.chunk
    if (alert !== null) yield* alerts.raise(alert)
    const ending = Settlements.ending(settlement)
    if (ending === null) return
    const { reason, state } = ending
    yield* hooks.room
    yield* alerts.raise({ _tag: "DeliveryFailed", workspaceId, deliveryId, campaignId, pipeline, state, reason })
    hooks.add(of.pipelines.failed(context, ending))
  })

  /** In the order they ended. Of nearly all there is nothing to tell, and that costs nothing. */
  const tellOf = Effect.fnUntraced(function* ([of, results]: Page) {
    for (const { end } of results) {
      if (end === null) continue
      const alert = counted(end, of)
      if (alert !== null || Settlements.ending(end.settlement) !== null) yield* logged(tellPeople(end, of, alert))
    }
  })

  const work = Effect.fnUntraced(function* (key: string, book: Book, chunk: OpenChunk["chunk"]) {
    // What ends at the same time is written together.
    yield* Effect.yieldNow
    while (book.pages.size > 0) {
      const pages = takeSome(book)
      const completed = new Set(pages.filter(hasCompleted))
      const named = pages.filter((page) => !completed.has(page))
      // Apart, as each is one statement then: two in one transaction might wait for those of another sender in a circle.
      const written = [
        ...(yield* settled(named, writeNamed(chunk, named), endedOf)),
        ...(yield* settled([...completed], writeWhole(chunk, [...completed]), isCompleted))
      ]
      // Last, as it may wait for other hooks.
      for (const page of written) yield* logged(tellOf(page))
    }
    book.isOpen = false
    books.delete(key)
  })

  return {
    add: (result) => {
      const { chunk } = result.of
      const key = `${chunk.workspaceId}/${chunk.epoch}`
      const book = books.get(key) ?? { pages: new Map(), isOpen: false }
      books.set(key, book)
      const page = book.pages.get(result.of)
      if (page === undefined) book.pages.set(result.of, [result])
      else page.push(result)
      if (book.isOpen) return
      book.isOpen = true
      fork(work(key, book, chunk))
    },
    flush: FiberSet.awaitEmpty(writers)
  }
})
