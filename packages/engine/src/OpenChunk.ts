/**
 * An open chunk is what a sender has in hand of a chunk, all of it or as much as it has places for: what of it is not
 * written yet, and whom to tell.
 */
import { type Campaign } from "@fibercast/domain/Campaign"
import { type Chunk, type ChunkDelivery } from "@fibercast/ports/Chunk"
import { type Received } from "@fibercast/ports/WorkStream"
import { Latch } from "effect"
import { type DeliveryContext } from "./DeliveryContext.ts"
import { type Prepared } from "./Pipelines.ts"

/** One delivery of it that is being sent. */
export interface Sending {
  readonly context: DeliveryContext
  readonly held: { readonly claimId: bigint; readonly claimedAt: number }
  readonly of: OpenChunk
  isBegun: boolean
  /** It is no more this sender's. */
  isGone: boolean
}

export class OpenChunk {
  readonly received: Received
  readonly deliveries: ReadonlyArray<ChunkDelivery>
  /** Of the chunk: after the `first` of several something of it is in hand already. */
  readonly part: "whole" | "first" | "rest"
  readonly pipelines: Prepared
  /** Open once all ends that are expected are written. */
  readonly written = Latch.makeUnsafe(true)
  /** It is in good hands here: to be acknowledged when all is written. */
  isStarted = false
  /** Its owner was told that this sender is at it. */
  isAnnounced = false
  readonly #free: (count: number) => void
  #places: number
  #unwritten = 0

  /** Each delivery has a place; `free` takes places back, as ends are written. */
  constructor(options: {
    readonly received: Received
    readonly deliveries: ReadonlyArray<ChunkDelivery>
    readonly part: OpenChunk["part"]
    readonly pipelines: Prepared
    readonly free: (count: number) => void
  }) {
    this.received = options.received
    this.deliveries = options.deliveries
    this.part = options.part
    this.pipelines = options.pipelines
    this.#places = options.deliveries.length
    this.#free = options.free
  }

  /** Nothing of it is begun twice, so the stream may not hand it out again once it is begun. */
  get isOnce(): boolean {
    return this.chunk.guarantee === "at-most-once"
  }

  /** It is all that its claims were made of. */
  get isWhole(): boolean {
    return this.part === "whole" && this.chunk.isWhole
  }

  get chunk(): Chunk {
    return this.received.chunk
  }

  sending(delivery: ChunkDelivery, campaign: Campaign | null): Sending {
    const { attempt, batchId, claimId, claimedAt, deadline, dueAt, id, payload, pipeline, rescues } = delivery
    const { lane, workspaceId } = this.chunk
    const campaignId = campaign?.id ?? null
    // Written out, as to spread each takes longer.
    const claimed = { id, pipeline, lane, campaignId, attempt, rescues, dueAt, deadline, payload, batchId }
    return {
      context: { workspaceId, campaign, attempt: attempt + 1, delivery: claimed },
      held: { claimId, claimedAt },
      of: this,
      isBegun: false,
      isGone: false
    }
  }

  /** The end of so many is to be written. */
  expect(count: number) {
    if (count === 0) return
    this.#unwritten += count
    this.written.closeUnsafe()
  }

  wrote(count: number) {
    this.#unwritten -= count
    this.#release(this.#places - this.#unwritten)
    if (this.#unwritten === 0) this.written.openUnsafe()
  }

  /** Nothing more comes of it. */
  close() {
    this.#release(this.#places)
  }

  #release(spare: number) {
    if (spare <= 0) return
    this.#places -= spare
    this.#free(spare)
  }
}
