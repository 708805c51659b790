/**
 * Chunks as text for a wire: JSON with a column for each field of the deliveries. Most of a column is alike, and what is
 * alike is written once: that takes half the bytes of an object each, and less time to write and to read.
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
  payload: Schema.NonEmptyArray(Schema.String),
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

/** Written by hand, as a schema takes longer. */
export const encode = ({ deliveries, ...about }: Chunk): string =>
  JSON.stringify({
    ...about,
    ids: deliveries.map(({ id }) => id).join(" "),
    claimIds: integers(columnOf(deliveries, ({ claimId }) => claimId)),
    claimedAt: columnOf(deliveries, ({ claimedAt }) => claimedAt),
    pipeline: columnOf(deliveries, ({ pipeline }) => pipeline),
    attempt: columnOf(deliveries, ({ attempt }) => attempt),
    rescues: columnOf(deliveries, ({ rescues }) => rescues),
    dueAt: columnOf(deliveries, ({ dueAt }) => dueAt),
    deadline: columnOf(deliveries, ({ deadline }) => deadline),
    payload: deliveries.map(({ payload }) => payload),
    batchId: columnOf(deliveries, ({ batchId }) => batchId)
  } satisfies Record<keyof Wire, unknown>)

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

const fromWire = (wire: Wire): Chunk => {
  const {
    attempt,
    batchId,
    claimIds,
    claimedAt,
    deadline,
    dueAt,
    ids,
    payload: payloads,
    pipeline,
    rescues,
    ...about
  } = wire
  const of = <A>(name: string, column: Column<A>) => reader(name, column, payloads.length)
  const read = {
    id: of("ids", bigints(ids)),
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
  const [first, ...rest] = payloads
  return { ...about, deliveries: [deliveryOf(first, 0), ...rest.map((payload, row) => deliveryOf(payload, row + 1))] }
}

/** Only what is a chunk in every part is taken. */
export const decode = (text: string): Effect.Effect<Chunk, Schema.SchemaError | ChunkTorn> =>
  Effect.flatMap(decodeWire(text), (wire) =>
    Effect.try({
      try: () => fromWire(wire),
      catch: (error) => {
        if (error instanceof ChunkTorn) return error
        throw error
      }
    })
  )
