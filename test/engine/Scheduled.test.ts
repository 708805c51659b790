import * as Frequency from "@fibercast/domain/Frequency"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, pipe } from "effect"

class Listings extends Context.Service<Listings, { readonly expire: Effect.Effect<void> }>()("test/Listings") {}
class Disk extends Context.Service<Disk, { readonly clean: Effect.Effect<void> }>()("test/Disk") {}

const expire = Scheduled.run(
  "expire",
  Frequency.hourly,
  Effect.flatMap(Listings, ({ expire }) => expire)
)
const clean = Scheduled.run(
  "clean",
  Frequency.hourly,
  Effect.flatMap(Disk, ({ clean }) => clean)
)

describe("a group of triggers", () => {
  it("may be of triggers that need different things, and needs all of them", () => {
    const all: ReadonlyArray<Scheduled.Scheduled<Listings | Disk>> = Scheduled.group(
      "upkeep",
      Scheduled.withoutOverlapping,
      [expire, clean]
    )
    const piped = Scheduled.group("upkeep", (one) => pipe(one, Scheduled.description("by night")), all)
    for (const { definition } of piped) {
      assert.deepInclude(definition, { group: "upkeep", overlap: { _tag: "Skip" }, description: "by night" })
    }
    // @ts-expect-error: the disk is needed too.
    const some: ReadonlyArray<Scheduled.Scheduled<Listings>> = all
    assert.deepStrictEqual(
      some.map(({ definition }) => definition.trigger.name),
      ["expire", "clean"]
    )
  })
})
