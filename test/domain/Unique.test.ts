import { replacedDue, UniqueKey } from "@fibercast/domain/Unique"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

const due = (before: number, wanted: number, last = Infinity) => replacedDue({ before, wanted, last, now: 100 })

describe("replacedDue", () => {
  it("is what is asked for, later or sooner, as long as it is not due yet", () => {
    assert.strictEqual(due(200, 300), 300)
    assert.strictEqual(due(300, 200), 200)
    assert.strictEqual(due(300, 0), 101)
  })

  it("is never what it was", () => {
    assert.strictEqual(due(200, 200), 201)
    assert.strictEqual(due(101, 0), 102)
    assert.strictEqual(due(200, 300, 200), 201)
    assert.strictEqual(due(100, 0), 101)
  })

  it("is no later than the last, but for that millisecond", () => {
    assert.strictEqual(due(200, 300, 250), 250)
    assert.strictEqual(due(200, 300, 150), 150)
  })

  it("is a millisecond later than it was when it has been due, so that it keeps its place and stays due", () => {
    assert.strictEqual(due(40, 100, 0), 41)
    assert.strictEqual(due(40, 300, 60), 60)
    assert.strictEqual(due(40, 300), 300)
  })
})

describe("a unique key", () => {
  it("is 1 to 200 characters that every store keeps as they are", () => {
    const isKey = Schema.is(UniqueKey)
    for (const key of ["k", "k".repeat(200), "é😀", "\n", " "]) assert.isTrue(isKey(key), key)
    for (const key of ["", "k".repeat(201), "a\u0000", "\ud83d", 7, null]) assert.isFalse(isKey(key), String(key))
  })
})
