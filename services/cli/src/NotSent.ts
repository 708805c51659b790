/**
 * Who of a campaign did not get the message, and why: rows of the audience, read from the ledger page by page.
 */
import { type CampaignId } from "@fibercast/domain/Campaign"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { type DoneDelivery, Ledger, type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { Effect, FileSystem, Option, Path, Schema, Stream } from "effect"
import * as CsvLine from "./CsvLine.ts"
import * as FileTrouble from "./FileTrouble.ts"
import * as RowOrder from "./RowOrder.ts"

export interface NotSent {
  /** In the audience's file, from 1, header not counted. */
  readonly row: number
  /** What the file says there, or the number it was understood as. */
  readonly input: string
  readonly state: FinalState
  readonly reason: string
  /** The kind of failure (`ErrorClass`); null where nothing failed. */
  readonly errorClass: string | null
}

/** Every final state but `completed`. */
export const states = ["failed", "skipped", "cancelled", "expired", "unknown"] as const

/** Records held at a time. */
const pageSize = 2000

/** A skipped row keeps its input, a delivery the address it had. */
const Payload = Schema.fromJsonString(
  Schema.Struct({
    row: Schema.Int,
    input: Schema.optionalKey(Schema.String),
    address: Schema.optionalKey(Schema.String)
  })
)
const decode = Schema.decodeUnknownOption(Payload)

const of = ({ errorClass, payload, reason, state }: DoneDelivery): NotSent => {
  const place = Option.getOrUndefined(decode(payload))
  return {
    row: place?.row ?? 0,
    input: place?.input ?? place?.address ?? "",
    state,
    reason: reason ?? "",
    errorClass
  }
}

/** In the order in which they were settled or skipped, roughly that of the file. */
export const rows = (
  campaignId: CampaignId,
  wanted: ReadonlyArray<FinalState> = states
): Stream.Stream<NotSent, LedgerUnavailable, Ledger> =>
  Stream.unwrap(
    Effect.map(Ledger, (ledger) =>
      Stream.paginate(null as DoneDelivery["id"] | null, (after) =>
        Effect.map(ledger.done({ campaignId, states: wanted, after, limit: pageSize }), (page) => {
          const last = page.at(-1)
          const next = page.length < pageSize || last === undefined ? Option.none() : Option.some(last.id)
          return [page.map(of), next] as const
        })
      )
    )
  )

export const header = CsvLine.of(["row", "input", "state", "reason", "class"])

export const csvLine = ({ errorClass, input, reason, row, state }: NotSent): string =>
  CsvLine.of([row === 0 ? "" : String(row), CsvLine.harmless(input), state, CsvLine.harmless(reason), errorClass ?? ""])

/** How many, for each reason; the row that a duplicate repeats is left out of its reason. */
export type Tally = ReadonlyArray<{ readonly state: FinalState; readonly reason: string; readonly count: number }>

export interface Written {
  /** Absolute; null when everybody got the message. */
  readonly file: string | null
  readonly rows: number
  readonly tally: Tally
}

/** Reasons kept apart in a tally; what is beyond counts as "other reasons". */
const maxReasons = 50

/** Writes them all to `<folder>/reports/campaign-<id>-not-sent.csv`, in the order of the file, in place of an earlier one. */
export const write = Effect.fn("NotSent.write")(function* (
  folder: string,
  campaignId: CampaignId
): Effect.fn.Return<Written, LedgerUnavailable | FileTrouble.FileTrouble, Ledger | FileSystem.FileSystem | Path.Path> {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const reports = path.resolve(folder, "reports")
  const file = path.join(reports, `campaign-${campaignId}-not-sent.csv`)
  const trouble = Effect.mapError(FileTrouble.because(file))
  yield* files.makeDirectory(reports, { recursive: true }).pipe(trouble)
  const counts = new Map<string, { state: FinalState; reason: string; count: number }>()
  let written = 0

  const count = ({ reason, state }: NotSent) => {
    written += 1
    const general = reason.replace(/row \d+$/u, "an earlier row")
    const known = counts.get(`${state} ${general}`)
    if (known !== undefined) known.count += 1
    else if (counts.size < maxReasons) counts.set(`${state} ${general}`, { state, reason: general, count: 1 })
    else {
      const other = counts.get(`${state} other`) ?? { state, reason: "other reasons", count: 0 }
      counts.set(`${state} other`, { ...other, count: other.count + 1 })
    }
  }

  yield* Effect.scoped(
    Effect.gen(function* () {
      const out = yield* files.open(file, { flag: "w" }).pipe(trouble)
      const encoder = new TextEncoder()
      const append = (text: string) => out.writeAll(encoder.encode(text)).pipe(trouble)
      yield* append(header)
      const sorted = yield* RowOrder.make(reports).pipe(trouble)
      yield* Stream.runForEachArray(rows(campaignId), (page) => {
        for (const row of page) count(row)
        return sorted.add(page.map((row) => ({ row: row.row, text: csvLine(row) }))).pipe(trouble)
      })
      yield* Stream.runForEachArray(Stream.mapError(sorted.all, FileTrouble.because(file)), (lines) =>
        append(lines.join(""))
      )
    })
  )
  const tally = Array.from(counts.values()).toSorted((a, b) => b.count - a.count)
  if (written > 0) return { file, rows: written, tally }
  yield* Effect.ignore(files.remove(file, { force: true }))
  return { file: null, rows: 0, tally }
})
