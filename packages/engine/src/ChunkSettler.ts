/**
 * Writes how the deliveries of chunks ended, under the epochs of their owners: for each owner one statement at a time, and
 * whatever ends meanwhile is the next batch. Then owners, people and failure hooks are told.
 *
 * While the Ledger cannot be reached outcomes wait; the sender's places bound how many. So do those of a workspace whose
 * failures are not told yet because too many hooks wait; other workspaces' are written meanwhile. What an owner that was replaced
 * had handed over is not written: its successor rules on it.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { Alerts } from "@fibercast/ports/Alerts"
import { Ledger } from "@fibercast/ports/Ledger"
import { type GivenBack, type Settlement } from "@fibercast/ports/Settlement"
import { type Ended, type Report, SenderChannel } from "@fibercast/ports/SenderChannel"
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
  results: Array<Result>
  isOpen: boolean
}

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

  const write = Effect.fnUntraced(function* (
    results: ReadonlyArray<Result>,
    { workspaceId, epoch }: OpenChunk["chunk"]
  ) {
    const settlements = results.flatMap(({ end }) => (end === null ? [] : [end.settlement]))
    const givenBack = results.flatMap(({ claimId, end, id }): ReadonlyArray<GivenBack> =>
      end === null ? [{ claimId, id }] : []
    )
    yield* untilReachable(
      Effect.suspend(() =>
        ledger.settle({
          workspaceId,
          epoch,
          now: clock.currentTimeMillisUnsafe(),
          settlements,
          givenBack,
          finishedClaims: []
        })
      )
    )
  })

  const tellOwners = (results: ReadonlyArray<Result>) => {
    const owners = new Map<string, Map<OpenChunk, Array<Ended>>>()
    for (const { end, hold, id, notBefore, of } of results) {
      const { owner } = of.chunk
      const chunks = owners.get(owner) ?? new Map<OpenChunk, Array<Ended>>()
      owners.set(owner, chunks)
      const ended = chunks.get(of) ?? []
      chunks.set(of, ended)
      ended.push({ id, fate: end === null ? "returned" : "settled", hold, notBefore })
    }
    return Effect.forEach(
      owners,
      ([owner, chunks]) =>
        channel.report(
          owner,
          Array.from(chunks, ([{ chunk }, ended]): Report => {
            const { epoch, id: chunkId, workspaceId } = chunk
            return { workspaceId, epoch, chunkId, ended }
          })
        ),
      { discard: true }
    )
  }

  const tellPeople = Effect.fnUntraced(function* ({ end, of }: Result) {
    if (end === null) return
    const { campaignId, id: deliveryId, pipeline } = end.context.delivery
    const { workspaceId } = of.chunk
    if (end.settlement.state === "completed" && of.pipelines.isTemporary(end.context)) {
      Activity.vanish(activity, workspaceId, end.context.delivery)
    }
    if (campaignId === null && Settlements.isTried(end.settlement)) {
      const alert = rates.count(workspaceId, pipeline, end.settlement.state !== "completed")
      if (alert !== null) yield* alerts.raise(alert)
    }
    const ending = Settlements.ending(end.settlement)
    if (ending === null) return
    const { reason, state } = ending
    yield* hooks.room
    yield* alerts.raise({ _tag: "DeliveryFailed", workspaceId, deliveryId, campaignId, pipeline, state, reason })
    hooks.add(of.pipelines.failed(end.context, ending))
  })

  const work = Effect.fnUntraced(function* (key: string, book: Book, chunk: OpenChunk["chunk"]) {
    // What ends at the same time is written together.
    yield* Effect.yieldNow
    while (book.results.length > 0) {
      const results = book.results.splice(0, most)
      const written = yield* Effect.exit(write(results, chunk))
      if (Exit.isSuccess(written)) yield* logged(tellOwners(results))
      else if (Cause.hasDies(written.cause)) {
        yield* Effect.logError("how deliveries ended could not be written; their owner looks after them", written.cause)
      }
      for (const { of } of results) of.wrote(1)
      // Else an old owner handed it over, and it is the new one's: nobody is told. Last, as it may wait for other hooks.
      if (Exit.isSuccess(written))
        yield* Effect.forEach(results, (result) => logged(tellPeople(result)), { discard: true })
    }
    book.isOpen = false
    books.delete(key)
  })

  return {
    add: (result) => {
      const { chunk } = result.of
      const key = `${chunk.workspaceId}/${chunk.epoch}`
      const book = books.get(key) ?? { results: [], isOpen: false }
      books.set(key, book)
      book.results.push(result)
      if (book.isOpen) return
      book.isOpen = true
      fork(work(key, book, chunk))
    },
    flush: FiberSet.awaitEmpty(writers)
  }
})
