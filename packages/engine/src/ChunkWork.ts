/**
 * Brings one chunk under way: says so to its owner, asks the Ledger what of it may be sent, waits for its slot, and starts
 * it. At-most-once work is acknowledged before the Ledger is asked. At-least-once work that somebody had before is not
 * begun: he may have died of it, so its owner judges it.
 *
 * Interrupted before it has started anything, it turns the chunk back to the stream, or gives it back to the owner if the
 * stream has let go of it.
 */
import { type Campaign } from "@fibercast/domain/Campaign"
import { Outcome } from "@fibercast/domain/Outcome"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { type Chunk, type ChunkDelivery } from "@fibercast/ports/Chunk"
import { type Ledger } from "@fibercast/ports/Ledger"
import { type Ended, SenderChannel } from "@fibercast/ports/SenderChannel"
import { Clock, Effect, type Scope } from "effect"
import * as Begins from "./Begins.ts"
import { type ChunkSettler } from "./ChunkSettler.ts"
import { type OpenChunk, type Sending } from "./OpenChunk.ts"
import { untilReachable } from "./Ownership.ts"
import * as Settlements from "./Settlements.ts"

/** Campaigns remembered; the oldest is forgotten. */
const maxCampaigns = 256

/** How long what its owner does not know as at-most-once is put off, in milliseconds. */
const strangerWait = 30_000

const isOver = ({ deadline }: ChunkDelivery, now: number) => deadline !== null && deadline <= now

export type ChunkWork = (open: OpenChunk) => Effect.Effect<void>

export const make = Effect.fnUntraced(function* (options: {
  readonly settler: ChunkSettler
  readonly start: (sendings: ReadonlyArray<Sending>) => Effect.Effect<void>
}): Effect.fn.Return<ChunkWork, never, Ledger | CampaignStore | SenderChannel | Scope.Scope> {
  const { settler, start } = options
  const clock = yield* Clock.Clock
  const begins = yield* Begins.make
  const store = yield* CampaignStore
  const channel = yield* SenderChannel
  const campaigns = new Map<number, Campaign>()

  /** As it stands under the chunk's epoch; null for background jobs, and when it does not stand so any more. */
  const campaignOf = Effect.fnUntraced(function* ({ campaign, workspaceId }: Chunk) {
    if (campaign === null) return null
    const known = campaigns.get(campaign.id)
    if (known?.epoch === campaign.epoch) return known
    const found = yield* untilReachable(store.get(workspaceId, campaign.id)).pipe(
      Effect.catchTag("CampaignNotFound", () => Effect.succeed(null))
    )
    if (found === null) return null
    campaigns.delete(found.id)
    const [oldest] = campaigns.keys()
    if (oldest !== undefined && campaigns.size >= maxCampaigns) campaigns.delete(oldest)
    campaigns.set(found.id, found)
    return found.epoch === campaign.epoch ? found : null
  })

  const returned = (of: OpenChunk, { claimId, id }: ChunkDelivery) =>
    settler.add({ of, id, claimId, end: null, hold: null, notBefore: null })

  const ended = (sending: Sending, outcome: Outcome, now: number) => {
    const { context, held, of } = sending
    const settlement = Settlements.of(sending, outcome, now)
    const { id } = context.delivery
    settler.add({ of, id, claimId: held.claimId, end: { context, settlement }, hold: null, notBefore: null })
  }
  const expired = (sending: Sending) => ended(sending, Outcome.Expired(), 0)
  /** Its owner does not know that it may not be sent twice, and so has had no mark written. */
  const stranger = (sending: Sending, now: number) => {
    const { pipeline } = sending.context.delivery
    const reason = `${pipeline} is at-most-once on this node, and its owner does not know that`
    ended(sending, Outcome.Snoozed({ after: strangerWait, reason }), now)
  }

  const begin = ({ chunk: { campaign, epoch, workspaceId }, deliveries, isOnce }: OpenChunk) =>
    begins({ workspaceId, epoch, deliveries, campaign, mark: isOnce })

  /** Nothing of it may be begun here: to the stream while nobody else knows of it, else to its owner. */
  const turnBack = (open: OpenChunk) =>
    Effect.suspend(() => {
      if (!open.isOnce && open.part === "whole" && !open.isAnnounced) return open.received.nak(0)
      return handBack(open)
    })

  /** All of it to its owner. */
  const handBack = (open: OpenChunk) =>
    Effect.sync(() => {
      open.expect(open.deliveries.length)
      open.isStarted = true
      giveBack(open, open.deliveries)
    })

  /** Their end is expected. */
  const giveBack = (open: OpenChunk, deliveries: ReadonlyArray<ChunkDelivery>) => {
    for (const delivery of deliveries) returned(open, delivery)
  }

  const tell = ({ chunk: { epoch, id: chunkId, owner, workspaceId } }: OpenChunk, ended: ReadonlyArray<Ended>) =>
    channel.report(owner, [{ workspaceId, epoch, chunkId, ended }])

  /** Should its owner not hear of it, he takes it for lost in time. */
  const orphaned = (open: OpenChunk) =>
    Effect.andThen(
      tell(
        open,
        open.deliveries.map(({ id }) => ({ id, fate: "orphaned", hold: null, notBefore: null }))
      ),
      Effect.sync(() => {
        open.isStarted = true
      })
    )

  /** What is late, or not as it was, is given back; the rest is started. Their end is expected. */
  const launch = (open: OpenChunk, go: ReadonlyArray<ChunkDelivery>, campaign: Campaign | null) =>
    Effect.suspend(() => {
      const now = clock.currentTimeMillisUnsafe()
      const { chunk } = open
      const isLate = now >= chunk.validUntil || (chunk.slot !== null && now > chunk.slot.at + chunk.slot.slack)
      const isOther = (chunk.campaign === null) !== (campaign === null)
      if (isLate || isOther) return Effect.sync(() => giveBack(open, go))
      const starting: Array<Sending> = []
      for (const delivery of go) {
        const sending = open.sending(delivery, campaign)
        if (isOver(delivery, now)) expired(sending)
        else if (!open.isOnce && open.pipelines.guarantee(sending.context) === "at-most-once") stranger(sending, now)
        else starting.push(sending)
      }
      return start(starting)
    })

  const begun = Effect.fnUntraced(function* (
    open: OpenChunk,
    answer: Begins.Answer,
    campaign: Campaign | null,
    restore: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  ) {
    const { chunk } = open
    const wait = (chunk.slot?.at ?? 0) - clock.currentTimeMillisUnsafe()
    if (wait > 0) yield* Effect.onInterrupt(restore(Effect.sleep(wait)), () => turnBack(open))
    const { deliveries } = open
    const going = answer === "all goes" ? deliveries : deliveries.filter(({ id }) => answer.go.has(id))
    const returning = answer === "all goes" ? [] : deliveries.filter(({ id }) => answer.back.has(id))
    open.expect(going.length + returning.length)
    open.isStarted = true
    giveBack(open, returning)
    yield* launch(open, going, campaign)
  })

  return (open) =>
    Effect.uninterruptibleMask(
      Effect.fnUntraced(function* (restore) {
        const { chunk, isOnce, received } = open
        if (chunk.validUntil <= clock.currentTimeMillisUnsafe()) {
          // Nobody begins it any more. Of what another sender had before, its owner rules.
          return yield* isOnce || received.times > 1 ? received.ack : handBack(open)
        }
        const campaign = yield* Effect.onInterrupt(restore(campaignOf(chunk)), () => turnBack(open))
        if (!isOnce && received.times > 1) return yield* orphaned(open)
        // Before, so that the owner rules on it should this sender be lost with it.
        yield* tell(open, [])
        open.isAnnounced = true
        if (isOnce && open.part !== "rest") {
          const acknowledged = yield* Effect.result(received.ackSure)
          // Nobody knows whether it will be handed out again: whoever gets it next, or its owner, rules on it.
          if (acknowledged._tag === "Failure") return yield* Effect.logWarning(acknowledged.failure.message)
        }
        const asked = yield* Effect.result(Effect.onInterrupt(restore(begin(open)), () => turnBack(open)))
        // Its owner was replaced.
        if (asked._tag === "Failure") return yield* received.ack
        yield* begun(open, asked.success, campaign, restore)
      })
    )
})
