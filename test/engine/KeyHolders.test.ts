import { DeliveryId } from "@fibercast/domain/Delivery"
import { KeyHolders } from "@fibercast/engine/KeyHolders"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"
import { forAll } from "../conformance/Property.ts"

const id = (n: number) => DeliveryId.make(BigInt(n))

const keyOf = (n: number) => (n % 2 === 0 ? "a" : "b")

const fresh = (keys = 100) => {
  const clock = { now: 0 }
  return { clock, holders: new KeyHolders({ keys, now: () => clock.now }) }
}

describe("KeyHolders", () => {
  it("lets so many hold a key, and another only once one has let go", () => {
    const { holders } = fresh()
    assert.deepStrictEqual([holders.take("a", 2, id(1)), holders.take("a", 2, id(2))], [0, 0])
    assert.isAbove(holders.take("a", 2, id(3)), 0)
    assert.strictEqual(holders.take("b", 2, id(4)), 0)
    holders.release(id(1))
    assert.strictEqual(holders.take("a", 2, id(3)), 0)
    assert.isAbove(holders.take("a", 2, id(5)), 0)
  })

  it("tells a holder that asks again that it holds, and counts it once", () => {
    const { holders } = fresh()
    assert.deepStrictEqual([holders.take("a", 2, id(1)), holders.take("a", 2, id(1))], [0, 0])
    assert.strictEqual(holders.take("a", 2, id(2)), 0)
  })

  it("keeps a free place for an older one that is expected, and for no longer", () => {
    const { clock, holders } = fresh()
    holders.take("a", 1, id(1))
    clock.now = 2000
    const after = holders.take("a", 1, id(2))
    holders.release(id(1))
    assert.isAbove(holders.take("a", 1, id(3)), 0)
    clock.now += after
    assert.strictEqual(holders.take("a", 1, id(2)), 0)
    holders.release(id(2))
    clock.now += 60_000
    assert.strictEqual(holders.take("a", 1, id(3)), 0)
  })

  it("gives those that wait places apart, by what the key was held for", () => {
    const { clock, holders } = fresh()
    for (let n = 1; n <= 20; n++) {
      assert.strictEqual(holders.take("a", 1, id(n)), 0)
      clock.now += 4000
      holders.take("a", 1, id(1000))
      holders.release(id(n))
    }
    holders.take("a", 1, id(21))
    const places = [22, 23, 24, 25].map((n) => holders.take("a", 1, id(n)))
    for (const [index, place] of places.slice(1).entries()) assert.isAbove(place, (places[index] ?? 0) + 2000)
    assert.isAtMost(Math.max(...places), 20_000)
  })

  it("spreads also those beyond the line that it remembers, and never further than ten minutes", () => {
    const { clock, holders } = fresh()
    holders.take("a", 1, id(0))
    clock.now = 5000
    const places = Array.from({ length: 500 }, (_, n) => holders.take("a", 1, id(n + 1)))
    assert.isAbove(new Set(places).size, 100)
    assert.isAtMost(Math.max(...places), 600_000)
  })

  it("holds what may still be under way until its time is over, whatever is said of it", () => {
    const { clock, holders } = fresh()
    holders.take("a", 1, id(1))
    holders.lapse(id(1), 5000)
    holders.release(id(1))
    clock.now = 4999
    assert.isAbove(holders.take("a", 1, id(1)), 0)
    assert.isAbove(holders.take("a", 1, id(2)), 0)
    clock.now = 5001
    assert.strictEqual(holders.take("a", 1, id(1)), 0)
  })

  it("tells apart no more keys than told, until one is free", () => {
    const { clock, holders } = fresh(1)
    holders.take("a", 1, id(1))
    assert.isAbove(holders.take("b", 1, id(2)), 0)
    holders.release(id(1))
    clock.now = 5000
    assert.strictEqual(holders.take("b", 1, id(2)), 0)
  })

  const Step = Schema.Struct({
    id: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 90 })),
    what: Schema.Literals(["take", "take", "release", "lapse", "wait"]),
    millis: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20_000 }))
  })

  it.effect("whatever is asked in whatever order, no key is held by more, and in the end everybody had it", () =>
    forAll(Arbitrary.array(Arbitrary.schema(Step), { maxLength: 200 }), 200, (steps) =>
      Effect.sync(() => {
        const limit = 2
        const { clock, holders } = fresh()
        const holding = new Map<number, { readonly key: string; readonly until: number }>()
        const held = (key: string) =>
          [...holding.values()].filter((one) => one.key === key && one.until > clock.now).length
        const take = (n: number) => {
          const after = holders.take(keyOf(n), limit, id(n))
          assert.isAtLeast(after, 0)
          assert.isAtMost(after, 600_000)
          if (after > 0) return after
          const known = holding.get(n)
          if (known === undefined || known.until <= clock.now) {
            assert.isBelow(held(keyOf(n)), limit)
            holding.set(n, { key: keyOf(n), until: Infinity })
          }
          return after
        }
        for (const { id: n, millis, what } of steps) {
          const known = holding.get(n)
          if (what === "take") take(n)
          else if (what === "wait") clock.now += millis
          else if (what === "release" && known?.until === Infinity) {
            holders.release(id(n))
            holding.delete(n)
          } else if (what === "lapse" && known?.until === Infinity) {
            holders.lapse(id(n), millis)
            holding.set(n, { ...known, until: clock.now + millis })
          }
        }
        for (const n of holding.keys()) holders.release(id(n))
        holding.clear()
        clock.now += 30_000
        const waiting = new Map(Array.from({ length: 91 }, (_, n) => [n, clock.now]))
        for (let turn = 0; waiting.size > 0; turn++) {
          assert.isBelow(turn, 20_000, `${waiting.size} wait for ever`)
          const [next] = [...waiting].toSorted((a, b) => a[1] - b[1])
          if (next === undefined) return
          clock.now = Math.max(clock.now, next[1])
          const after = take(next[0])
          if (after > 0) waiting.set(next[0], clock.now + after)
          else {
            waiting.delete(next[0])
            clock.now += 300
            holders.release(id(next[0]))
            holding.delete(next[0])
          }
        }
      })
    )
  )
})
