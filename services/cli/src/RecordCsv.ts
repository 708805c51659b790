/**
 * Records of deliveries as CSV, each with the row it came from: what their payloads have is spread over columns.
 *
 * All are read twice, page by page: for the names of columns, of which at most `mostColumns` are held, and for the
 * lines. A payload that is no object, or has more than that, is given whole in a last column.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type DeliveryRecord, type EndedFilter, Records } from "@fibercast/ports/Records"
import { type Workspace, type WorkspaceNotFound, type WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect, Option, Predicate, Result, Schema, Stream } from "effect"
import * as CsvLine from "./CsvLine.ts"
import * as Instant from "./Instant.ts"
import * as QueueLookup from "./QueueLookup.ts"

/** Columns of payloads. */
export const mostColumns = 200

/** Records held at a time. */
const pageSize = 1000

const own = ["id", "ended", "workspace", "pipeline", "campaign", "state", "class", "attempts", "reason"]
const ownNames: ReadonlySet<string> = new Set([...own, "payload"])

/** By id; at most `limit`. */
export const rows = (
  filter: EndedFilter,
  limit = Infinity
): Stream.Stream<DeliveryRecord, LedgerUnavailable, Records> =>
  Stream.take(
    Stream.unwrap(
      Effect.map(Records, (records) =>
        Stream.paginate(null as DeliveryRecord["id"] | null, (after) =>
          Effect.map(records.ended({ filter, after, limit: Math.min(pageSize, limit) }), (page) => {
            const last = page.at(-1)
            const next = page.length < pageSize || last === undefined ? Option.none() : Option.some(last.id)
            return [page, next] as const
          })
        )
      )
    ),
    limit
  )

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : value === null || value === undefined ? "" : JSON.stringify(value)

/** A column of a payload that is called as one of the record is told apart. */
const nameOf = (field: string): string => (ownNames.has(field) ? `payload.${field}` : field)

/** What a campaign's row had is in `columns` of its payload; null: it is no object. */
export const fieldsOf = (payload: string | null): ReadonlyMap<string, string> | null => {
  const read = payload === null ? undefined : Result.getOrUndefined(decode(payload))
  if (!Predicate.isObject(read) || Array.isArray(read)) return null
  const { columns, ...rest }: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(read))
  const isSpread = Predicate.isObject(columns) && !Array.isArray(columns)
  const fields = isSpread ? { ...rest, ...columns } : read
  return new Map(Object.entries(fields).map(([field, value]) => [nameOf(field), textOf(value)]))
}

interface Columns {
  readonly names: ReadonlyArray<string>
  /** Some have a payload that these do not hold. */
  readonly isMore: boolean
}

const columnsOf = Effect.fnUntraced(function* (filter: EndedFilter, limit: number) {
  const names = new Set<string>()
  let isMore = false
  yield* Stream.runForEach(rows(filter, limit), ({ payload }) =>
    Effect.sync(() => {
      const fields = fieldsOf(payload)
      if (fields === null) isMore ||= payload !== null
      else for (const name of fields.keys()) if (names.size < mostColumns) names.add(name)
      if (fields !== null && [...fields.keys()].some((name) => !names.has(name))) isMore = true
    })
  )
  return { names: [...names], isMore } satisfies Columns
})

const line = (record: DeliveryRecord, workspace: string, columns: Columns): string => {
  const fields = fieldsOf(record.payload) ?? new Map<string, string>()
  const isWhole = record.payload !== null && ![...fields.keys()].every((name) => columns.names.includes(name))
  return CsvLine.of(
    [
      String(record.id),
      record.settledAt === null ? "" : Instant.format(record.settledAt),
      workspace,
      record.pipeline,
      record.campaignId === null ? "" : String(record.campaignId),
      record.state,
      record.errorClass ?? "",
      String(record.attempt),
      record.reason ?? "",
      ...columns.names.map((name) => fields.get(name) ?? ""),
      ...(columns.isMore ? [fields.size === 0 || isWhole ? (record.payload ?? "") : ""] : [])
    ].map(CsvLine.harmless)
  )
}

/** The header, then a line for each. */
export const text = (
  filter: EndedFilter,
  limit = Infinity
): Stream.Stream<string, LedgerUnavailable | WorkspaceNotFound, Records | WorkspaceStore> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const columns = yield* columnsOf(filter, limit)
      const known = new Map<WorkspaceId, Workspace>()
      const header = CsvLine.of([...own, ...columns.names, ...(columns.isMore ? ["payload"] : [])])
      const lines = Stream.mapEffect(rows(filter, limit), (record) =>
        Effect.map(QueueLookup.workspacesOf([record], known), () =>
          line(record, known.get(record.workspaceId)?.name ?? "", columns)
        )
      )
      return Stream.concat(Stream.succeed(header), lines)
    })
  )
