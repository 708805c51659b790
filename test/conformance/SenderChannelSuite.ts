/**
 * The one meaning of "a SenderChannel". Every implementation passes it unchanged.
 */
import { assert } from "@effect/vitest"
import { DeliveryId } from "@fibercast/domain/Delivery"
import { Epoch, WorkspaceId } from "@fibercast/domain/Workspace"
import {
  Asked,
  type HoldRequest,
  Report,
  SenderChannel,
  StopOrder,
  type Turn,
  type TurnRequest
} from "@fibercast/ports/SenderChannel"
import { Arbitrary, Effect, Equal, Fiber } from "effect"
import { listener } from "./Listening.ts"
import { type Pace } from "./Pace.ts"
import { forAll } from "./Property.ts"
import { sentence, type Sentence } from "./Sentence.ts"

const report = (chunkId: string): Report => ({
  workspaceId: WorkspaceId.make(7),
  epoch: Epoch.make(3),
  chunkId,
  ended: [{ id: DeliveryId.make(9_007_199_254_740_993n), fate: "settled", hold: null, notBefore: 1_700_000_000_000 }]
})

const order = (reason: string): StopOrder => ({
  workspaceId: WorkspaceId.make(7),
  epoch: Epoch.make(3),
  stops: [{ id: DeliveryId.make(9_007_199_254_740_993n), reason }]
})

const request = (key: string): TurnRequest => ({
  workspaceId: WorkspaceId.make(7),
  epoch: Epoch.make(3),
  key,
  rate: { permits: 20, per: 1000 }
})

const hold: HoldRequest = {
  workspaceId: WorkspaceId.make(7),
  epoch: Epoch.make(3),
  key: "monitor:a",
  limit: 1,
  id: DeliveryId.make(9_007_199_254_740_993n),
  wasDue: 1_700_000_000_000
}

/** Answers, once asks reach it. */
const answering = Effect.fnUntraced(function* (
  pace: Pace,
  owner: string,
  handler: (request: Asked) => Effect.Effect<Turn>
) {
  const channel = yield* SenderChannel
  yield* channel.answer(owner, (asked) => (asked.key === "calling" ? Effect.succeed(1) : handler(asked)))
  yield* pace.reach(
    Effect.repeat(Effect.delay(channel.ask(owner, request("calling")), "30 millis"), { until: (turn) => turn === 1 })
  )
})

const named = (count: number) => Array.from({ length: count }, (_, index) => report(`c${index}`))

const ownerOf = Effect.fnUntraced(function* (pace: Pace, owner: string) {
  const channel = yield* SenderChannel
  return yield* listener(pace, channel.reports(owner), channel.report(owner, [report("calling")]))
})

const senderOf = Effect.fnUntraced(function* (pace: Pace) {
  const channel = yield* SenderChannel
  return yield* listener(pace, channel.stops, channel.stop(order("calling")))
})

/** `runs`: how many random reports and orders are tried. */
export const sentencesOf = (pace: Pace, runs: number): ReadonlyArray<Sentence<SenderChannel>> => [
  sentence(
    "reports reach the node they are for, in the order they were told",
    Effect.scoped(
      Effect.gen(function* () {
        const channel = yield* SenderChannel
        const { rest, several } = yield* ownerOf(pace, "node-a")
        const all = named(200)
        for (const one of all.slice(0, 100)) yield* channel.report("node-a", [one])
        yield* channel.report("node-a", all.slice(100))
        assert.deepStrictEqual(yield* several(200), all)
        yield* channel.report("node-a", [])
        yield* pace.pass(100)
        assert.deepStrictEqual(yield* rest, [])
      })
    )
  ),
  sentence(
    "reports reach no other node, however alike the names",
    Effect.scoped(
      Effect.gen(function* () {
        const channel = yield* SenderChannel
        const owners = ["node-a", "node-a.b", "node-*", ">", "node a", "node%20a", "węzeł"]
        const nodes = yield* Effect.forEach(owners, (owner) => ownerOf(pace, owner))
        for (const owner of owners) yield* channel.report(owner, [report(owner)])
        yield* pace.pass(300)
        for (const [index, { rest }] of nodes.entries()) {
          assert.deepStrictEqual(yield* rest, [report(owners[index] ?? "")])
        }
      })
    )
  ),
  sentence(
    "a stop order reaches every sender",
    Effect.scoped(
      Effect.gen(function* () {
        const channel = yield* SenderChannel
        const senders = [yield* senderOf(pace), yield* senderOf(pace)]
        for (const { rest } of senders) yield* rest
        yield* channel.stop(order("the campaign was cancelled"))
        for (const { several } of senders) {
          assert.deepStrictEqual(yield* several(1), [order("the campaign was cancelled")])
        }
      })
    )
  ),
  sentence(
    "all of a long stop order arrives",
    Effect.scoped(
      Effect.gen(function* () {
        const channel = yield* SenderChannel
        const { rest } = yield* senderOf(pace)
        const stops = Array.from({ length: 5000 }, (_, at) => ({
          id: DeliveryId.make(BigInt(at)),
          reason: "cancelled"
        }))
        yield* channel.stop({ ...order(""), stops })
        yield* pace.pass(500)
        assert.deepStrictEqual(
          (yield* rest).flatMap((one) => one.stops),
          stops
        )
      })
    )
  ),
  sentence(
    "whatever is in a report or an order, it arrives as it was told",
    Effect.scoped(
      Effect.gen(function* () {
        const channel = yield* SenderChannel
        const owner = yield* ownerOf(pace, "node-a")
        const sender = yield* senderOf(pace)
        yield* forAll(Arbitrary.schema(Report), runs, (told) =>
          Effect.gen(function* () {
            yield* channel.report("node-a", [told])
            assert.isTrue(Equal.equals(yield* owner.several(1), [told]))
          })
        )
        yield* forAll(Arbitrary.schema(StopOrder), runs, (told) =>
          Effect.gen(function* () {
            if (told.stops.length === 0) return
            yield* channel.stop(told)
            assert.isTrue(Equal.equals(yield* sender.several(1), [told]))
          })
        )
      })
    )
  ),
  sentence(
    "who asks is answered by the node it asks, and hears what that says",
    Effect.scoped(
      Effect.gen(function* () {
        const channel = yield* SenderChannel
        const owners = ["node-a", "node-a.b", "node-*", ">"]
        for (const [index, owner] of owners.entries()) {
          yield* answering(pace, owner, ({ key }) => Effect.succeed(key === "later" ? 50.5 : index * 100))
        }
        for (const [index, owner] of owners.entries()) {
          assert.strictEqual(yield* pace.reach(channel.ask(owner, request("account:a"))), index * 100)
          assert.strictEqual(yield* pace.reach(channel.ask(owner, request("later"))), 50.5)
        }
      })
    )
  ),
  sentence(
    "who asks a node that is not there, that has gone, that does not know or that says nothing gets null",
    Effect.gen(function* () {
      const channel = yield* SenderChannel
      assert.isNull(yield* pace.reach(channel.ask("nobody", request("account:a"))))
      yield* Effect.scoped(answering(pace, "node-a", () => Effect.succeed(0)))
      yield* pace.pass(100)
      assert.isNull(yield* pace.reach(channel.ask("node-a", request("account:a"))))
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* answering(pace, "node-b", ({ key }) => (key === "silence" ? Effect.never : Effect.succeed(null)))
          assert.isNull(yield* pace.reach(channel.ask("node-b", request("account:a"))))
          const asking = yield* Effect.forkScoped(channel.ask("node-b", request("silence")))
          yield* pace.pass(1500)
          assert.isDefined(asking.pollUnsafe())
          assert.isNull(yield* Fiber.join(asking))
        })
      )
    })
  ),
  sentence(
    "whatever is asked arrives as it was asked",
    Effect.scoped(
      Effect.gen(function* () {
        const channel = yield* SenderChannel
        let heard: Asked | null = null
        yield* answering(pace, "node-a", (asked) =>
          Effect.sync(() => {
            heard = asked
            return 0
          })
        )
        yield* forAll(Arbitrary.schema(Asked), runs, (asked) =>
          Effect.gen(function* () {
            if (asked.key === "calling") return
            assert.strictEqual(yield* pace.reach(channel.ask("node-a", asked)), 0)
            assert.isTrue(Equal.equals(heard, asked))
          })
        )
      })
    )
  ),
  sentence(
    "a request to hold a key arrives as one, whatever else is asked",
    Effect.scoped(
      Effect.gen(function* () {
        const channel = yield* SenderChannel
        const heard: Array<Asked> = []
        yield* answering(pace, "node-a", (asked) => Effect.sync(() => heard.push(asked)))
        assert.strictEqual(yield* pace.reach(channel.ask("node-a", hold)), 1)
        assert.strictEqual(yield* pace.reach(channel.ask("node-a", request("account:a"))), 2)
        assert.deepStrictEqual(heard, [hold, request("account:a")])
      })
    )
  ),
  sentence(
    "it says since when it is up",
    Effect.gen(function* () {
      const channel = yield* SenderChannel
      yield* pace.pass(10)
      const since = yield* channel.upSince
      assert.isNotNull(since)
      yield* pace.pass(50)
      assert.strictEqual(yield* channel.upSince, since)
    })
  )
]
