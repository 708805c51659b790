import { assert, describe, it } from "@effect/vitest"
import { none } from "@fibercast/domain/Counts"
import { Records } from "@fibercast/ports/Records"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { Clock, Effect } from "effect"
import { TestClock } from "effect/testing"
import { engine, launchTo, now, phone } from "./internal/Broadcasts.ts"

/** As an operator does, from another process: nobody is signalled. */
const retryAll = Effect.gen(function* () {
  const filter = { workspaceId: null, states: ["failed"] } as const
  const opened = yield* (yield* Records).retry({ filter, ids: null, limit: 100, now: yield* Clock.currentTimeMillis })
  return opened.length
})

const script = FakeMessenger.byTarget({ [phone(0)]: [FakeMessenger.fail("messagePermanent")] })

describe("what is opened again", () => {
  for (const [when, wait] of [
    ["while its workspace is at work", "10 seconds"],
    ["long after its workspace went to sleep", "10 minutes"]
  ] as const) {
    it.effect(`of a completed campaign is sent, ${when}, and the campaign completes anew`, () =>
      Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace()
        const campaign = yield* launchTo(workspaceId, 3)
        yield* TestClock.adjust("5 seconds")
        const before = yield* now(campaign)
        assert.deepStrictEqual(
          [before.status, before.counts],
          ["completed", { ...none, planned: 3, completed: 2, failed: 1 }]
        )
        yield* TestClock.adjust(wait)
        assert.strictEqual(yield* retryAll, 1)
        assert.strictEqual((yield* now(campaign)).status, "running")
        yield* TestClock.adjust("5 seconds")
        const after = yield* now(campaign)
        assert.deepStrictEqual([after.status, after.counts], ["completed", { ...none, planned: 3, completed: 3 }])
        yield* Expect.sent(phone(0), 1)
        yield* Expect.sent(phone(1), 1)
      }).pipe(Effect.provide(engine({ script })))
    )
  }
})
