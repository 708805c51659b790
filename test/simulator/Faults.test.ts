import { assert, describe, it } from "@effect/vitest"
import { type Faults, parseFaults, verdict } from "@fibercast/simulator/Faults"
import { Result } from "effect"

const subject = { number: 1, accepted: 0, targets: ["6281234567890"] }

const kinds = (plan: Faults, count: number) =>
  Array.from({ length: count }, (_, index) => verdict(plan, { ...subject, number: index + 1 }).fault?.kind ?? "-")

describe("the short form of a fault plan", () => {
  const forms: ReadonlyArray<readonly [string, Faults]> = [
    ["", []],
    ["slow:50ms/10", [{ kind: "slow", millis: 50, every: 10 }]],
    [
      "503/97, lost/131",
      [
        { kind: "status", status: 503, every: 97 },
        { kind: "lostAnswer", every: 131 }
      ]
    ],
    ["refuse@3", [{ kind: "refuse", from: 3 }]],
    ["disconnected@100-200", [{ kind: "disconnectedDevice", from: 100, to: 200 }]],
    ["invalid~50", [{ kind: "invalidTarget", everyTarget: 50 }]],
    ["notjson/2@1-9~4", [{ kind: "notJson", every: 2, from: 1, to: 9, everyTarget: 4 }]],
    ["quota:500", [{ kind: "quota", after: 500 }]],
    ["Hang/999", [{ kind: "hang", every: 999 }]],
    ["429:2/40", [{ kind: "tooMany", retryAfter: "2", every: 40 }]]
  ]
  for (const [text, plan] of forms) {
    it(`"${text}" is read`, () => {
      assert.deepStrictEqual(Result.getOrThrow(parseFaults(text)), plan)
    })
  }

  for (const text of ["slow", "slow:soon", "503/0", "99/2", "700", "quota", "lost//2", "earthquake", "503,,lost"]) {
    it(`"${text}" is refused with a word on how to write one`, () => {
      const result = parseFaults(text)
      assert.isTrue(Result.isFailure(result))
      assert.include(Result.isFailure(result) ? result.failure.message : "", "lost/131")
    })
  }
})

describe("the JSON form of a fault plan", () => {
  it("says everything the short form can, and names targets", () => {
    const plan: Faults = [
      { kind: "invalidTarget", targets: ["628111"] },
      { kind: "hang", accepted: true, every: 3 }
    ]
    assert.deepStrictEqual(Result.getOrThrow(parseFaults(JSON.stringify(plan))), plan)
  })

  it("is refused with an unknown kind", () => {
    assert.isTrue(Result.isFailure(parseFaults('[{"kind":"earthquake"}]')))
  })
})

describe("a verdict", () => {
  it("strikes each n-th request", () => {
    assert.deepStrictEqual(kinds([{ kind: "hang", every: 3 }], 7), ["-", "-", "hang", "-", "-", "hang", "-"])
  })

  it("strikes within a range, both ends included", () => {
    assert.deepStrictEqual(kinds([{ kind: "refuse", from: 2, to: 3 }], 4), ["-", "refuse", "refuse", "-"])
  })

  it("is that of the first rule that matches, while delays add up", () => {
    const plan: Faults = [
      { kind: "slow", millis: 10 },
      { kind: "lostAnswer" },
      { kind: "slow", millis: 5 },
      { kind: "refuse" }
    ]
    assert.deepStrictEqual(verdict(plan, subject), { delay: 15, fault: { kind: "lostAnswer" } })
  })

  it("strikes a hashed share of the targets, the same ones each time", () => {
    const plan: Faults = [{ kind: "invalidTarget", everyTarget: 10 }]
    const targets = Array.from({ length: 10_000 }, (_, index) => `62812${1_000_000 + index}`)
    const struck = (number: number) =>
      targets.filter((target) => verdict(plan, { number, accepted: 0, targets: [target] }).fault !== undefined)
    assert.isAbove(struck(1).length, 900)
    assert.isBelow(struck(1).length, 1100)
    assert.deepStrictEqual(struck(2), struck(1))
  })

  it("runs out of quota after so many acceptances", () => {
    const plan: Faults = [{ kind: "quota", after: 2 }]
    assert.isUndefined(verdict(plan, { ...subject, accepted: 1 }).fault)
    assert.strictEqual(verdict(plan, { ...subject, accepted: 2 }).fault?.kind, "quota")
  })
})
