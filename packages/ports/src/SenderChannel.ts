/**
 * The SenderChannel carries what owners of workspaces and senders tell each other. It only cuts latency: anything may be
 * lost, and nothing depends on it, as the Ledger knows how each delivery ended.
 */
import { DeliveryId } from "@fibercast/domain/Delivery"
import { Rate } from "@fibercast/domain/Limits"
import { Epoch, WorkspaceId } from "@fibercast/domain/Workspace"
import { Clock, Context, Effect, Layer, Option, PubSub, Schema, type Scope, Stream } from "effect"

/** What became of one delivery of a chunk. It is written in the Ledger, unless it is `orphaned`. */
export const Ended = Schema.Struct({
  id: DeliveryId,
  /**
   * `settled`: it has ended, or was put off. `returned`: it was not begun, and is claimable again. `orphaned`: somebody had
   * it before and said no more, and nothing was done about it here; it is the owner's to judge.
   */
  fate: Schema.Literals(["settled", "returned", "orphaned"]),
  /** Why its campaign must be paused; null: no reason to. */
  hold: Schema.NullOr(Schema.String),
  /** Until this instant its account takes nothing, in epoch milliseconds; null: it does. */
  notBefore: Schema.NullOr(Schema.Number)
})
export type Ended = typeof Ended.Type

/** A sender to an owner, about one chunk. */
export const Report = Schema.Struct({
  workspaceId: WorkspaceId,
  epoch: Epoch,
  chunkId: Schema.String,
  /**
   * None: the sender is still at it. `completed`: all of it has, and its claims have ended with it. That is said of whole
   * chunks alone.
   */
  ended: Schema.Union([Schema.Literal("completed"), Schema.Array(Ended)])
})
export type Report = typeof Report.Type

/** An owner to all senders: what they have of this is to be stopped. */
export const StopOrder = Schema.Struct({
  workspaceId: WorkspaceId,
  epoch: Epoch,
  stops: Schema.Array(Schema.Struct({ id: DeliveryId, reason: Schema.String }))
})
export type StopOrder = typeof StopOrder.Type

/** A sender to an owner: it would begin one send that is under this limit. */
export const TurnRequest = Schema.Struct({
  workspaceId: WorkspaceId,
  epoch: Epoch,
  /** Names the limit within the workspace. */
  key: Schema.String,
  rate: Rate
})
export type TurnRequest = typeof TurnRequest.Type

/** A sender to an owner: it would begin this delivery, of whose key so many at most may be under way at once. */
export const HoldRequest = Schema.Struct({
  workspaceId: WorkspaceId,
  epoch: Epoch,
  /** Names what is held within the workspace. */
  key: Schema.String,
  limit: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)),
  id: DeliveryId,
  /** When it was due as it was claimed: that names the try. */
  wasDue: Schema.Int
})
export type HoldRequest = typeof HoldRequest.Type

/** What a sender may ask an owner. */
export const Asked = Schema.Union([TurnRequest, HoldRequest])
export type Asked = typeof Asked.Type

/** Milliseconds to wait before asking again; 0: it may begin now; null: not from this owner. */
export type Turn = number | null

/** Who does not answer within this many milliseconds does not answer. */
export const answerWithin = 1000

/** Unread reports, or stop orders, beyond this many are dropped, the oldest first. */
const unread = 4096

export class SenderChannel extends Context.Service<
  SenderChannel,
  {
    /** Tell the node that owns the workspace. Never fails and never waits. */
    readonly report: (owner: string, reports: ReadonlyArray<Report>) => Effect.Effect<void>
    /** What is reported to this node, from the moment of subscription on. */
    readonly reports: (owner: string) => Stream.Stream<Report>
    /** Tell all senders. Never fails and never waits. */
    readonly stop: (order: StopOrder) => Effect.Effect<void>
    readonly stops: Stream.Stream<StopOrder>
    /** Asks the node that owns the workspace. Null when it does not answer within `answerWithin`, or is not there. */
    readonly ask: (owner: string, request: Asked) => Effect.Effect<Turn>
    /** Answers what this node is asked, while the scope is open. */
    readonly answer: (
      owner: string,
      handler: (request: Asked) => Effect.Effect<Turn>
    ) => Effect.Effect<void, never, Scope.Scope>
    /** Since when, in epoch milliseconds, what is told has been getting through as far as this node knows; null: it is not now. */
    readonly upSince: Effect.Effect<number | null>
  }
>()("fibercast/ports/SenderChannel") {
  /** Reaches listeners in this process, whichever node they listen for. */
  static readonly layerMemory: Layer.Layer<SenderChannel> = Layer.effect(
    SenderChannel,
    Effect.gen(function* () {
      const reports = yield* PubSub.sliding<{ readonly owner: string; readonly report: Report }>(unread)
      const orders = yield* PubSub.sliding<StopOrder>(unread)
      const handlers = new Map<string, (request: Asked) => Effect.Effect<Turn>>()
      const upSince = yield* Clock.currentTimeMillis
      return SenderChannel.of({
        report: (owner, told) =>
          Effect.asVoid(
            PubSub.publishAll(
              reports,
              told.map((report) => ({ owner, report }))
            )
          ),
        reports: (owner) =>
          Stream.fromPubSub(reports).pipe(
            Stream.filter((told) => told.owner === owner),
            Stream.map(({ report }) => report)
          ),
        stop: (order) => Effect.asVoid(PubSub.publish(orders, order)),
        stops: Stream.fromPubSub(orders),
        ask: (owner, request) =>
          Effect.suspend(() => handlers.get(owner)?.(request) ?? Effect.succeed(null)).pipe(
            Effect.timeoutOption(answerWithin),
            Effect.map(Option.getOrNull)
          ),
        answer: (owner, handler) =>
          Effect.asVoid(
            Effect.acquireRelease(
              Effect.sync(() => handlers.set(owner, handler)),
              () => Effect.sync(() => handlers.delete(owner))
            )
          ),
        upSince: Effect.succeed(upSince)
      })
    })
  )
}
