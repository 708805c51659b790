/**
 * `fibercast schedule next`: when a cron expression fires, without a trigger.
 */
import * as Cron from "@fibercast/domain/Cron"
import { Fold, Gap } from "@fibercast/domain/Trigger"
import * as ZoneRules from "@fibercast/domain/ZoneRules"
import { Clock, Console, Effect, Option, Result, Stdio, Stream } from "effect"
import { Argument, CliError, Command, Flag, TerminalCapabilities } from "effect/cli"
import { FileTrouble } from "../../FileTrouble.ts"
import * as Ink from "../../Ink.ts"
import * as Instant from "../../Instant.ts"
import * as ScheduleLines from "../../ScheduleLines.ts"
import * as ScheduleNext from "../../ScheduleNext.ts"
import * as ScheduleTable from "../../ScheduleTable.ts"
import * as StandardOutput from "../../StandardOutput.ts"
import * as Table from "../../Table.ts"

const invalid = (kind: "flag" | "argument", option: string, value: string, expected: string) =>
  new CliError.InvalidValue({ option, value, expected, kind })

const input = {
  expr: Argument.String("expr").pipe(
    Argument.mapEffect((text) =>
      Result.match(Cron.parse(text), {
        onFailure: ({ position, reason }) =>
          Effect.fail(
            invalid(
              "argument",
              "expr",
              Table.shown(text),
              `Expected a cron expression, but at character ${position}: ${reason}.`
            )
          ),
        onSuccess: () => Effect.succeed(text)
      })
    ),
    Argument.optional,
    Argument.withDescription("A cron expression in quotes, five fields or six; without it, JSON lines from stdin")
  ),
  zone: Flag.String("zone").pipe(
    Flag.mapEffect((zone) =>
      Result.match(ZoneRules.make(zone), {
        onFailure: () => Effect.fail(invalid("flag", "zone", zone, "an IANA time zone, like Asia/Jakarta")),
        onSuccess: () => Effect.succeed(zone)
      })
    ),
    Flag.optional,
    Flag.withMetavar("ZONE"),
    Flag.withDescription("The IANA time zone whose wall clock it goes by (default UTC)")
  ),
  from: Flag.String("from").pipe(
    Flag.mapEffect((text) =>
      Result.match(Instant.parse(text, "UTC"), {
        onFailure: () => Effect.fail(invalid("flag", "from", text, Instant.expected)),
        onSuccess: () => Effect.succeed(text)
      })
    ),
    Flag.optional,
    Flag.withMetavar("ISO"),
    Flag.withDescription("Times strictly after this: 2026-03-29T01:00:00Z, or a wall time in the zone (default now)")
  ),
  count: Flag.Int("count").pipe(
    Flag.filter(
      (count) => count >= 1 && count <= ScheduleNext.maxCount,
      () => `Expected 1 to ${ScheduleNext.maxCount}`
    ),
    Flag.optional,
    Flag.withDescription(`How many times, 1 to ${ScheduleNext.maxCount} (default 5)`)
  ),
  gap: Flag.Literals("gap", Gap.literals).pipe(
    Flag.optional,
    Flag.withDescription(
      "Wall times that do not exist: left out, moved on by the change, or at its end (default shift)"
    )
  ),
  fold: Flag.Literals("fold", Fold.literals).pipe(
    Flag.optional,
    Flag.withDescription("Wall times that come twice; auto: both for intervals, else the first (default auto)")
  ),
  json: Flag.Boolean("json").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Print one JSON object: expr, zone, from, next; instants in UTC, 2026-03-29T01:00:00.000Z")
  )
}

const fromStdin = Effect.gen(function* () {
  const { stdin } = yield* Stdio.Stdio
  const lines = Stream.mapError(stdin, ({ message }) => new FileTrouble({ file: "stdin", reason: message }))
  yield* StandardOutput.print(ScheduleLines.answers(lines))
})

const usage = (error: CliError.NonShowHelpErrors) =>
  new CliError.ShowHelp({ commandPath: ["fibercast", "schedule", "next"], errors: [error] })

export const next = Command.make(
  "next",
  input,
  Effect.fnUntraced(function* ({ json, expr, from, ...flags }) {
    if (Option.isNone(expr)) {
      const given: ReadonlyArray<readonly [string, Option.Option<unknown>]> = Object.entries({ from, ...flags })
      for (const [option, value] of given) {
        if (Option.isNone(value)) continue
        const expected = `none without <expr>: each line has its own "${option}"`
        return yield* usage(invalid("flag", option, String(value.value), expected))
      }
      const stdio = yield* Stdio.Stdio
      if (yield* stdio.stdinIsTerminal) return yield* usage(new CliError.MissingArgument({ argument: "expr" }))
      return yield* fromStdin
    }
    const zone = Option.getOrElse(flags.zone, () => "UTC")
    const question: ScheduleNext.Question = {
      expr: expr.value,
      zone,
      from: Option.isSome(from)
        ? yield* Effect.fromResult(Instant.parse(from.value, zone))
        : yield* Clock.currentTimeMillis,
      count: Option.getOrElse(flags.count, () => 5),
      gap: Option.getOrElse(flags.gap, () => "shift" as const),
      fold: Option.getOrElse(flags.fold, () => "auto" as const)
    }
    const answer = yield* Effect.fromResult(ScheduleNext.ask(question))
    if (json) {
      const times = answer.next.map(({ nominal }) => Instant.format(nominal))
      const told = { expr: question.expr, zone, from: Instant.format(question.from), next: times }
      return yield* Console.log(JSON.stringify(told))
    }
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    const ink = canColor ? Ink.coloured : Ink.plain
    yield* Console.log(ScheduleTable.lines(question, answer, Option.isNone(from), ink).join("\n"))
  })
).pipe(
  Command.withDescription(
    "When a cron expression fires next, on the wall clock of a zone and in UTC, with a note where that clock is put " +
      "forward or back. Without an expression, stdin is read to its end as JSON lines of " +
      "{expr, zone, from, count, gap?, fold?}, each answered by one line of {expr, next} or {expr, error}; a line that " +
      "is wrong is a result, not a failure. Instants in JSON are ISO 8601 in UTC."
  ),
  Command.withShortDescription("The next times of a cron expression"),
  Command.withExamples([
    { command: 'fibercast schedule next "0 9 * * MON-FRI" --zone Asia/Jakarta' },
    { command: 'fibercast schedule next "30 2 * * *" --zone Europe/Berlin --from 2026-03-27 --gap at-end' },
    { command: "fibercast schedule next < questions.jsonl > answers.jsonl" }
  ])
)
