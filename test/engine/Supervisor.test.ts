import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { WorkspaceRuntime } from "@fibercast/ports/WorkspaceRuntime"
import { Ledger, LedgerUnavailable } from "@fibercast/ports/Ledger"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as Expect from "@fibercast/testkit/Expect"
import { FakeMessenger } from "@fibercast/testkit/FakeMessenger"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Announce, launchTo, now } from "./internal/Broadcasts.ts"

/** An engine whose ledger breaks when work of one workspace is claimed, so often; and when it did. */
const breaking = (times: number) => {
  const crashes: Array<number> = []
  const state: { victim: WorkspaceId | null; times: number } = { victim: null, times }
  const ledger = Layer.effect(
    Ledger,
    Effect.map(Ledger, (ledger) =>
      Ledger.of({
        ...ledger,
        claim: (claim) =>
          claim.workspaceId === state.victim && crashes.length < state.times
            ? Effect.flatMap(Clock.currentTimeMillis, (at) => {
                crashes.push(at)
                return Effect.die(new Error("a row that cannot be read"))
              })
            : ledger.claim(claim)
      })
    )
  )
  const layer = TestEngine.layerEngine({ pipelines: [Announce] }).pipe(
    Layer.provide(ledger),
    Layer.provideMerge(Layer.merge(TestEngine.layerStores(), FakeMessenger.layer()))
  )
  return { layer, crashes, state }
}

describe("Supervisor", () => {
  it.effect("a workspace that crashes is started again, each time after a longer wait, and loses nothing", () => {
    const { crashes, layer, state } = breaking(4)
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace("unlucky")
      state.victim = workspaceId
      const campaign = yield* launchTo(workspaceId, 100)
      yield* TestClock.adjust("1 minute")
      assert.lengthOf(crashes, 4)
      const gaps = crashes.slice(1).map((at, index) => at - (crashes[index] ?? 0))
      for (const [index, full] of [100, 200, 400].entries()) {
        assert.isAtLeast(gaps[index] ?? 0, full / 2)
        assert.isAtMost(gaps[index] ?? Infinity, full + 1)
      }
      assert.deepInclude((yield* now(campaign)).counts, { planned: 100, completed: 100 })
      yield* Expect.alerted("WorkspaceQuarantined", 0)
    }).pipe(Effect.provide(layer))
  })

  it.effect("one that keeps crashing is set aside with an alarm, and its neighbour notices nothing", () => {
    const { crashes, layer, state } = breaking(Infinity)
    return Effect.gen(function* () {
      const victim = yield* TestEngine.workspace("unlucky")
      const neighbour = yield* TestEngine.workspace("neighbour")
      state.victim = victim
      const doomed = yield* launchTo(victim, 100)
      const fine = yield* launchTo(neighbour, 100)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* now(fine)).status, "completed")
      yield* TestClock.adjust("10 minutes")
      assert.lengthOf(crashes, 6)
      yield* Expect.alerted("WorkspaceQuarantined")
      assert.match((yield* (yield* WorkspaceStore).get(victim)).quarantine ?? "", /6 crashes within 60 s/)
      assert.deepInclude((yield* now(doomed)).counts, { planned: 100, open: 100 })
    }).pipe(Effect.provide(layer))
  })

  it.effect("a workspace set aside refuses commands, and works again once it is brought back", () => {
    const { layer, state } = breaking(6)
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace("unlucky")
      state.victim = workspaceId
      const campaign = yield* launchTo(workspaceId, 100)
      yield* TestClock.adjust("5 minutes")
      const runtime = yield* WorkspaceRuntime
      const command = { _tag: "Pause", campaignId: campaign.id, note: null } as const
      const refused = yield* Effect.flip(runtime.ask(workspaceId, command))
      assert.strictEqual(refused._tag, "WorkspaceUnavailable")
      yield* (yield* WorkspaceStore).setQuarantine(workspaceId, null)
      yield* TestClock.adjust("1 minute")
      assert.deepInclude((yield* now(campaign)).counts, { planned: 100, completed: 100 })
    }).pipe(Effect.provide(layer))
  })

  it.effect("crashes that are far apart never add up", () => {
    const { crashes, layer, state } = breaking(0)
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace("unlucky")
      state.victim = workspaceId
      const rate = { permits: 1, per: 5000 }
      const campaign = yield* launchTo(workspaceId, 100, { rate })
      for (let n = 1; n <= 8; n++) {
        state.times = n
        yield* TestClock.adjust("1 minute")
      }
      assert.lengthOf(crashes, 8)
      yield* Expect.alerted("WorkspaceQuarantined", 0)
      assert.isAbove((yield* now(campaign)).counts.completed, 70)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a ledger that is away while a workspace starts is no crash of the workspace", () => {
    let isAway = true
    const before = (operation: string) =>
      isAway && operation === "attemptsSince"
        ? Effect.fail(new LedgerUnavailable({ operation, cause: new Error("the connection was lost") }))
        : Effect.void
    const layer = TestEngine.layerEngine({ pipelines: [Announce] }).pipe(
      Layer.provide(Interposed.layerStores({ before })),
      Layer.provideMerge(Layer.merge(TestEngine.layerStores(), FakeMessenger.layer()))
    )
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace("limited", { limits: { rate: { permits: 100, per: 1000 } } })
      const campaign = yield* launchTo(workspaceId, 10)
      yield* TestClock.adjust("5 minutes")
      isAway = false
      yield* TestClock.adjust("1 minute")
      assert.deepInclude((yield* now(campaign)).counts, { planned: 10, completed: 10 })
      yield* Expect.alerted("WorkspaceQuarantined", 0)
    }).pipe(Effect.provide(layer))
  })
})
