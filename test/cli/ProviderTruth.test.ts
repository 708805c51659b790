import { assert, describe, it } from "@effect/vitest"
import * as ProviderTruth from "@fibercast/cli/ProviderTruth"
import { type FinalState } from "@fibercast/domain/DeliveryState"

const compare = (
  notSent: Readonly<Record<string, FinalState>>,
  accepted: Readonly<Record<string, number>>
): ProviderTruth.ProviderTruth =>
  ProviderTruth.compare({
    recipients: new Set(["a", "b", "c"]),
    notSent: new Map(Object.entries(notSent)),
    accepted: new Map(Object.entries(accepted))
  })

const nothingWrong = { duplicates: 0, lost: 0, unaccounted: 0 }

describe("ledger and provider", () => {
  it("agree when everybody sent was accepted once, and nobody else", () => {
    const truth = compare({ c: "failed" }, { a: 1, b: 1 })
    assert.deepStrictEqual(truth, { accepted: 2, unknown: 0, unknownAccepted: 0, ...nothingWrong })
    assert.isTrue(ProviderTruth.isHonest(truth))
  })

  it("agree on what is in doubt, accepted or not", () => {
    const truth = compare({ b: "unknown", c: "unknown" }, { a: 1, b: 1 })
    assert.deepStrictEqual(truth, { accepted: 2, unknown: 2, unknownAccepted: 1, ...nothingWrong })
    assert.isTrue(ProviderTruth.isHonest(truth))
  })

  it("disagree on a message that the provider never saw", () => {
    const truth = compare({}, { a: 1, b: 1 })
    assert.deepStrictEqual([truth.lost, ProviderTruth.isHonest(truth)], [1, false])
  })

  it("disagree on a recipient who got two messages", () => {
    const truth = compare({}, { a: 1, b: 1, c: 2 })
    assert.deepStrictEqual([truth.accepted, truth.duplicates, ProviderTruth.isHonest(truth)], [4, 1, false])
  })

  it("disagree on a message to somebody who failed, and on one to a stranger", () => {
    const truth = compare({ c: "failed" }, { a: 1, b: 1, c: 1, stranger: 1 })
    assert.deepStrictEqual([truth.unaccounted, ProviderTruth.isHonest(truth)], [2, false])
  })
})
