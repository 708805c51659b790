/**
 * What a person reads after `audience check`.
 */
import { type Summary } from "./AudienceCheck.ts"
import * as Table from "./Table.ts"

/** Lines for stdout. `file` and `column` are shown as the user wrote them. */
export const lines = (file: string, column: string, region: string, summary: Summary): ReadonlyArray<string> => {
  const reachable = summary.rows - summary.invalid - summary.duplicates
  return [
    `${Table.shown(file)}: ${amount(summary.rows)} rows, numbers in "${Table.shown(column)}", region ${region}`,
    "",
    ...counted([
      ["would be written to", reachable],
      ["would be skipped: invalid", summary.invalid],
      [`would be skipped: duplicates${summary.allDuplicatesSeen ? "" : " (at least)"}`, summary.duplicates]
    ]),
    ...section("Valid", [
      ["as written", summary.asWritten],
      ["repaired", summary.repaired]
    ]),
    ...section("Repaired", summary.byRepair),
    ...section("Invalid", summary.byReason),
    ...section("Kind of line", summary.byType),
    ...problems(summary, column)
  ]
}

const amount = (value: number): string => value.toLocaleString("en-US")

const counted = (counts: ReadonlyArray<readonly [string, number]>): ReadonlyArray<string> =>
  Table.format(
    [
      { title: "", align: "left" },
      { title: "", align: "right" }
    ],
    counts.map(([name, value]) => [`  ${name}`, amount(value)])
  ).slice(1)

const section = (title: string, counts: ReadonlyArray<readonly [string, number]>): ReadonlyArray<string> => {
  const present = counts.filter(([, value]) => value > 0)
  return present.length === 0 ? [] : ["", title, ...counted(present)]
}

const problems = (summary: Summary, column: string): ReadonlyArray<string> => {
  if (summary.problems.length === 0) return []
  const shown = summary.problems.length
  return [
    "",
    shown === summary.problemsInAll ? "Problems" : `First ${shown} of ${amount(summary.problemsInAll)} problems`,
    ...Table.format(
      [
        { title: "  row", align: "right" },
        { title: "line", align: "right" },
        { title: column, align: "left" },
        { title: "reason", align: "left" }
      ],
      summary.problems.map(({ row, line, input, reason }) => [
        `  ${amount(row)}`,
        amount(line),
        input === "" ? "(blank)" : input,
        reason
      ])
    )
  ]
}
