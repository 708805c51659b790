import { assert, it } from "@effect/vitest"
import { type Dispatched, idOf } from "@fibercast/ports/Dispatch"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Owned } from "@fibercast/ports/Owned"
import * as SqlCampaignStore from "@fibercast/postgres/SqlCampaignStore"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { Deferred, Effect, Exit, Fiber, Layer, Random } from "effect"
import { SqlClient } from "effect/sql"
import { background, claimable, claimed, ended, ownedWorkspace } from "../conformance/Given.ts"
import { asked, dispatched, dispatchedOne, payloadsAt, tagsOf, unique } from "../conformance/GivenDispatches.ts"
import { insertedId } from "../support/Inserted.ts"
import { TestDatabase } from "../support/TestDatabase.ts"
import { heldOpen, nobodyWaits, someoneWaits } from "./internal/Sessions.ts"

const stores = Layer.mergeAll(SqlLedger.layer, SqlCampaignStore.layer, SqlWorkspaceStore.layer).pipe(
  Layer.provideMerge(TestDatabase.layer)
)

const keyed = (payload: unknown, key = "k") => asked(payload, { unique: unique(key) })

const requested = (payload: unknown) => asked(payload, { unique: unique("k"), idempotencyKey: "r" })

const replacing = (payload: unknown) => asked(payload, { unique: unique("k", { onConflict: "replace" }) })

/** In a transaction of its own. */
const joined = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql.withTransaction(effect))

const changedItsMind = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.exit(joined(Effect.andThen(effect, Effect.fail("changed my mind"))))

const completeAll = Effect.fnUntraced(function* (owned: Owned, batch: Effect.Success<ReturnType<typeof claimed>>) {
  const settlements = batch.deliveries.map((delivery) => ended(delivery, "completed"))
  return yield* (yield* Ledger).settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
})

it.layer(stores, { timeout: "60 seconds" })("SqlLedger's dispatches, with several connections", (it) => {
  for (const [where, other] of [
    ["in a transaction", joined],
    ["in none", <A, E, R>(effect: Effect.Effect<A, E, R>) => effect]
  ] as const) {
    it.effect(`a dispatch ${where} waits for the transaction that has its key, and stands back once that commits`, () =>
      Effect.gen(function* () {
        const owned = yield* ownedWorkspace()
        const first = yield* heldOpen(dispatchedOne(owned, keyed("first")))
        const waiting = yield* Effect.forkChild(other(dispatchedOne(owned, keyed("second"))))
        yield* someoneWaits
        assert.deepStrictEqual(yield* payloadsAt(owned), [])
        yield* first.release
        const id = insertedId(first.value)
        assert.deepStrictEqual(yield* Fiber.join(waiting), { _tag: "Deduplicated", id, replaced: false })
        assert.deepStrictEqual(yield* payloadsAt(owned), ["first"])
      })
    )

    it.effect(
      `a dispatch ${where} waits for the transaction that has its key, and is recorded if that is rolled back`,
      () =>
        Effect.gen(function* () {
          const owned = yield* ownedWorkspace()
          const recorded = yield* Deferred.make<void>()
          const first = yield* Effect.forkChild(
            changedItsMind(
              Effect.gen(function* () {
                yield* dispatchedOne(owned, requested("first"))
                yield* Deferred.succeed(recorded, undefined)
                yield* someoneWaits
              })
            )
          )
          yield* Deferred.await(recorded)
          const second = yield* other(dispatchedOne(owned, requested("second")))
          yield* Fiber.join(first)
          assert.strictEqual(second._tag, "Inserted")
          assert.deepStrictEqual(yield* payloadsAt(owned), ["second"])
        })
    )
  }

  it.effect("a key that a transaction has taken holds up nobody but its own, and those only until it ends", () =>
    Effect.gen(function* () {
      const owned = yield* ownedWorkspace()
      const first = yield* heldOpen(dispatchedOne(owned, keyed("held", "held")))
      const waiting = yield* Effect.forkChild(
        Effect.forEach([1, 2, 3], (n) => dispatchedOne(owned, keyed(n, "held")), { concurrency: "unbounded" })
      )
      yield* someoneWaits
      const payloads = Array.from({ length: 60 }, (_, n) => n)
      const answers = yield* Effect.forEach(
        payloads,
        (n) => dispatchedOne(owned, n % 2 === 0 ? asked(n) : keyed(n, `${n}`)),
        { concurrency: "unbounded" }
      )
      assert.isTrue(answers.every(({ _tag }) => _tag === "Inserted"))
      assert.sameDeepMembers([...(yield* payloadsAt(owned))], payloads)
      yield* first.release
      const ids = (yield* Fiber.join(waiting)).map(idOf)
      assert.deepStrictEqual(
        ids,
        Array.from({ length: 3 }, () => insertedId(first.value))
      )
    })
  )

  it.effect("who is interrupted while a key is held is not recorded", () =>
    Effect.gen(function* () {
      const owned = yield* ownedWorkspace()
      const first = yield* heldOpen(dispatchedOne(owned, keyed("first")))
      const waiting = yield* Effect.forkChild(
        dispatchedOne(owned, asked("second", { unique: unique("k", { onConflict: "replace" }) }))
      )
      yield* someoneWaits
      yield* Fiber.interrupt(waiting)
      yield* nobodyWaits
      yield* first.release
      yield* dispatchedOne(owned, asked("third", { unique: unique("l") }))
      assert.deepStrictEqual(yield* payloadsAt(owned, 1), ["first", "third"])
    })
  )

  it.effect("of many that dispatch to the same keys at the same time, one each is inserted", () =>
    Effect.gen(function* () {
      const owned = yield* ownedWorkspace()
      const keys = Array.from({ length: 12 }, (_, n) => `key ${n}`)
      const all = yield* Effect.forEach(
        Array.from({ length: 40 }, (_, n) => n),
        (n) =>
          Effect.gen(function* () {
            const shuffled = yield* Random.shuffle(keys)
            const some = dispatched(
              owned,
              [...shuffled].map((key) => keyed(key, key))
            )
            return yield* n % 4 === 0 ? joined(some) : some
          }),
        { concurrency: 12 }
      )
      const answers: ReadonlyArray<Dispatched> = all.flat()
      assert.strictEqual(answers.filter(({ _tag }) => _tag === "Inserted").length, keys.length)
      assert.strictEqual(answers.filter(({ _tag }) => _tag === "Deduplicated").length, 39 * keys.length)
      assert.sameDeepMembers([...(yield* payloadsAt(owned))], keys)
    })
  )

  it.effect(
    "what is replaced while a claim is being made cannot be ended by that, and is worked again as it is now",
    () =>
      Effect.gen(function* () {
        const owned = yield* ownedWorkspace()
        const id = insertedId(yield* dispatchedOne(owned, replacing("old")))
        const claim = yield* heldOpen(claimed(owned))
        const replaced = yield* dispatchedOne(owned, replacing("new"))
        assert.deepStrictEqual(replaced, { _tag: "Deduplicated", id, replaced: true })
        yield* claim.release
        assert.deepStrictEqual(yield* completeAll(owned, claim.value), { final: 0, later: 0 })
        assert.deepStrictEqual(yield* payloadsAt(owned, 1), ["new"])
      })
  )

  it.effect(
    "what is claimed while it is being replaced cannot be ended by that, and is worked again as it is now",
    () =>
      Effect.gen(function* () {
        const owned = yield* ownedWorkspace()
        yield* dispatchedOne(owned, replacing("old"))
        const replace = yield* heldOpen(dispatchedOne(owned, replacing("new")))
        const batch = yield* claimed(owned)
        const settling = yield* Effect.forkChild(completeAll(owned, batch))
        yield* someoneWaits
        yield* replace.release
        assert.deepStrictEqual(yield* Fiber.join(settling), { final: 0, later: 0 })
        assert.deepStrictEqual(yield* payloadsAt(owned, 1), ["new"])
      })
  )

  it.effect("a replace that waits for a settle is recorded by itself, and takes the key over", () =>
    Effect.gen(function* () {
      const owned = yield* ownedWorkspace()
      yield* dispatchedOne(owned, replacing("old"))
      const batch = yield* claimed(owned)
      const settle = yield* heldOpen(completeAll(owned, batch))
      const replace = yield* Effect.forkChild(dispatchedOne(owned, replacing("new")))
      yield* someoneWaits
      yield* settle.release
      assert.strictEqual((yield* Fiber.join(replace))._tag, "Inserted")
      assert.deepStrictEqual(yield* payloadsAt(owned), ["new"])
    })
  )

  it.effect("what a lost connection had dispatched before its commit is not there, and its keys are free", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const owned = yield* ownedWorkspace()
      const one = asked("lost", { unique: unique("k"), idempotencyKey: "r", backlog: 1 })
      const exit = yield* Effect.exit(
        joined(
          Effect.gen(function* () {
            yield* dispatchedOne(owned, one)
            yield* sql`SELECT pg_terminate_backend(pg_backend_pid())`
          })
        )
      )
      assert.isTrue(Exit.isFailure(exit))
      assert.deepStrictEqual(yield* claimable(owned, background), [])
      assert.strictEqual((yield* dispatchedOne(owned, one))._tag, "Inserted")
    })
  )

  it.effect("what the database refuses is told to who dispatched it, and to nobody who did at the same time", () =>
    Effect.gen(function* () {
      const owned = yield* ownedWorkspace()
      const noJson = { ...asked("bad"), delivery: { ...asked("bad").delivery, payload: "{" } }
      const one = (n: number) => (n === 7 ? noJson : asked(n))
      const exits = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, n) => n),
        (n) => Effect.exit(dispatchedOne(owned, one(n))),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        exits.flatMap((exit, n) => (Exit.isFailure(exit) ? [n] : [])),
        [7]
      )
      assert.lengthOf(yield* payloadsAt(owned), 19)
    })
  )

  it.effect("dispatches of any size are one transaction", () =>
    Effect.gen(function* () {
      const owned = yield* ownedWorkspace()
      const many = Array.from({ length: 2500 }, (_, n) => keyed(n, `${n % 2000}`))
      const answers = yield* dispatched(owned, many)
      assert.strictEqual(tagsOf(answers).filter((tag) => tag === "Inserted").length, 2000)
      const bad = [...many, { ...asked("bad"), delivery: { ...asked("bad").delivery, payload: "{" } }]
      const again = yield* ownedWorkspace()
      assert.isTrue(Exit.isFailure(yield* Effect.exit(dispatched(again, bad))))
      assert.deepStrictEqual(yield* claimable(again, background), [])
      assert.lengthOf(yield* claimable(owned, background), 1000)
    })
  )
})
