import { Analytics } from "@fibercast/examples/cars/Analytics"
import { IncrementViews } from "@fibercast/examples/cars/Views"
import { NotTold } from "@fibercast/examples/cars/Notices"
import { kept } from "@fibercast/examples/cars/Upkeep"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Triggers } from "@fibercast/engine/Triggers"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as Expect from "@fibercast/testkit/Expect"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Cars from "./Cars.ts"

const at = (text: string) => Date.parse(text)

/** An evening in Berlin, an hour before midnight. */
const evening = "2026-03-28T22:00:00Z"

/** Lets hours pass, and everything happen that is due. */
const pass = (hours: number) =>
  Effect.repeat(Effect.andThen(TestClock.adjust("1 hour"), TestEngine.catchUp), { times: hours - 1 })

/** Days cost little: hardly anything wakes up between two runs. */
const days = (world: Cars.Outside) => Cars.site(world, evening, TestEngine.sparse)

const output = (trigger: string) =>
  Effect.map(Expect.occurrences(trigger), (all) => all.map((one) => one.output?.trim().split("\n").at(-1) ?? ""))

describe("Sponsorships", () => {
  it.effect("that are over end at 00:01, and the provider of each is told, once", () => {
    const world = Cars.outside()
    return Effect.gen(function* () {
      yield* Cars.putProviders(Cars.provider(1), Cars.provider(2))
      yield* Cars.putListings(
        Cars.listing(1, { sponsoredUntil: at("2026-03-28T23:00:00Z") }),
        Cars.listing(2, { provider: 2, sponsoredUntil: at("2026-03-28T12:00:00Z") }),
        Cars.listing(3, { sponsoredUntil: at("2026-03-29T23:30:00Z") }),
        Cars.listing(4, { featured: { until: at("2026-03-28T12:00:00Z"), position: 1 } })
      )
      yield* pass(2)
      assert.sameMembers(world.told, [
        "SponsorshipExpired car-1 to Provider 1",
        "SponsorshipExpired car-2 to Provider 2"
      ])
      assert.isNull((yield* Cars.get(4))?.featured)
      yield* pass(24)
      assert.lengthOf(world.told, 2, "the third ends half past one tomorrow, after the run")
      yield* pass(24)
      assert.lengthOf(world.told, 3)
      yield* Expect.dispatched("cars.sponsorship-expired", 3)
    }).pipe(Effect.provide(days(world)))
  })

  it.effect("end once on two nodes", () => {
    const world = Cars.outside()
    const nodes = Layer.merge(Cars.node({ alone: false }), Cars.node({ alone: false }))
    return Effect.gen(function* () {
      yield* Cars.putProviders(Cars.provider(1))
      yield* Cars.putListings(Cars.listing(1, { sponsoredUntil: at(evening) }))
      yield* pass(3)
      assert.deepStrictEqual(world.told, ["SponsorshipExpired car-1 to Provider 1"])
      yield* Expect.occurred("sponsored.expire", "fired", 1)
      yield* Expect.ended("sponsored.expire", "completed", 1)
    }).pipe(Effect.provide(Layer.provideMerge(nodes, Cars.stores(world, evening))))
  })

  it.effect("of more listings than fit into one transaction all end", () => {
    const world = Cars.outside()
    return Effect.gen(function* () {
      yield* Cars.putProviders(Cars.provider(1))
      const ids = Array.from({ length: 1200 }, (_, n) => n + 1)
      yield* Cars.putListings(...ids.map((id) => Cars.listing(id, { sponsoredUntil: at(evening) })))
      yield* pass(2)
      assert.strictEqual(new Set(world.told).size, 1200)
      assert.lengthOf(world.told, 1200)
    }).pipe(Effect.provide(Cars.site(world, evening)))
  })

  it.effect("go on if the notice is refused, and end five minutes later once there is room", () => {
    const world = Cars.outside()
    return Effect.gen(function* () {
      const workspaces = yield* WorkspaceStore
      const id = yield* Cars.workspace
      yield* Cars.putProviders(Cars.provider(1))
      yield* Cars.putListings(Cars.listing(1, { sponsoredUntil: at(evening) }))
      const later = { workspaceId: id, delay: "10 days" } as const
      yield* Pipeline.dispatch(IncrementViews, { ...later, payload: { listing: 1, visitor: "v", at: 0 } })
      yield* workspaces.setLimits(id, { backlog: 1 })
      yield* TestClock.adjust("62 minutes")
      yield* TestEngine.catchUp
      assert.strictEqual((yield* Cars.get(1))?.sponsoredUntil, at(evening))
      assert.deepStrictEqual(world.told, [])
      yield* workspaces.setLimits(id, {})
      yield* TestClock.adjust("5 minutes")
      yield* TestEngine.catchUp
      assert.isNull((yield* Cars.get(1))?.sponsoredUntil)
      assert.deepStrictEqual(world.told, ["SponsorshipExpired car-1 to Provider 1"])
      yield* Expect.ended("sponsored.expire", "completed", 1)
    }).pipe(Effect.provide(Cars.site(world, evening)))
  })

  it.effect("of a listing that is deleted before its provider is told are not told of", () => {
    const world = Cars.outside({ telling: () => Effect.fail(new NotTold({ reason: "the mail server is away" })) })
    return Effect.gen(function* () {
      yield* Cars.putProviders(Cars.provider(1))
      yield* Cars.putListings(Cars.listing(1, { sponsoredUntil: at(evening) }))
      yield* TestClock.adjust("61 minutes")
      yield* TestEngine.catchUp
      yield* Cars.putListings(Cars.listing(1, { deletedAt: at(evening) }))
      yield* TestClock.adjust("1 minute")
      yield* TestEngine.catchUp
      assert.deepStrictEqual(yield* Cars.ended("cars.sponsorship-expired"), ["skipped: listing 1 has gone"])
    }).pipe(Effect.provide(Cars.site(world, evening)))
  })
})

describe("The analytics of yesterday", () => {
  /** One view in each hour, from noon on 27 March on. */
  const views = Effect.suspend(() =>
    Cars.record(...Array.from({ length: 72 }, (_, n) => Cars.event(`${n}`, at("2026-03-27T11:00:00Z") + n * 3_600_000)))
  )

  const perDay = Effect.gen(function* () {
    const counts: Array<number | undefined> = []
    for (const name of ["2026-03-26", "2026-03-27", "2026-03-28", "2026-03-29", "2026-03-30"]) {
      counts.push((yield* Cars.stats(name))[0]?.views)
    }
    return counts
  })

  it.effect("are those of the day on the wall clock of the business, of 23 hours where it has no more", () =>
    Effect.gen(function* () {
      yield* views
      yield* pass(48)
      assert.deepStrictEqual(yield* output("analytics.aggregate"), ["2026-03-28: 1 listings", "2026-03-29: 1 listings"])
      assert.deepStrictEqual(yield* perDay, [undefined, undefined, 24, 23, undefined])
    }).pipe(Effect.provide(days(Cars.outside())))
  )

  it.effect(
    "are those of the day before the run was due, and of each day that nobody was there, however late it is",
    () => {
      const stores = Cars.stores(Cars.outside(), "2026-03-27T12:00:00Z")
      return Effect.gen(function* () {
        yield* Effect.provide(pass(1), Cars.node())
        yield* views
        // Down from the afternoon of the 27th until the afternoon of the 30th.
        yield* TestClock.adjust("3 days")
        yield* Effect.provide(pass(1), Cars.node())
        assert.deepStrictEqual(yield* perDay, [undefined, 12, 24, 23, undefined])
        const late = (yield* Expect.occurrences("analytics.aggregate")).filter(({ outcome }) => outcome === "late")
        assert.lengthOf(late, 1)
        assert.deepStrictEqual(yield* output("sitemap.write"), ["", "", "1 addresses"])
      }).pipe(Effect.provide(stores))
    }
  )

  it.effect("are archived after 180 days on the first of the month, and deleted listings after 30 days", () =>
    Effect.gen(function* () {
      const first = at("2026-04-01T01:00:00Z")
      const purge = at("2026-04-01T02:00:00Z")
      yield* Cars.record(
        Cars.event("old", first - kept.events - 1),
        Cars.event("new", first - kept.events),
        Cars.event("now", first)
      )
      yield* Cars.putListings(
        Cars.listing(1, { deletedAt: purge - kept.deleted }),
        Cars.listing(2, { deletedAt: purge - kept.deleted + 1 })
      )
      yield* pass(4 * 24)
      assert.deepStrictEqual(yield* output("analytics.archive"), ["1 raw events are gone"])
      assert.strictEqual(yield* (yield* Analytics).archive(Infinity, 10), 2)
      assert.isNull(yield* Cars.get(1))
      assert.isNotNull(yield* Cars.get(2))
    }).pipe(Effect.provide(days(Cars.outside())))
  )
})

describe("A low balance", () => {
  it.effect("is told on Monday at nine, once a week, also when the run is made again", () => {
    const world = Cars.outside()
    return Effect.gen(function* () {
      yield* Cars.putProviders(
        Cars.provider(1, { walletBalance: 49 }),
        Cars.provider(2, { walletBalance: 0 }),
        Cars.provider(3, { walletBalance: 50 }),
        Cars.provider(4, { walletBalance: 0.5 })
      )
      // Monday is the 30th.
      yield* pass(32)
      assert.deepStrictEqual(world.told, [])
      yield* pass(4)
      assert.sameMembers(world.told, ["LowBalance 49 to Provider 1", "LowBalance 0.5 to Provider 4"])
      const { test } = yield* Triggers
      yield* test(yield* Cars.workspace, "balances.remind")
      yield* pass(24)
      assert.lengthOf(world.told, 2)
      yield* pass(6 * 24)
      assert.lengthOf(world.told, 4)
    }).pipe(Effect.provide(days(world)))
  })

  it.effect("that was mended meanwhile is not told", () => {
    const world = Cars.outside({ telling: () => Effect.fail(new NotTold({ reason: "the mail server is away" })) })
    return Effect.gen(function* () {
      yield* Cars.putProviders(Cars.provider(1, { walletBalance: 49 }))
      yield* TestClock.adjust("33 hours")
      yield* TestEngine.catchUp
      yield* Cars.putProviders(Cars.provider(1, { walletBalance: 500 }))
      yield* pass(1)
      assert.deepStrictEqual(yield* Cars.ended("cars.low-balance"), ["skipped: the balance is not low any more"])
    }).pipe(Effect.provide(days(world)))
  })
})
