/**
 * Whatever happens to a batch, in whatever order: its counts add up, its stages begin in order and none before all of the
 * one before has ended without too many failures, and what follows does so once.
 */
import { assert } from "@effect/vitest"
import { failures } from "@fibercast/domain/Batch"
import { isBalanced } from "@fibercast/domain/Counts"
import { type ClaimedDelivery } from "@fibercast/domain/Delivery"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { BatchStore } from "@fibercast/ports/BatchStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { Arbitrary, Effect, Schema } from "effect"
import { ended, later } from "./Given.ts"
import { batchOf, created, job, nameOf } from "./GivenBatches.ts"
import { forAll } from "./Property.ts"
import { sentence } from "./Sentence.ts"

const upTo = (most: number, least = 0) => Schema.Int.check(Schema.isBetween({ minimum: least, maximum: most }))

/** Completing comes more often than each other end. */
const End = Schema.Union([
  Schema.Literals(["completed", "completed", "skipped"]),
  Schema.Literals(["completed", "completed", "failed"]),
  Schema.Literals(["completed", "completed", "unknown"]),
  Schema.Literals(["completed", "expired", "cancelled"])
])

const Claim = Schema.TaggedStruct("Claim", {})
/** How many of those that are held the longest. */
const Settle = Schema.TaggedStruct("Settle", { count: upTo(4, 1), state: End })
const Advance = Schema.TaggedStruct("Advance", { times: upTo(3, 1) })
const Add = Schema.TaggedStruct("Add", { count: upTo(2, 1) })
const Cancel = Schema.TaggedStruct("Cancel", {})
const Recalled = Schema.TaggedStruct("Recalled", {})
const Step = Schema.Union([Claim, Settle, Advance, Claim, Settle, Advance, Add, Claim, Settle, Recalled, Cancel])

const Histories = Arbitrary.all({
  sizes: Arbitrary.array(Arbitrary.schema(upTo(3)), { maxLength: 4 }),
  allowFailures: Arbitrary.schema(Schema.NullOr(upTo(2))),
  steps: Arbitrary.array(Arbitrary.schema(Step), { maxLength: 40 })
})
interface History {
  readonly sizes: ReadonlyArray<number>
  readonly allowFailures: number | null
  readonly steps: ReadonlyArray<typeof Step.Type>
}

const walk = Effect.fnUntraced(function* ({ allowFailures, sizes, steps }: History) {
  const batches = yield* BatchStore
  const ledger = yield* Ledger
  const stages = sizes.map((size, at) => Array.from({ length: size }, () => job(`stage ${at + 1}`)))
  const { id: batchId, owned } = yield* created(stages, { allowFailures })
  const { workspaceId } = owned
  let now = owned
  /** Claimed and not settled, by anyone. */
  let held: ReadonlyArray<ClaimedDelivery> = []
  const followed: Array<string> = []
  let stageBefore = 0
  let endedBefore: number | null = null

  const claim = Effect.gen(function* () {
    const all = yield* ledger.claim({ ...now, source: { lane: "normal", campaignId: null }, limit: 100, after: null })
    const found = all?.deliveries ?? []
    const mine = found.filter((delivery) => delivery.batchId === batchId)
    const others = found.filter((delivery) => delivery.batchId !== batchId)
    followed.push(...others.map(nameOf))
    yield* ledger.settle({ ...now, settlements: others.map((one) => ended(one, "completed")), finishedClaims: [] })
    // Each stage's jobs are claimed only while it runs.
    const { stage } = yield* batchOf(now, batchId)
    for (const delivery of mine) {
      const name = nameOf(delivery)
      if (name !== "added") assert.strictEqual(name, `stage ${stage}`)
    }
    held = [...held, ...mine]
  })
  const settle = Effect.fnUntraced(function* (count: number, state: FinalState) {
    const some = held.slice(0, count)
    held = held.slice(count)
    yield* ledger.settle({ ...now, settlements: some.map((one) => ended(one, state)), finishedClaims: [] })
  })
  const holds = Effect.gen(function* () {
    const { counts, endedAt, note, stage, status } = yield* batchOf(now, batchId)
    assert.isTrue(isBalanced(counts))
    assert.isTrue(stage >= stageBefore && stage <= sizes.length)
    if (endedBefore !== null) assert.strictEqual(endedAt, endedBefore)
    stageBefore = stage
    endedBefore = endedAt
    for (const name of ["then", "catch", "finally"]) {
      assert.isAtMost(followed.filter((other) => other === name).length, 1, name)
    }
    if (status === "completed") assert.isAtMost(failures(counts), allowFailures ?? Infinity)
    if (status === "failed") assert.isAbove(failures(counts), allowFailures ?? Infinity)
    if (status !== "completed") assert.notInclude(followed, "then")
    if (endedAt === null) assert.notInclude(followed, "finally")
    else assert.strictEqual(counts.open, 0)
    if (failures(counts) === 0) assert.notInclude(followed, "catch")
    assert.strictEqual(note === null, status === "running" || status === "completed")
  })
  const take = Effect.fnUntraced(function* (step: typeof Step.Type) {
    switch (step._tag) {
      case "Claim":
        return yield* claim
      case "Settle":
        return yield* settle(step.count, step.state)
      case "Advance": {
        const before = yield* batchOf(now, batchId)
        const call = batches.advance({ workspaceId, now: now.now, limit: 10 })
        yield* Effect.all(
          Array.from({ length: step.times }, () => call),
          { concurrency: "unbounded" }
        )
        const after = yield* batchOf(now, batchId)
        const hasBegun = after.stage > before.stage
        if (hasBegun) {
          assert.strictEqual(before.counts.open, 0)
          assert.isAtMost(failures(before.counts), allowFailures ?? Infinity)
        }
        return
      }
      case "Add":
        return yield* Effect.ignore(
          batches.add({
            workspaceId,
            batchId,
            jobs: Array.from({ length: step.count }, () => job("added")),
            now: now.now
          })
        )
      case "Cancel":
        return yield* batches.cancel({ workspaceId, batchId, reason: "stopped", now: now.now })
      case "Recalled":
        return yield* ledger.recalled(now)
    }
  })
  for (const step of steps) {
    now = later(now, 1)
    yield* take(step)
    yield* holds
  }
  // Whatever came before, it comes to its end once its jobs do.
  for (let turn = 0; turn <= 2 * sizes.length + 2; turn += 1) {
    now = later(now, 1)
    yield* claim
    yield* settle(held.length, "completed")
    yield* batches.advance({ workspaceId, now: now.now, limit: 10 })
    yield* holds
  }
  const over = yield* batchOf(now, batchId)
  assert.isNotNull(over.endedAt)
  assert.deepStrictEqual(
    followed.toSorted(),
    [
      ...(failures(over.counts) > 0 ? ["catch"] : []),
      "finally",
      ...(over.status === "completed" ? ["then"] : [])
    ].toSorted()
  )
  if (over.status === "completed") {
    assert.deepInclude(over, { stage: sizes.length, waiting: 0 })
    assert.isAtLeast(
      over.counts.planned,
      sizes.reduce((sum, size) => sum + size, 0)
    )
  }
})

export const anyBatchHistory = (runs: number) =>
  sentence(
    "whatever happens in whatever order, counts add up, stages begin in order, and what follows does so once",
    forAll(Histories, runs, walk)
  )
