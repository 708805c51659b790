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

const separator = "\u001e"

/** As it is written: a line of JSON, then the payloads, if they travel as records. */
const read = (one: Chunk) => {
  const [head = "", ...records] = new TextDecoder().decode(ChunkText.encode(one)).split(separator)
  return { head: JSON.parse(head), records }
}

const write = ({ head, records }: { readonly head: unknown; readonly records: ReadonlyArray<string> }) =>
  new TextEncoder().encode([JSON.stringify(head), ...records].join(separator))

const changed = (change: (wire: Record<string, unknown>) => Record<string, unknown>) => {
  const { head, records } = read(chunk)
  return write({ head: change(head), records })
}

const messageOf = (bytes: Uint8Array) => Effect.map(Effect.flip(ChunkText.decode(bytes)), ({ message }) => message)

const withPayloads = (payloads: ReadonlyArray<string>): Chunk => {
  const [first, ...rest] = payloads.map((payload, n) => ({ ...delivery(n), payload }))
  return first === undefined ? chunk : { ...chunk, deliveries: [first, ...rest] }
}

describe("ChunkText", () => {
  it.effect("gives back every chunk as it was", () =>
    forAll(Arbitrary.schema(Chunk), 100, (one) =>
      Effect.map(ChunkText.decode(ChunkText.encode(one)), (read) => assert.isTrue(Equal.equals(read, one)))
    )
  )

  it("writes what is alike once", () => {
    const { head } = read(chunk)
    assert.strictEqual(head.pipeline, "school.report")
    assert.strictEqual(head.claimIds, "7")
    assert.strictEqual(head.ids, "1000 1001 1002")
  })

  it("writes one value for each delivery where one differs", () => {
    const [first, second, third] = [delivery(0), { ...delivery(1), deadline: 1_700_000_060_000 }, delivery(2)]
    const { head } = read({ ...chunk, deliveries: [first, second, third] })
    assert.deepStrictEqual(head.deadline, [null, 1_700_000_060_000, null])
  })

  it("writes payloads as they are, a record each", () => {
    const payloads = ['{"text":"\u00fc \\" 🎉"}', '"\\u001e"', "[]"]
    assert.deepStrictEqual(read(withPayloads(payloads)).records, payloads)
  })

  it.effect("gives back what is no JSON as well", () =>
    Effect.forEach(["", separator, `a${separator}b`, "\ud800", "\n"], (odd) =>
      Effect.gen(function* () {
        const one = withPayloads([odd, "{}", odd])
        assert.deepStrictEqual(yield* ChunkText.decode(ChunkText.encode(one)), one)
      })
    )
  )

  it.effect("gives back chunks of any size, however the payloads lie in them", () => {
    const sizes = [1, 150, 40_000, 98_303, 98_304, 98_305, 200_000]
    return Effect.forEach(sizes, (size) =>
      Effect.gen(function* () {
        const payloads = Array.from({ length: Math.ceil(500_000 / size) % 4000 }, (_, n) =>
          JSON.stringify(`${n} ${"ü".repeat(size)}`)
        )
        const one = withPayloads(payloads)
        assert.deepStrictEqual(yield* ChunkText.decode(ChunkText.encode(one)), one)
      })
    )
  })

  it.effect("refuses a column that is longer or shorter than there are deliveries, and says which", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* messageOf(changed((wire) => ({ ...wire, attempt: [0, 1] }))),
        "its column attempt has 2 values for 3 deliveries"
      )
      assert.strictEqual(
        yield* messageOf(changed((wire) => ({ ...wire, ids: "1000 1001 1002 1003" }))),
        "its column ids has 4 values for 3 deliveries"
      )
      assert.strictEqual(
        yield* messageOf(changed((wire) => ({ ...wire, ids: "1000" }))),
        "its column ids has 1 values for 3 deliveries"
      )
      const { head, records } = read(chunk)
      assert.strictEqual(
        yield* messageOf(write({ head, records: records.slice(1) })),
        "its column ids has 3 values for 2 deliveries"
      )
      assert.strictEqual(
        yield* messageOf(write({ head, records: [] })),
        "its column payload has 0 values for 3 deliveries"
      )
    })
  )

  it.effect("refuses what is no chunk: no JSON, no deliveries, a number that is none", () =>
    Effect.gen(function* () {
      for (const odd of [
        new TextEncoder().encode("chunk?"),
        new Uint8Array(),
        changed((wire) => ({ ...wire, payload: [] })),
        changed((wire) => ({ ...wire, ids: "1000 x 1002" })),
        changed((wire) => ({ ...wire, claimIds: "" })),
        changed((wire) => ({ ...wire, epoch: -1 }))
      ]) {
        const failure = yield* Effect.flip(ChunkText.decode(odd))
        assert.strictEqual(failure._tag, "SchemaError", new TextDecoder().decode(odd))
      }
    })
  )
})
