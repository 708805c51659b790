import { Requests } from "@fibercast/examples/blazz/Requests"
import { requests } from "@fibercast/examples/blazz/Weekend"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestDatabase } from "../../support/TestDatabase.ts"
import { ask } from "./Blazz.ts"

const [one, two, three] = requests("2026-10-25", 2)
const [first, second, third] = [one!, two!, three!]

const stores = [
  ["memory", Requests.layerMemory],
  ["Postgres", Layer.provide(Requests.layerSql, TestDatabase.layer)]
] as const

for (const [where, store] of stores) {
  describe(`Requests (${where})`, () => {
    it.live("wait in the order they came, whole, until they are answered", () =>
      Effect.gen(function* () {
        const { answer, waiting } = yield* Requests
        yield* ask(second, first, third)
        assert.deepStrictEqual(yield* waiting(2), [second, first])
        yield* answer(second.id, { status: "planned" }, 1000)
        yield* answer(first.id, { status: "refused", reason: "no column" }, 1000)
        assert.deepStrictEqual(yield* waiting(2), [third])
      }).pipe(Effect.provide(store))
    )

    it.live("keep what they were answered; one that is put again is left as it is", () =>
      Effect.gen(function* () {
        const { answer, get, put, waiting } = yield* Requests
        yield* ask(first)
        assert.deepStrictEqual(yield* get(first.id), { request: first, answer: null })
        const refused = { status: "refused", reason: "no column" } as const
        yield* answer(first.id, refused, 1000)
        yield* put({ ...first, name: "another" })
        assert.deepStrictEqual(yield* get(first.id), { request: first, answer: refused })
        assert.deepStrictEqual(yield* waiting(10), [])
        assert.isNull(yield* get("another"))
      }).pipe(Effect.provide(store))
    )

    it.live("are forgotten once they were answered before an instant, and not while they wait", () =>
      Effect.gen(function* () {
        const { answer, get, prune, waiting } = yield* Requests
        yield* ask(first, second, third)
        yield* answer(first.id, { status: "planned" }, 1000)
        yield* answer(second.id, { status: "planned" }, 2000)
        assert.strictEqual(yield* prune(2000), 1)
        assert.isNull(yield* get(first.id))
        assert.isNotNull(yield* get(second.id))
        assert.deepStrictEqual(yield* waiting(10), [third])
      }).pipe(Effect.provide(store))
    )
  })
}
