/**
 * What caps on the backlog let in.
 */
import { assert } from "@effect/vitest"
import { type Conflict } from "@fibercast/domain/Unique"
import { type Dispatched, idOf, type Refusal } from "@fibercast/ports/Dispatch"
import { Ledger } from "@fibercast/ports/Ledger"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect } from "effect"
import { background, claimed, ended, givenBack, jobs, openCampaign, ownedWorkspace } from "./Given.ts"
import { asked, dispatched, dispatchedOne, idsOfAll, payloadsAt, tagsOf, unique } from "./GivenDispatches.ts"
import { sentence } from "./Sentence.ts"

const full = (of: "pipeline" | "workspace", cap: number): Dispatched => ({
  _tag: "Refused",
  reason: { _tag: "BacklogFull", of, cap } satisfies Refusal
})

const capped = (payload: unknown, backlog = 3) => asked(payload, { backlog })

/** Of a pipeline that takes one. */
const lone = (payload: number, key: string, onConflict: Conflict = "keep") =>
  asked(payload, { backlog: 1, unique: unique(key, { onConflict }), idempotencyKey: `${payload}` })

/** The same, with a key for a while, that is also the request. */
const brief = (payload: number, key: string) =>
  asked(payload, { backlog: 1, unique: unique(key, { taken: 60_000 }), idempotencyKey: key })

/** Of one key, that is taken until its delivery is claimed. */
const untilStarted = (backlog: number | null) => asked("k", { backlog, unique: unique("k", { taken: "started" }) })

const completeOne = Effect.fnUntraced(function* (owned: Parameters<typeof claimed>[0]) {
  const batch = yield* claimed(owned, background, 1)
  const settlements = batch.deliveries.map((delivery) => ended(delivery, "completed"))
  yield* (yield* Ledger).settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
})

const limitedWorkspace = Effect.fnUntraced(function* (backlog: number) {
  const owned = yield* ownedWorkspace()
  yield* (yield* WorkspaceStore).setLimits(owned.workspaceId, { backlog })
  return owned
})

export const backlogSentences = [
  sentence(
    "a pipeline takes no more than its cap, claimed ones included, and one more when one has ended",
    Effect.gen(function* () {
      const owned = yield* ownedWorkspace()
      for (const payload of [1, 2, 3]) {
        assert.strictEqual((yield* dispatchedOne(owned, capped(payload)))._tag, "Inserted")
      }
      assert.deepStrictEqual(yield* dispatchedOne(owned, capped(4)), full("pipeline", 3))
      yield* completeOne(owned)
      assert.strictEqual((yield* dispatchedOne(owned, capped(5)))._tag, "Inserted")
      yield* claimed(owned, background, 2)
      assert.deepStrictEqual(yield* dispatchedOne(owned, capped(6)), full("pipeline", 3))
      assert.deepStrictEqual(yield* payloadsAt(owned), [5])
    })
  ),
  sentence(
    "a cap is of one pipeline in one workspace, and what was dispatched without one does not count",
    Effect.gen(function* () {
      const owned = yield* ownedWorkspace()
      const other = yield* ownedWorkspace()
      yield* dispatched(owned, [asked(1), asked(2), asked(3), asked(4)])
      const some = [1, 2, 3].map((payload) => capped(payload))
      assert.deepStrictEqual(tagsOf(yield* dispatched(owned, some)), ["Inserted", "Inserted", "Inserted"])
      assert.deepStrictEqual(tagsOf(yield* dispatched(other, some)), ["Inserted", "Inserted", "Inserted"])
      assert.deepStrictEqual(yield* dispatchedOne(owned, capped(4)), full("pipeline", 3))
      const elsewhere = asked(4, { backlog: 3, delivery: { pipeline: "others" } })
      assert.strictEqual((yield* dispatchedOne(owned, elsewhere))._tag, "Inserted")
      assert.strictEqual((yield* dispatchedOne(owned, asked(5)))._tag, "Inserted")
      assert.strictEqual((yield* dispatchedOne(owned, capped(6, 4)))._tag, "Inserted")
    })
  ),
  sentence(
    "of one call as many are let in as there is room for, the first ones, and the others stand in nobody's way",
    Effect.gen(function* () {
      const owned = yield* ownedWorkspace()
      const other = { delivery: { pipeline: "others" } }
      const answers = yield* dispatched(owned, [
        capped(1),
        asked(2, other),
        capped(3),
        capped(4),
        capped(5),
        asked(6, other),
        capped(7, 4)
      ])
      assert.deepStrictEqual(tagsOf(answers), [
        "Inserted",
        "Inserted",
        "Inserted",
        "Inserted",
        "Refused",
        "Inserted",
        "Inserted"
      ])
      assert.deepStrictEqual(answers[4], full("pipeline", 3))
      assert.deepStrictEqual(yield* payloadsAt(owned), [1, 2, 3, 4, 6, 7])
    })
  ),
  sentence(
    "a full backlog refuses nothing that is not recorded: what stands for another needs no room",
    Effect.gen(function* () {
      const owned = yield* ownedWorkspace()
      const answers = yield* dispatched(owned, [lone(1, "k"), lone(2, "k"), lone(3, "k", "replace"), lone(1, "l")])
      assert.deepStrictEqual(tagsOf(answers), ["Inserted", "Deduplicated", "Deduplicated", "Deduplicated"])
      assert.deepStrictEqual(yield* dispatchedOne(owned, lone(4, "m")), full("pipeline", 1))
      assert.deepStrictEqual(yield* payloadsAt(owned, 1), [3])
    })
  ),
  sentence(
    "what a cap has refused has taken no key, and may be asked for again",
    Effect.gen(function* () {
      const owned = yield* ownedWorkspace()
      const answers = yield* dispatched(owned, [brief(1, "a"), brief(2, "b"), brief(3, "b")])
      assert.deepStrictEqual(tagsOf(answers), ["Inserted", "Refused", "Refused"])
      yield* completeOne(owned)
      assert.strictEqual((yield* dispatchedOne(owned, brief(4, "b")))._tag, "Inserted")
      assert.strictEqual((yield* dispatchedOne(owned, brief(5, "b")))._tag, "Deduplicated")
    })
  ),
  sentence(
    "a workspace takes no more background jobs than its limit, of whatever pipeline and lane",
    Effect.gen(function* () {
      const owned = yield* limitedWorkspace(3)
      const lanes = ["urgent", "bulk", "normal", "high"] as const
      const some = lanes.map((lane) => asked(lane, { delivery: { lane, pipeline: `of-${lane}` } }))
      const answers = yield* dispatched(owned, some)
      assert.deepStrictEqual(tagsOf(answers), ["Inserted", "Inserted", "Inserted", "Refused"])
      assert.deepStrictEqual(answers[3], full("workspace", 3))
      assert.deepStrictEqual(yield* dispatchedOne(owned, asked("keyed", { unique: unique("k") })), full("workspace", 3))
      yield* (yield* WorkspaceStore).setLimits(owned.workspaceId, {})
      assert.strictEqual((yield* dispatchedOne(owned, asked("more")))._tag, "Inserted")
    })
  ),
  sentence(
    "campaigns do not count for the limit of background jobs, and what was inserted otherwise does",
    Effect.gen(function* () {
      const { owned } = yield* openCampaign(5)
      yield* (yield* WorkspaceStore).setLimits(owned.workspaceId, { backlog: 3 })
      const { now, workspaceId } = owned
      yield* (yield* Ledger).insert({ workspaceId, now, deliveries: jobs(2) })
      assert.strictEqual((yield* dispatchedOne(owned, asked(1)))._tag, "Inserted")
      assert.deepStrictEqual(yield* dispatchedOne(owned, asked(2)), full("workspace", 3))
    })
  ),
  sentence(
    "of both caps the one that is reached refuses",
    Effect.gen(function* () {
      const owned = yield* limitedWorkspace(4)
      const answers = yield* dispatched(owned, [
        capped(1),
        asked(2),
        capped(3),
        capped(4),
        asked(5),
        capped(6),
        capped(7, 9)
      ])
      const ids = idsOfAll(answers)
      assert.strictEqual(ids.filter((id) => id !== null).length, 4)
      assert.deepStrictEqual(answers.slice(4), [full("workspace", 4), full("pipeline", 3), full("workspace", 4)])
    })
  ),
  sentence(
    "what is refused for a full backlog takes no key from who had it before, and has it again",
    Effect.gen(function* () {
      const owned = yield* ownedWorkspace()
      const first = yield* dispatchedOne(owned, untilStarted(null))
      const batch = yield* claimed(owned)
      yield* dispatchedOne(owned, capped("other", 1))
      assert.deepStrictEqual(yield* dispatchedOne(owned, untilStarted(1)), full("pipeline", 1))
      const returned = givenBack(batch, batch.deliveries)
      yield* (yield* Ledger).settle({ ...owned, settlements: [], givenBack: returned, finishedClaims: [] })
      const again = yield* dispatchedOne(owned, untilStarted(null))
      assert.deepStrictEqual([again._tag, idOf(again)], ["Deduplicated", idOf(first)])
    })
  )
]
