import { assert, it } from "@effect/vitest"
import { Counts } from "@fibercast/domain/Counts"
import { Effect, Schema } from "effect"
import * as Program from "../cli/Program.ts"
import { tempFolder } from "../support/TempFolder.ts"

const Report = Schema.Struct({
  ok: Schema.Boolean,
  balanced: Schema.Boolean,
  counts: Counts,
  notSent: Schema.Struct({ file: Schema.NullOr(Schema.String), rows: Schema.Int }),
  provider: Schema.Struct({
    accepted: Schema.Int,
    duplicates: Schema.Int,
    lost: Schema.Int,
    unknown: Schema.Int,
    unknownAccepted: Schema.Int,
    unaccounted: Schema.Int
  }),
  outage: Schema.Struct({ requests: Schema.Int }),
  pause: Schema.Struct({ millis: Schema.Number, requestsWhilePaused: Schema.Int })
})

it.live("the demo survives its provider, and its ledger and its provider agree on everybody", () =>
  Effect.gen(function* () {
    const folder = yield* tempFolder
    const ran = yield* Program.run({ folder }, ["demo", "--json"])
    assert.strictEqual(ran.code, 0, ran.stderr)
    const report = yield* Schema.decodeUnknownEffect(Report)(Program.lastJson(ran))
    const { counts, provider } = report
    assert.deepStrictEqual([report.ok, report.balanced, counts.planned, counts.open], [true, true, 5000, 0])
    assert.deepStrictEqual([provider.duplicates, provider.lost, provider.unaccounted], [0, 0, 0])
    assert.strictEqual(provider.accepted, counts.completed + provider.unknownAccepted)
    assert.isAbove(provider.unknownAccepted, 0)
    assert.strictEqual(provider.unknown, counts.unknown)
    assert.strictEqual(report.notSent.rows, counts.planned - counts.completed)
    assert.strictEqual(report.pause.requestsWhilePaused, 0)
    assert.deepStrictEqual(yield* Program.listing(folder), [".fibercast"])
  })
)
