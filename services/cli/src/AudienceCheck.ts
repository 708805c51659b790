/**
 * Judges the rows of an audience as a campaign would: which can be written to, what had to be repaired, which
 * would be skipped and why. Holds the counts, the first `maxProblems` problems and `FirstRows`, however long the audience.
 */
import { type CsvRow } from "@fibercast/content/CsvAudience"
import * as PhoneNumber from "@fibercast/content/PhoneNumber"
import { Result } from "effect"
import * as FirstRows from "./FirstRows.ts"

/** What became of one row. Either `e164` and `type` are set, or `reason`. */
export interface Finding {
  /** Counts from 1, header not counted. */
  readonly row: number
  /** Where the row starts in the file, from 1. */
  readonly line: number
  readonly input: string
  readonly e164: string | null
  readonly type: PhoneNumber.NumberType | null
  readonly repaired: ReadonlyArray<PhoneNumber.Repair>
  readonly reason: string | null
  /** The earlier row with the same number. */
  readonly sameAs: number | null
}

/** A row that a campaign would skip. */
export interface Problem {
  readonly row: number
  readonly line: number
  readonly input: string
  readonly reason: string
}

export const maxProblems = 20

/** valid = asWritten + repaired; rows = valid + invalid; duplicates are among the valid. */
export interface Summary {
  readonly rows: number
  readonly asWritten: number
  readonly repaired: number
  readonly invalid: number
  readonly duplicates: number
  /** False when there were more numbers than `FirstRows` holds. */
  readonly allDuplicatesSeen: boolean
  /** Rows by what was mended; a row with two repairs counts in both. Most frequent first, as are the others. */
  readonly byRepair: ReadonlyArray<readonly [string, number]>
  readonly byReason: ReadonlyArray<readonly [string, number]>
  readonly byType: ReadonlyArray<readonly [string, number]>
  /** The first ones, in the order of the file. */
  readonly problems: ReadonlyArray<Problem>
  readonly problemsInAll: number
}

export interface AudienceCheck {
  readonly judge: (row: CsvRow) => Finding
  readonly summary: () => Summary
}

/** Judges the cells of `column`; numbers without a country code belong to `region`. */
export const make = (column: string, region: string): AudienceCheck => {
  const seen = FirstRows.make()
  const repairs = new Map<string, number>()
  const reasons = new Map<string, number>()
  const types = new Map<string, number>()
  const problems: Array<Problem> = []
  let [rows, repaired, invalid, duplicates] = [0, 0, 0, 0]

  const problem = (found: Problem) => {
    if (problems.length < maxProblems) problems.push(found)
  }

  const refuse = (row: CsvRow, input: string, reason: string, kind: string): Finding => {
    invalid += 1
    count(reasons, kind)
    problem({ row: row.row, line: row.line, input, reason })
    return { row: row.row, line: row.line, input, e164: null, type: null, repaired: [], reason, sameAs: null }
  }

  const judge = (row: CsvRow): Finding => {
    rows += 1
    if (row._tag === "Bad") return refuse(row, row.input, row.reason, "unreadable row")
    const input = row.columns[column] ?? ""
    const parsed = PhoneNumber.parse(input, region)
    if (Result.isFailure(parsed)) return refuse(row, input, parsed.failure.reason, parsed.failure.reason)
    const number = parsed.success
    count(types, number.type)
    if (number.repaired.length > 0) repaired += 1
    for (const repair of new Set(number.repaired)) count(repairs, repair)
    const sameAs = seen.visit(number.e164, row.row) ?? null
    if (sameAs !== null) {
      duplicates += 1
      problem({ row: row.row, line: row.line, input, reason: `same number as row ${sameAs}` })
    }
    const { e164, type } = number
    return { row: row.row, line: row.line, input, e164, type, repaired: number.repaired, reason: null, sameAs }
  }

  const summary = (): Summary => ({
    rows,
    asWritten: rows - invalid - repaired,
    repaired,
    invalid,
    duplicates,
    allDuplicatesSeen: !seen.full(),
    byRepair: ranked(repairs),
    byReason: ranked(reasons),
    byType: ranked(types),
    problems,
    problemsInAll: invalid + duplicates
  })

  return { judge, summary }
}

const count = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)

const ranked = (counts: Map<string, number>) => Array.from(counts).toSorted(([, a], [, b]) => b - a)
