import { type Launch } from "@fibercast/engine/CampaignLaunch"
import { Campaigns } from "@fibercast/engine/Campaigns"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Records } from "@fibercast/ports/Records"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Announce, asked, launch, now, people, phone, world } from "./internal/Broadcasts.ts"

/** Jobs that say what they are for, and which deliveries said so, in order. */
const noting = () => {
  const noted: Array<string> = []
  const ids = new Set<string>()
  const pipeline = Pipeline.make("note", { payload: Schema.NonEmptyString }).pipe(
    Pipeline.tap((name, { delivery }) =>
      Effect.sync(() => {
        noted.push(name)
        ids.add(`${name} ${delivery.id}`)
      })
    )
  )
  const follows: Partial<Launch> = {
    then: Pipeline.job(pipeline, "then"),
    catch: Pipeline.job(pipeline, "catch"),
    finally: Pipeline.job(pipeline, "finally")
  }
  return { pipelines: [Announce, pipeline], pipeline, noted, ids, follows }
}

const engineOf = ({ pipelines }: ReturnType<typeof noting>, script?: FakeMessenger.Script) =>
  TestEngine.layer({ pipelines }).pipe(Layer.provideMerge(FakeMessenger.FakeMessenger.layer(script)))

const refusesFirst = FakeMessenger.byTarget({ [phone(0)]: [FakeMessenger.fail("messagePermanent")] })

const slow = { rate: { permits: 1, per: 1000 } } as const

describe("what follows a campaign", () => {
  it.effect("is caught at the first failure while it runs, and then and finally once it has completed", () => {
    const notes = noting()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launch(workspaceId, { ...notes.follows, ...slow })
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(notes.noted, ["catch"])
      assert.strictEqual((yield* now(campaign)).status, "running")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* now(campaign)).status, "completed")
      assert.deepStrictEqual(notes.noted, ["catch", "then", "finally"])
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(notes.noted.length, 3)
    }).pipe(Effect.provide(engineOf(notes, refusesFirst)))
  })

  it.effect("is only what is to be done finally when it is cancelled", () => {
    const notes = noting()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launch(workspaceId, { ...notes.follows, ...slow })
      yield* TestClock.adjust("2 seconds")
      yield* Effect.flatMap(Campaigns, (campaigns) => campaigns.cancel(workspaceId, campaign.id))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(notes.noted, ["finally"])
      yield* Expect.balanced(workspaceId, campaign.id)
    }).pipe(Effect.provide(engineOf(notes)))
  })

  it.effect(
    "happens while its workspace is at work although nobody here has seen the campaign before it was over",
    () => {
      const notes = noting()
      return Effect.gen(function* () {
        const workspaceId = yield* TestEngine.workspace()
        const campaign = yield* launch(workspaceId)
        yield* TestClock.adjust("1 minute")
        const { audienceHash, spec, templateHash } = yield* now(campaign)
        const stays = yield* Effect.forkChild(
          Effect.forever(
            Effect.andThen(
              Pipeline.dispatch(notes.pipeline, { workspaceId, payload: "job" }),
              Effect.sleep("2500 millis")
            )
          )
        )
        yield* TestClock.adjust("5 seconds")
        const store = yield* CampaignStore
        const at = yield* Clock.currentTimeMillis
        const last = yield* Pipeline.job(notes.pipeline, "finally")
        const consequences = { then: null, catch: null, finally: last }
        const asked = { workspaceId, key: "other", spec, templateHash, audienceHash, consequences, now: at }
        const { id: campaignId } = (yield* store.create(asked)).campaign
        const move = { workspaceId, campaignId, note: null, now: at }
        yield* store.transition({ ...move, from: ["scheduled"], to: "cancelled" })
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.interrupt(stays)
        assert.deepStrictEqual(
          notes.noted.filter((note) => note !== "job"),
          ["finally"]
        )
      }).pipe(Effect.provide(engineOf(notes)))
    }
  )

  it.effect("happens once, whenever nodes die", () => {
    const notes = noting()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      let node = yield* TestNode.make(notes)
      const options = { ...notes.follows, audience: { _tag: "Inline", rows: people(40) } as const }
      const { campaign } = yield* node.use(
        Effect.flatMap(Campaigns, (campaigns) =>
          campaigns.launch(asked(workspaceId, { ...options, rate: { permits: 2, per: 1000 } }))
        )
      )
      for (let death = 0; death < 60; death++) {
        yield* TestClock.adjust(`${300 + ((death * 137) % 900)} millis`)
        yield* node.kill
        node = yield* TestNode.make(notes)
      }
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* now(campaign)).status, "completed")
      assert.deepStrictEqual([...notes.ids].map((id) => id.split(" ")[0]).toSorted(), ["catch", "finally", "then"])
    }).pipe(Effect.provide(world(refusesFirst)))
  })

  it.effect("does not follow again when what failed is tried again and it completes anew", () => {
    const notes = noting()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const campaign = yield* launch(workspaceId, notes.follows)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(notes.noted.length, 3)
      const filter = { workspaceId: null, states: ["failed"] } as const
      const at = yield* Clock.currentTimeMillis
      assert.strictEqual((yield* (yield* Records).retry({ filter, ids: null, limit: 10, now: at })).length, 1)
      yield* TestClock.adjust("1 minute")
      const { counts, status } = yield* now(campaign)
      assert.deepStrictEqual([status, counts.completed], ["completed", 10])
      assert.strictEqual(notes.noted.length, 3)
    }).pipe(Effect.provide(engineOf(notes, refusesFirst)))
  })

  it.effect("is refused by its name when its payload does not encode, and nothing is launched", () => {
    const notes = noting()
    return Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const refused = yield* Effect.flip(launch(workspaceId, { catch: Pipeline.job(notes.pipeline, "") }))
      assert.deepInclude(refused, { _tag: "CampaignRefused", field: "catch" })
      const { created } = yield* (yield* Campaigns).launch(asked(workspaceId))
      assert.isTrue(created)
    }).pipe(Effect.provide(engineOf(notes)))
  })
})
