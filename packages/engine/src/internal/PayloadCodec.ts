/**
 * How payloads travel: as JSON text, through the canonical JSON form of their schema.
 */
import { Effect, Schema } from "effect"

export interface PayloadCodec<in out P> {
  readonly encode: (payload: P) => Effect.Effect<string, Schema.SchemaError>
  readonly decode: (text: string) => Effect.Effect<P, Schema.SchemaError>
}

export const make = <P>(payload: Schema.Codec<P, unknown>): PayloadCodec<P> => {
  const json = Schema.toCodecJson(payload)
  const text = Schema.fromJsonString(json)
  const encodeJson = Schema.encodeEffect(json)
  const decodeJson = Schema.decodeUnknownEffect(json)
  const decodeText = Schema.decodeEffect(text)
  return {
    // Of most schemas it is known at once.
    encode: (payload) => Effect.mapEager(encodeJson(payload), (json) => JSON.stringify(json)),
    // Reading and writing text in line is several times faster; text that is no JSON is left to the schema, to say so.
    decode: (encoded) => {
      let parsed: unknown
      try {
        parsed = JSON.parse(encoded)
      } catch {
        return decodeText(encoded)
      }
      return decodeJson(parsed)
    }
  }
}
