/**
 * What the sentences about a WorkStream start from.
 */
import { CampaignId } from "@fibercast/domain/Campaign"
import { DeliveryId } from "@fibercast/domain/Delivery"
import { type Lane } from "@fibercast/domain/Lane"
import { Epoch, WorkspaceId } from "@fibercast/domain/Workspace"
import { type Chunk } from "@fibercast/ports/Chunk"
import { type Received, WorkStream, type WorkStreamSettings } from "@fibercast/ports/WorkStream"
import { Effect, Queue, Stream } from "effect"
import { type Pace } from "./Pace.ts"

/** Each sentence has a WorkStream of its own, with settings of its own. */
export interface WorkStreamSentence {
  readonly says: string
  /** Differences from `quick`. */
  readonly settings: Partial<WorkStreamSettings>
  readonly holds: Effect.Effect<void, unknown, WorkStream>
}

/** For those who wait for a chunk to come again. */
export const quick: WorkStreamSettings = { ackWait: 1000, maxAge: 60_000, inFlight: 64 }

/** For those in whose time nothing comes again by itself. */
export const patient: Partial<WorkStreamSettings> = { ackWait: 60_000, maxAge: 600_000 }

export const chunk = (id: string, changes: Partial<Chunk> = {}): Chunk => ({
  id,
  lane: "normal",
  workspaceId: WorkspaceId.make(7),
  epoch: Epoch.make(3),
  owner: "node-a",
  campaign: { id: CampaignId.make(11), epoch: 2 },
  guarantee: "at-most-once",
  validUntil: 1_700_000_060_000,
  slot: { at: 1_700_000_000_500, slack: 250 },
  isWhole: false,
  deliveries: [
    {
      id: DeliveryId.make(9_007_199_254_740_993n),
      claimId: 12n,
      claimedAt: 1_700_000_000_000,
      pipeline: "reports",
      attempt: 0,
      rescues: 0,
      batchId: null,
      dueAt: 1_700_000_000_000,
      deadline: null,
      payload: '{"name":"Wayan"}'
    }
  ],
  ...changes
})

export const chunks = (count: number): ReadonlyArray<Chunk> =>
  Array.from({ length: count }, (_, index) => chunk(`c${index}`))

export const publish = Effect.fnUntraced(function* (all: Iterable<Chunk>) {
  const stream = yield* WorkStream
  yield* Effect.forEach(all, stream.publish, { discard: true })
})

/** A receiver that takes what it gets at once and keeps it, until the scope closes. */
export const receiver = Effect.fnUntraced(function* (pace: Pace, lane: Lane = "normal", ahead = 1) {
  const stream = yield* WorkStream
  const taken = yield* Queue.unbounded<Received>()
  yield* Effect.forkScoped(Stream.runForEach(stream.consume(lane, { ahead }), (one) => Queue.offer(taken, one)))
  const next = pace.reach(Queue.take(taken))
  return {
    next,
    /** As many, in the order they came. */
    several: (count: number) => Effect.replicateEffect(next, count),
    /** What came so far and was not looked at. */
    rest: Effect.map(Queue.clear(taken), idsOf)
  }
})

/** A receiver that takes one chunk when asked. */
export const picker = Effect.fnUntraced(function* (pace: Pace, ahead: number) {
  const stream = yield* WorkStream
  const pull = yield* Stream.toPull(stream.consume("normal", { ahead }))
  return { one: pace.reach(Effect.map(pull, ([first]) => first)) }
})

export const idsOf = (received: Iterable<Received>): ReadonlyArray<string> =>
  Array.from(received, ({ chunk }) => chunk.id)
