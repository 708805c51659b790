/**
 * Chunks as text for a wire, in UTF-8: JSON with a column for each field of the deliveries, then the payloads, a record each. Most of
 * a column is alike, and what is alike is written once: that takes half the bytes of an object each, and less time to write
 * and to read. Payloads are JSON already, and travel as they are: each after the record separator that RFC 7464 sets before
 * JSON texts in a sequence, as it cannot be part of one.
 */
import { BatchId } from "@fibercast/domain/Batch"
import { DeliveryId } from "@fibercast/domain/Delivery"
import { Effect, Schema } from "effect"
import { Chunk, type ChunkDelivery } from "./Chunk.ts"

/** What was read is no chunk: a column has more or fewer values than there are deliveries. */
export class ChunkTorn extends Schema.TaggedError<ChunkTorn>()("ChunkTorn", {
  column: Schema.String,
  values: Schema.Int,
  deliveries: Schema.Int
}) {
  override get message(): string {
    return `its column ${this.column} has ${this.values} values for ${this.deliveries} deliveries`
  }
}

const { deliveries: _, ...about } = Chunk.fields

/** Whole numbers of any size, with a blank between them. */
const Integers = Schema.String.check(Schema.isPattern(/^-?\d+( -?\d+)*$/))

/** One value for all deliveries, or one for each. */
const column = <S extends Schema.Codec<string | number | null, string | number | null>>(value: S) =>
  Schema.Union([value, Schema.Array(value)])

const Wire = Schema.Struct({
  ...about,
  ids: Integers,
  claimIds: Integers,
  claimedAt: column(Schema.Int),
  pipeline: column(Schema.String),
  attempt: column(Schema.Int),
  rescues: column(Schema.Int),
  dueAt: column(Schema.Int),
  deadline: column(Schema.NullOr(Schema.Int)),
  /** Null: they follow, a record each. */
  payload: Schema.NullOr(Schema.NonEmptyArray(Schema.String)),
  batchId: column(Schema.NullOr(BatchId))
})
type Wire = typeof Wire.Type

const decodeWire = Schema.decodeEffect(Schema.fromJsonString(Schema.toCodecJson(Wire)))

type Column<A> = A | ReadonlyArray<A>

const isMany = <A>(column: Column<A>): column is ReadonlyArray<A> => Array.isArray(column)

const columnOf = <A>(deliveries: Chunk["deliveries"], of: (delivery: ChunkDelivery) => A): Column<A> => {
  const first = of(deliveries[0])
  return deliveries.every((delivery) => of(delivery) === first) ? first : deliveries.map(of)
}

const integers = (column: Column<bigint>): string => (isMany(column) ? column.join(" ") : column.toString())

const separator = "\u001e"
const separatorByte = 0x1e

/** What is no JSON may hold a separator, or what no text for a wire can. */
const isRecord = (payload: string): boolean => payload.isWellFormed() && !payload.includes(separator)

/** Text is written and read in pieces of about as much: of more than 128 KiB V8 has each text's memory made for it alone. */
const piece = 96 * 1024

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const toBytes = (head: string, records: ReadonlyArray<string>): Uint8Array => {
  const pieces: Array<Uint8Array> = []
  let text = head
  for (const record of records) {
    if (text.length + record.length > piece) {
      pieces.push(encoder.encode(text))
      text = ""
    }
    text += separator + record
  }
  pieces.push(encoder.encode(text))
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const one of pieces) {
    bytes.set(one, at)
    at += one.length
  }
  return bytes
}

const fromBytes = (bytes: Uint8Array): ReadonlyArray<string> => {
  const pieces: Array<ReadonlyArray<string>> = []
  for (let from = 0; from <= bytes.length;) {
    const ends = bytes.length - from > piece ? bytes.indexOf(separatorByte, from + piece) : -1
    const until = ends < 0 ? bytes.length : ends
    pieces.push(decoder.decode(bytes.subarray(from, until)).split(separator))
    from = until + 1
  }
  return pieces.flat()
}

/** Written by hand, as a schema takes longer. */
export const encode = ({ deliveries, ...about }: Chunk): Uint8Array => {
  const payloads = deliveries.map(({ payload }) => payload)
  const areRecords = payloads.every(isRecord)
  const head = JSON.stringify({
    ...about,
    ids: deliveries.map(({ id }) => id).join(" "),
    claimIds: integers(columnOf(deliveries, ({ claimId }) => claimId)),
    claimedAt: columnOf(deliveries, ({ claimedAt }) => claimedAt),
    pipeline: columnOf(deliveries, ({ pipeline }) => pipeline),
    attempt: columnOf(deliveries, ({ attempt }) => attempt),
    rescues: columnOf(deliveries, ({ rescues }) => rescues),
    dueAt: columnOf(deliveries, ({ dueAt }) => dueAt),
    deadline: columnOf(deliveries, ({ deadline }) => deadline),
    payload: areRecords ? null : payloads,
    batchId: columnOf(deliveries, ({ batchId }) => batchId)
  } satisfies Record<keyof Wire, unknown>)
  return toBytes(head, areRecords ? payloads : [])
}

/** Reads a column row by row. */
const reader = <A>(name: string, column: Column<A>, deliveries: number) => {
  if (!isMany(column)) return () => column
  const torn = () => new ChunkTorn({ column: name, values: column.length, deliveries })
  if (column.length !== deliveries) throw torn()
  return (row: number): A => {
    const value = column[row]
    if (value === undefined) throw torn()
    return value
  }
}

const bigints = (text: string): ReadonlyArray<bigint> => text.split(" ").map(BigInt)

/** One alone is of all deliveries. */
const bigintColumn = (text: string): Column<bigint> => {
  const all = bigints(text)
  const [first, second] = all
  return first !== undefined && second === undefined ? first : all
}

const fromWire = (wire: Wire, records: ReadonlyArray<string>): Chunk => {
  const {
    attempt,
    batchId,
    claimIds,
    claimedAt,
    deadline,
    dueAt,
    ids: names,
    payload,
    pipeline,
    rescues,
    ...about
  } = wire
  const ids = bigints(names)
  const [first, ...rest] = payload ?? records
  if (first === undefined) throw new ChunkTorn({ column: "payload", values: 0, deliveries: ids.length })
  const count = rest.length + 1
  const of = <A>(name: string, column: Column<A>) => reader(name, column, count)
  const read = {
    id: of("ids", ids),
    claimId: of("claimIds", bigintColumn(claimIds)),
    claimedAt: of("claimedAt", claimedAt),
    pipeline: of("pipeline", pipeline),
    attempt: of("attempt", attempt),
    rescues: of("rescues", rescues),
    dueAt: of("dueAt", dueAt),
    deadline: of("deadline", deadline),
    batchId: of("batchId", batchId)
  }
  const deliveryOf = (payload: string, row: number): ChunkDelivery => ({
    id: DeliveryId.make(read.id(row), { disableChecks: true }),
    claimId: read.claimId(row),
    claimedAt: read.claimedAt(row),
    pipeline: read.pipeline(row),
    attempt: read.attempt(row),
    rescues: read.rescues(row),
    dueAt: read.dueAt(row),
    deadline: read.deadline(row),
    payload,
    batchId: read.batchId(row)
  })
  return { ...about, deliveries: [deliveryOf(first, 0), ...rest.map((payload, row) => deliveryOf(payload, row + 1))] }
}

/** Only what is a chunk in every part is taken. */
export const decode = (bytes: Uint8Array): Effect.Effect<Chunk, Schema.SchemaError | ChunkTorn> => {
  const [head, ...records] = fromBytes(bytes)
  return Effect.flatMap(decodeWire(head ?? ""), (wire) =>
    Effect.try({
      try: () => fromWire(wire, records),
      catch: (error) => {
        if (error instanceof ChunkTorn) return error
        throw error
      }
    })
  )
}
