import { Analytics } from "@fibercast/examples/cars/Analytics"
import { type Needs, pipelines, scheduledIn } from "@fibercast/examples/cars/App"
import { BadImage } from "@fibercast/examples/cars/Images"
import { Listings } from "@fibercast/examples/cars/Listings"
import { NotTold, SponsorshipExpired } from "@fibercast/examples/cars/Notices"
import { ProcessImages } from "@fibercast/examples/cars/Photos"
import { IncrementViews } from "@fibercast/examples/cars/Views"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as PipelineOverrides from "@fibercast/engine/PipelineOverrides"
import { LedgerUnavailable } from "@fibercast/ports/Ledger"
import { Records } from "@fibercast/ports/Records"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Cars from "./Cars.ts"

const startAt = "2026-05-04T12:00:00Z"

/** Lets seconds pass, and everything happen that is due. */
const pass = (seconds: number) =>
  Effect.repeat(Effect.andThen(TestClock.adjust("1 second"), TestEngine.catchUp), { times: seconds - 1 })

const view = (listing = 1) =>
  Effect.gen(function* () {
    const at = yield* Clock.currentTimeMillis
    const payload = { listing, visitor: "203.0.113.9", at }
    return yield* Pipeline.dispatch(IncrementViews, { workspaceId: yield* Cars.workspace, payload })
  })

const upload = (...images: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const payload = { listing: 1, images }
    return yield* Pipeline.dispatch(ProcessImages, { workspaceId: yield* Cars.workspace, payload })
  })

const aListing = Effect.andThen(Cars.putProviders(Cars.provider(1)), Cars.putListings(Cars.listing(1)))

const views = Effect.map(Cars.get(1), (listing) => listing?.views)

/** The app's own services, with something that happens before or after their calls. */
const interposed = (interposition: Interposed.Interposition) =>
  Layer.mergeAll(
    Layer.effect(
      Listings,
      Effect.map(Listings, (own) => Interposed.make(own, interposition))
    ),
    Layer.effect(
      Analytics,
      Effect.map(Analytics, (own) => Interposed.make(own, interposition))
    )
  )

/** Fails the first `times` calls of the operation, and notes when each was made. */
const failing = (operation: string, times: number, tried: Array<number>) => {
  let left = times
  return (called: string) =>
    Effect.gen(function* () {
      if (called !== operation) return
      tried.push(yield* Clock.currentTimeMillis)
      if (left === 0) return
      left -= 1
      return yield* new LedgerUnavailable({ operation, cause: new Error("the database is away") })
    })
}

const site = (interposition: Interposed.Interposition, options: Parameters<typeof Cars.node>[0] = {}) =>
  Cars.node(options).pipe(
    Layer.provide(interposed(interposition)),
    Layer.provideMerge(Cars.stores(Cars.outside(), startAt))
  )

const waits = (tried: ReadonlyArray<number>) => tried.slice(1).map((at, n) => (at - (tried[n] ?? at)) / 1000)

describe("A view", () => {
  it.effect("counts once, and one of a listing that is gone counts nowhere", () =>
    Effect.gen(function* () {
      yield* aListing
      yield* Effect.all([view(), view(), view(99)])
      yield* pass(1)
      assert.strictEqual(yield* views, 2)
      assert.deepStrictEqual(yield* Cars.ended("cars.views"), ["completed", "completed", "completed"])
    }).pipe(Effect.provide(Cars.site(Cars.outside(), startAt)))
  )

  it.effect("that fails is tried three times in all, after 10 and 30 seconds, and has then failed", () => {
    const tried: Array<number> = []
    return Effect.gen(function* () {
      yield* aListing
      yield* view()
      yield* pass(120)
      assert.deepStrictEqual(waits(tried), [10, 30])
      assert.strictEqual(yield* views, 0)
      const [reason] = yield* Cars.ended("cars.views")
      assert.match(reason ?? "", /^failed: .*the database is away/u)
    }).pipe(Effect.provide(site({ before: failing("addView", 9, tried) })))
  })

  it.effect("waits 10, 30 and 60 seconds where a worker gives it a fourth try", () => {
    const tried: Array<number> = []
    const four = pipelines.map((one) => PipelineOverrides.apply<Needs>(one, { tries: 4 }))
    return Effect.gen(function* () {
      yield* aListing
      yield* view()
      yield* pass(120)
      assert.deepStrictEqual(waits(tried), [10, 30, 60])
      assert.strictEqual(yield* views, 1)
    }).pipe(Effect.provide(site({ before: failing("addView", 3, tried) }, { pipelines: four })))
  })

  it.effect("counts once when the answer to the count is lost and it is tried again", () => {
    const tried: Array<number> = []
    return Effect.gen(function* () {
      yield* aListing
      yield* view()
      yield* pass(60)
      assert.deepStrictEqual(waits(tried), [10, 30])
      assert.strictEqual(yield* views, 1)
      assert.deepStrictEqual(yield* Cars.ended("cars.views"), ["completed"])
    }).pipe(Effect.provide(site({ after: failing("once", 2, tried) })))
  })

  it.effect("that takes longer than half a minute is cut off, and tried again ten seconds later", () => {
    const tried: Array<number> = []
    const note = failing("addView", 0, tried)
    const before = (called: string) =>
      Effect.flatMap(note(called), () => (called === "addView" && tried.length === 1 ? Effect.never : Effect.void))
    return Effect.gen(function* () {
      yield* aListing
      yield* view()
      yield* pass(60)
      assert.deepStrictEqual(waits(tried), [40])
      assert.strictEqual(yield* views, 1)
    }).pipe(Effect.provide(site({ before })))
  })
})

describe("Images", () => {
  it.effect("become the photos of their listing, in their order", () => {
    const world = Cars.outside()
    return Effect.gen(function* () {
      yield* aListing
      yield* upload("AAAA", "BBBB")
      yield* pass(1)
      assert.deepStrictEqual((yield* Cars.get(1))?.photos, ["1/1.jpg", "1/2.jpg"])
    }).pipe(Effect.provide(Cars.site(world, startAt)))
  })

  it.effect("of which one is bad fail for good at once, with its reason, and change nothing", () => {
    const world = Cars.outside({
      image: ({ listing, place }) =>
        place === 2
          ? Effect.fail(new BadImage({ listing, place, reason: "is no JPEG, PNG or WebP" }))
          : Effect.succeed(`${listing}/${place}.jpg`)
    })
    return Effect.gen(function* () {
      yield* aListing
      yield* upload("AAAA", "BBBB")
      yield* pass(10)
      assert.lengthOf(world.images, 2)
      assert.deepStrictEqual(yield* Cars.ended("cars.images"), ["failed: image 2 of listing 1 is no JPEG, PNG or WebP"])
      assert.deepStrictEqual((yield* Cars.get(1))?.photos, [])
      yield* Expect.alerted("DeliveryFailed")
    }).pipe(Effect.provide(Cars.site(world, startAt)))
  })

  it.effect("are cut off after two minutes, tried twice, and recorded as not done in time", () => {
    const world = Cars.outside({ image: () => Effect.never })
    return Effect.gen(function* () {
      yield* aListing
      yield* upload("AAAA")
      yield* pass(119)
      assert.lengthOf(world.images, 1)
      yield* pass(4)
      assert.deepStrictEqual(waits(world.images), [121])
      yield* pass(121)
      assert.lengthOf(world.images, 2)
      assert.deepStrictEqual(yield* Cars.ended("cars.images"), ["unknown: not done in time"])
      const [found] = yield* (yield* Records).ended({
        filter: { workspaceId: null, states: ["unknown"] },
        after: null,
        limit: 1
      })
      assert.deepStrictEqual([found?.lane, found?.tags], ["high", ["listing:1"]])
    }).pipe(Effect.provide(Cars.site(world, startAt)))
  })
})

describe("A notice", () => {
  it.effect("that cannot be told is tried three times, and then somebody hears of it", () => {
    const world = Cars.outside({ telling: () => Effect.fail(new NotTold({ reason: "the mail server is away" })) })
    return Effect.gen(function* () {
      yield* aListing
      yield* Pipeline.dispatch(SponsorshipExpired, {
        workspaceId: yield* Cars.workspace,
        payload: { listing: 1, until: 0 }
      })
      yield* pass(400)
      assert.deepStrictEqual(yield* Cars.ended("cars.sponsorship-expired"), [
        "failed: the provider could not be told: the mail server is away"
      ])
      yield* Expect.alerted("DeliveryFailed")
    }).pipe(Effect.provide(Cars.site(world, startAt)))
  })
})

/** The answer of the operation takes so long. */
const slow = (operation: string, seconds: number) => (called: string) =>
  called === operation ? Effect.sleep(seconds * 1000) : Effect.void

describe("A node that dies", () => {
  const sponsored = "2026-05-04T21:59:00Z"

  it.effect("while views are counted leaves them to the next, and each counts once", () => {
    return Effect.gen(function* () {
      yield* aListing
      yield* Effect.replicateEffect(view(), 200)
      const options = { app: "cars", pipelines, scheduled: scheduledIn(Cars.zone), settings: { concurrency: 20 } }
      const run = TestNode.run(Cars.node(options).pipe(Layer.provide(interposed({ after: slow("once", 1) }))), {})
      const first = yield* run
      yield* pass(3)
      yield* first.kill
      const before = (yield* views) ?? 0
      assert.isAbove(before, 20)
      assert.isBelow(before, 200)
      yield* run
      yield* pass(60)
      assert.strictEqual(yield* views, 200)
      yield* Expect.settled("completed", 200)
    }).pipe(Effect.scoped, Effect.provide(dying(Cars.outside(), startAt)))
  })

  it.effect(
    "in the middle of ending sponsorships leaves the rest to the next: none is lost, none is told of twice",
    () => {
      const world = Cars.outside()
      return Effect.gen(function* () {
        yield* Cars.putProviders(Cars.provider(1))
        const ids = Array.from({ length: 1200 }, (_, n) => n + 1)
        yield* Cars.putListings(...ids.map((id) => Cars.listing(id, { sponsoredUntil: Date.parse(sponsored) })))
        const options = { app: "cars", pipelines, scheduled: scheduledIn(Cars.zone) }
        const run = TestNode.run(
          Cars.node(options).pipe(Layer.provide(interposed({ after: slow("expireSponsored", 10) }))),
          {}
        )
        const first = yield* run
        yield* pass(125)
        yield* first.kill
        yield* Expect.dispatched("cars.sponsorship-expired", 500)
        yield* run
        yield* pass(400)
        yield* Expect.dispatched("cars.sponsorship-expired", 1200)
        assert.lengthOf(world.told, 1200)
        assert.strictEqual(new Set(world.told).size, 1200)
        yield* Expect.ended("sponsored.expire", "completed", 1)
      }).pipe(Effect.scoped, Effect.provide(dying(world, sponsored)))
    }
  )
})

/** What outlives a node. */
function dying(world: Cars.Outside, startAt: string) {
  return Layer.mergeAll(Cars.stores(world, startAt), FakeMessenger.FakeMessenger.layer())
}
