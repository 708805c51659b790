import { Register } from "@fibercast/examples/school/Register"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestDatabase } from "../../support/TestDatabase.ts"
import { child, classOf, enrol } from "./Schools.ts"

const tell = (className: string, month = "2026-01") =>
  Effect.flatMap(Register, (register) =>
    register.tell({ className, month }, ({ before, children }) =>
      Effect.succeed(`${before} before, then ${children.map(({ name }) => name).join(", ")}`)
    )
  )

const registers = [
  ["memory", Register.layerMemory],
  ["Postgres", Layer.provide(Register.layerSql, TestDatabase.layer)]
] as const

for (const [where, register] of registers) {
  describe(`The register of a school (${where})`, () => {
    it.live("tells of each child once a month, in order, also when asked many times at once", () =>
      Effect.gen(function* () {
        yield* classOf(3)
        const all = yield* Effect.all(
          Array.from({ length: 5 }, () => tell("A")),
          { concurrency: 5 }
        )
        assert.sameMembers(all, ["0 before, then Anak 0, Anak 1, Anak 2", null, null, null, null])
        assert.strictEqual(yield* tell("A", "2026-02"), "0 before, then Anak 0, Anak 1, Anak 2")
      }).pipe(Effect.provide(register))
    )

    it.live("finds whoever came later, and knows how many came before", () =>
      Effect.gen(function* () {
        yield* classOf(2)
        yield* tell("A")
        yield* enrol(child(7), child(1, "B"), child(8, "B"))
        assert.strictEqual(yield* tell("A"), "2 before, then Anak 7")
        assert.strictEqual(yield* tell("B"), "0 before, then Anak 8")
        assert.deepStrictEqual(yield* (yield* Register).classes, ["A", "B"])
      }).pipe(Effect.provide(register))
    )

    it.live("marks nobody when the telling fails", () =>
      Effect.gen(function* () {
        yield* classOf(1)
        const failing = (yield* Register).tell({ className: "A", month: "2026-01" }, () => Effect.fail("no campaign"))
        assert.strictEqual(yield* Effect.flip(failing), "no campaign")
        assert.strictEqual(yield* tell("A"), "0 before, then Anak 0")
      }).pipe(Effect.provide(register))
    )

    it.live("has nobody to tell of in a class that nobody is in", () =>
      Effect.gen(function* () {
        assert.isNull(yield* tell("Z"))
      }).pipe(Effect.provide(register))
    )
  })
}
