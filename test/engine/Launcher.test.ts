import * as Frequency from "@fibercast/domain/Frequency"
import { type AccountGates } from "@fibercast/engine/AccountGates"
import { Launcher } from "@fibercast/engine/Launcher"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import * as Expect from "@fibercast/testkit/Expect"
import { FakeMessenger } from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Announce, asked, people, sentTo } from "./internal/Broadcasts.ts"

/** A job that launches a campaign. */
const Inviting = Pipeline.make("invite", { payload: Schema.String }).pipe(
  Pipeline.tap((key, { workspaceId }) =>
    Effect.flatMap(Launcher, ({ launch }) =>
      launch(asked(workspaceId, { key, audience: { _tag: "Inline", rows: people(2) } }))
    )
  )
)

const launcher = Launcher.layer([Announce, Inviting])

const engine = (scheduled: ReadonlyArray<Scheduled.Scheduled<Launcher>> = []) =>
  TestEngine.layerSchedulingEngine<AccountGates | FakeMessenger | Launcher, Launcher>({
    pipelines: [Announce, Inviting],
    scheduled
  }).pipe(
    Layer.provideMerge(launcher),
    Layer.provideMerge(TestEngine.layerStores({ startAt: "2026-01-01T00:00:00.500Z" })),
    Layer.provideMerge(FakeMessenger.layer())
  )

describe("A launcher", () => {
  it.effect("lets the code of a trigger launch a campaign, which the same engine sends", () => {
    const news = Scheduled.run("news", Frequency.everyMinute, ({ workspaceId, wallTime }) =>
      Effect.flatMap(Launcher, ({ launch }) =>
        launch(asked(workspaceId, { key: wallTime, audience: { _tag: "Inline", rows: people(1) } }))
      )
    )
    return Effect.gen(function* () {
      yield* TestClock.adjust("130 seconds")
      yield* Expect.ended("news", "completed", 2)
      assert.strictEqual((yield* sentTo).length, 2)
    }).pipe(Effect.provide(engine([news])))
  })

  it.effect("lets a job launch a campaign; the same key twice launches once", () =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      yield* Pipeline.dispatch(Inviting, { workspaceId, payload: "party" })
      yield* Pipeline.dispatch(Inviting, { workspaceId, payload: "party" })
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* sentTo).length, 2)
      assert.strictEqual((yield* (yield* CampaignStore).list({ workspaceId, limit: 10 })).length, 1)
    }).pipe(Effect.provide(engine()))
  )

  it.effect("knows the pipelines that it was made with, and refuses others by name", () =>
    Effect.gen(function* () {
      const { launch } = yield* Launcher
      const error = yield* Effect.flip(launch(asked(yield* TestEngine.workspace(), { pipeline: "broadcast.fax" })))
      assert.strictEqual(error.message, 'no pipeline is named "broadcast.fax"; this node knows: broadcast.fake, invite')
    }).pipe(Effect.provide(engine()))
  )
})
