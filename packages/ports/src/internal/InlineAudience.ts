/** Rows that are kept with the campaign itself. */
import { type AudienceRow } from "@fibercast/domain/Audience"
import { Effect, Stream } from "effect"
import { Digest } from "effect/crypto"

type Rows = ReadonlyArray<Readonly<Record<string, string>>>

export const openInline = (rows: Rows) =>
  Effect.gen(function* () {
    const digest = yield* Digest.Digest
    const numbered = rows.map((columns, index): AudienceRow => ({ _tag: "Row", row: index + 1, columns }))
    return {
      columns: [...new Set(rows.flatMap((row) => Object.keys(row)))],
      hash: yield* digest.digestHex(Digest.sha256, new TextEncoder().encode(JSON.stringify(rows))),
      rows: (after: number) => Stream.fromIterable(numbered.slice(after))
    }
  }).pipe(Effect.provide(Digest.layerWebCrypto))
