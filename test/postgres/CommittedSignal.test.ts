import { assert, it } from "@effect/vitest"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { Signal } from "@fibercast/ports/Signal"
import * as CommittedSignal from "@fibercast/postgres/CommittedSignal"
import { Effect, Layer, Queue, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { TestDatabase } from "../support/TestDatabase.ts"

const [one, other] = [WorkspaceId.make(1), WorkspaceId.make(2)]

const signal = CommittedSignal.layer.pipe(Layer.provide(Signal.layerMemory), Layer.provideMerge(TestDatabase.layer))

/** What was signalled so far, and since it was last asked. */
const listening = Effect.gen(function* () {
  const { notify, signals } = yield* Signal
  const queue = yield* Queue.unbounded<WorkspaceId>()
  yield* Effect.forkScoped(Stream.runForEach(signals, ({ workspaceId }) => Queue.offer(queue, workspaceId)))
  const calling = WorkspaceId.make(99)
  // Heard once the listener is there; a call marks the end of what came before it.
  const caught = Effect.gen(function* () {
    yield* notify(calling)
    const heard: Array<WorkspaceId> = []
    for (let next = yield* Queue.take(queue); next !== calling; next = yield* Queue.take(queue)) heard.push(next)
    return heard
  })
  yield* Effect.repeat(Effect.andThen(notify(calling), Effect.andThen(Effect.yieldNow, Queue.size(queue))), {
    until: (size) => size > 0
  })
  yield* Queue.takeAll(queue)
  return caught
})

it.layer(signal, { timeout: "30 seconds" })("CommittedSignal", (it) => {
  it.effect("what is signalled outside a transaction goes out at once", () =>
    Effect.gen(function* () {
      const { notify } = yield* Signal
      const heard = yield* listening
      yield* notify(one)
      assert.deepStrictEqual(yield* heard, [one])
    }).pipe(Effect.scoped)
  )

  it.effect("what is signalled in a transaction goes out once that has committed", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { notify } = yield* Signal
      const outside = yield* Effect.context<Signal>()
      const heard = yield* listening
      const within = yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* notify(one)
          yield* sql.withTransaction(notify(other))
          // Asked by whoever is in no transaction.
          return yield* Effect.callback<ReadonlyArray<WorkspaceId>>((resume) => {
            Effect.runCallbackWith(outside)(heard, { onExit: (exit) => resume(exit) })
          })
        })
      )
      assert.deepStrictEqual([within, yield* heard], [[], [one, other]])
    }).pipe(Effect.scoped)
  )

  it.effect("what is rolled back is not signalled", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { notify } = yield* Signal
      const heard = yield* listening
      yield* Effect.exit(sql.withTransaction(Effect.andThen(notify(one), Effect.fail("changed my mind"))))
      const inner = Effect.exit(sql.withTransaction(Effect.andThen(notify(one), Effect.fail("that part"))))
      yield* sql.withTransaction(Effect.andThen(inner, notify(other)))
      assert.deepStrictEqual(yield* heard, [other])
    }).pipe(Effect.scoped)
  )
})
