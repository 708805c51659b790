import { assert, describe, it } from "@effect/vitest"
import { DeliveryId } from "@fibercast/domain/Delivery"
import { Epoch, WorkspaceId } from "@fibercast/domain/Workspace"
import { Chunk, type ChunkDelivery } from "@fibercast/ports/Chunk"
import * as ChunkText from "@fibercast/ports/ChunkText"
import { Arbitrary, Effect, Equal } from "effect"
import { forAll } from "../conformance/Property.ts"

const delivery = (n: number): ChunkDelivery => ({
  id: DeliveryId.make(BigInt(1000 + n)),
  claimId: 7n,
  claimedAt: 1_700_000_000_000,
  pipeline: "school.report",
  attempt: 0,
  rescues: 0,
  dueAt: 1_700_000_000_000,
  deadline: null,
  payload: JSON.stringify({ n }),
  batchId: null
})

const chunk: Chunk = {
  id: "one/1",
  lane: "normal",
  workspaceId: WorkspaceId.make(3),
  epoch: Epoch.make(2),
  owner: "one",
  campaign: null,
  guarantee: "at-least-once",
  validUntil: 1_700_000_020_000,
  slot: null,
  isWhole: true,
  deliveries: [delivery(0), delivery(1), delivery(2)]
}

const changed = (text: string, change: (wire: Record<string, unknown>) => Record<string, unknown>): string =>
  JSON.stringify(change(JSON.parse(text)))

const messageOf = (text: string) => Effect.map(Effect.flip(ChunkText.decode(text)), ({ message }) => message)

describe("ChunkText", () => {
  it.effect("gives back every chunk as it was", () =>
    forAll(Arbitrary.schema(Chunk), 100, (one) =>
      Effect.map(ChunkText.decode(ChunkText.encode(one)), (read) => assert.isTrue(Equal.equals(read, one)))
    )
  )

  it("writes what is alike once", () => {
    const wire = JSON.parse(ChunkText.encode(chunk))
    assert.strictEqual(wire.pipeline, "school.report")
    assert.strictEqual(wire.claimIds, "7")
    assert.strictEqual(wire.ids, "1000 1001 1002")
  })

  it("writes one value for each delivery where one differs", () => {
    const [first, second, third] = [delivery(0), { ...delivery(1), deadline: 1_700_000_060_000 }, delivery(2)]
    const wire = JSON.parse(ChunkText.encode({ ...chunk, deliveries: [first, second, third] }))
    assert.deepStrictEqual(wire.deadline, [null, 1_700_000_060_000, null])
  })

  it.effect("refuses a column that is longer or shorter than there are deliveries, and says which", () =>
    Effect.gen(function* () {
      const text = ChunkText.encode(chunk)
      assert.strictEqual(
        yield* messageOf(changed(text, (wire) => ({ ...wire, attempt: [0, 1] }))),
        "its column attempt has 2 values for 3 deliveries"
      )
      assert.strictEqual(
        yield* messageOf(changed(text, (wire) => ({ ...wire, ids: "1000 1001 1002 1003" }))),
        "its column ids has 4 values for 3 deliveries"
      )
      assert.strictEqual(
        yield* messageOf(changed(text, (wire) => ({ ...wire, ids: "1000" }))),
        "its column ids has 1 values for 3 deliveries"
      )
    })
  )

  it.effect("refuses what is no chunk: no JSON, no deliveries, a number that is none", () =>
    Effect.gen(function* () {
      const text = ChunkText.encode(chunk)
      for (const odd of [
        "chunk?",
        changed(text, (wire) => ({ ...wire, payload: [] })),
        changed(text, (wire) => ({ ...wire, ids: "1000 x 1002" })),
        changed(text, (wire) => ({ ...wire, claimIds: "" })),
        changed(text, (wire) => ({ ...wire, epoch: -1 }))
      ]) {
        const failure = yield* Effect.flip(ChunkText.decode(odd))
        assert.strictEqual(failure._tag, "SchemaError", odd)
      }
    })
  )
})
