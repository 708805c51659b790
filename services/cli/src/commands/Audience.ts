/**
 * `fibercast audience …`: looking at who a campaign would go to, before it goes.
 */
import { type CsvRow } from "@fibercast/content/CsvAudience"
import * as PhoneNumber from "@fibercast/content/PhoneNumber"
import { Array, Console, Effect, identity, Option, Result, Stream } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import * as AudienceCheck from "../AudienceCheck.ts"
import * as AudienceReport from "../AudienceReport.ts"
import * as CsvFile from "../CsvFile.ts"
import * as RepairedFile from "../RepairedFile.ts"
import * as StandardOutput from "../StandardOutput.ts"

const flags = {
  file: Argument.String("file").pipe(Argument.withDescription("A CSV file with a header line")),
  to: Flag.String("to").pipe(Flag.withMetavar("COLUMN"), Flag.withDescription("The column with the phone numbers")),
  region: Flag.String("region").pipe(
    Flag.withMetavar("ID"),
    Flag.withDescription("Two-letter country code of numbers written without one"),
    Flag.mapTryCatch(
      (text) => Result.getOrThrow(PhoneNumber.checkRegion(text)),
      (error) => (error instanceof Error ? error.message : String(error))
    )
  ),
  json: Flag.Boolean("json").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Print one JSON object a row: row, input, e164, type, repaired, reason")
  ),
  repaired: Flag.String("repaired").pipe(
    Flag.optional,
    Flag.withMetavar("FILE"),
    Flag.withDescription("Write the rows that can be written to, each number once and in E.164, to this CSV file")
  ),
  limit: Flag.Int("limit").pipe(
    Flag.optional,
    Flag.filter(
      (limit) => Option.isNone(limit) || limit.value > 0,
      () => "Expected 1 or more"
    ),
    Flag.withMetavar("ROWS"),
    Flag.withDescription("Check only the first rows")
  )
}

const check = Command.make(
  "check",
  flags,
  Effect.fnUntraced(function* ({ file, json, limit, region, repaired, to }) {
    const csv = yield* CsvFile.open(file)
    yield* CsvFile.requireColumn({ file, csv, region, flag: "--to", column: to })

    const copy = Option.isSome(repaired)
      ? yield* RepairedFile.open({ path: repaired.value, source: file, header: csv.header, column: to })
      : undefined
    const audience = AudienceCheck.make(to, region)
    const text = csv.rows.pipe(
      Option.isSome(limit) ? Stream.take(limit.value) : identity,
      Stream.mapArrayEffect(
        Effect.fnUntraced(function* (some) {
          const findings = Array.map(some, audience.judge)
          if (copy !== undefined) yield* copy.append(writable(some, findings))
          return Array.of(json ? findings.map(jsonLine).join("") : "")
        })
      )
    )
    yield* json ? StandardOutput.print(text) : Stream.runDrain(text)
    if (copy !== undefined) yield* copy.finish
    if (json) return
    const report = AudienceReport.lines(file, to, region, audience.summary())
    const written = Option.isSome(repaired) ? ["", `The rows that would be written to are in ${repaired.value}`] : []
    yield* Console.log([...report, ...written].join("\n"))
  }, Effect.scoped)
).pipe(
  Command.withDescription(
    "Read an audience as a campaign would, and say which numbers it would write to, repair or skip. " +
      "Nothing is sent and nothing leaves this machine. Invalid rows are a result, not a failure: the exit code is 0."
  ),
  Command.withShortDescription("Which numbers of a CSV file can be written to"),
  Command.withExamples([
    { command: "fibercast audience check contacts.csv --to phone --region ID" },
    { command: "fibercast audience check contacts.csv --to phone --region ID --repaired clean.csv" },
    { command: "fibercast audience check contacts.csv --to phone --region ID --json | jq 'select(.e164 == null)'" }
  ])
)

const jsonLine = ({ row, input, e164, type, repaired, reason }: AudienceCheck.Finding): string =>
  `${JSON.stringify({ row, input, e164, type, repaired, reason })}\n`

const writable = (
  rows: ReadonlyArray<CsvRow>,
  findings: ReadonlyArray<AudienceCheck.Finding>
): ReadonlyArray<RepairedFile.RepairedRow> =>
  rows.flatMap((row, at) => {
    const found = findings[at]
    if (row._tag === "Bad" || found === undefined || found.e164 === null || found.sameAs !== null) return []
    return [{ row, e164: found.e164 }]
  })

export const command = Command.make("audience").pipe(
  Command.withDescription("Look at an audience before a campaign goes to it"),
  Command.withSubcommands([check])
)
