/**
 * Reports as text for the wire. Of nearly all that ends there is no more to say than that it is settled: then the
 * identifiers travel as one text, as an object for each would cost many times as much.
 */
import { DeliveryId } from "@fibercast/domain/Delivery"
import { type Ended, Report } from "@fibercast/ports/SenderChannel"
import { type Array, Effect, Schema } from "effect"

const { ended: _, ...about } = Report.fields

const Wire = Schema.Struct({
  ...about,
  /** All of it is settled, and there is no more to say: identifiers with a blank between them. */
  settled: Schema.String.check(Schema.isPattern(/^(-?\d+( -?\d+)*)?$/)),
  /** Else, all of it. */
  ended: Report.fields.ended
})
type Wire = typeof Wire.Type

const Text = Schema.fromJsonString(Schema.toCodecJson(Schema.NonEmptyArray(Wire)))

const isPlain = ({ fate, hold, notBefore }: Ended): boolean => fate === "settled" && hold === null && notBefore === null

const toWire = ({ ended, ...about }: Report): Wire =>
  ended !== "completed" && ended.every(isPlain)
    ? { ...about, settled: ended.map(({ id }) => id).join(" "), ended: [] }
    : { ...about, settled: "", ended }

const settled = (id: string): Ended => ({
  id: DeliveryId.make(BigInt(id), { disableChecks: true }),
  fate: "settled",
  hold: null,
  notBefore: null
})

const fromWire = ({ ended, settled: ids, ...about }: Wire): Report => ({
  ...about,
  ended: ids === "" ? ended : ids.split(" ").map(settled)
})

export const encode = ([first, ...rest]: Array.NonEmptyReadonlyArray<Report>): Effect.Effect<
  string,
  Schema.SchemaError
> => Schema.encodeEffect(Text)([toWire(first), ...rest.map(toWire)])

/** Only what is reports in every part is taken. */
export const decode = (text: string): Effect.Effect<ReadonlyArray<Report>, Schema.SchemaError> =>
  Effect.map(Schema.decodeEffect(Text)(text), (reports) => reports.map(fromWire))
