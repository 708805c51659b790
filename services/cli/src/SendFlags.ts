/**
 * The flags of `fibercast send`, each checked on its own; what is wrong with one is a usage error.
 */
import * as PhoneNumber from "@fibercast/content/PhoneNumber"
import { parseRate } from "@fibercast/domain/Limits"
import * as WallTime from "@fibercast/domain/WallTime"
import { Config, Duration, Effect, Result } from "effect"
import { CliError, Flag } from "effect/cli"
import * as Period from "@fibercast/node/Period"
import * as Provider from "./Provider.ts"

/** A value that is read by `parse`; what it does not take is told with what is expected. */
export const parsed =
  <A, E>(option: string, expected: string, parse: (text: string) => Result.Result<A, E>) =>
  (flag: Flag.Flag<string>): Flag.Flag<A> =>
    Flag.mapEffect(flag, (value) =>
      Result.match(parse(value), {
        onFailure: () => Effect.fail(new CliError.InvalidValue({ option, value, expected, kind: "flag" })),
        onSuccess: (read) => Effect.succeed(read)
      })
    )

export const period = (name: string) =>
  Flag.String(name).pipe(parsed(name, "a period like 90s, 10min, 2h or 1d", Period.parse), Flag.withMetavar("PERIOD"))

export const folder = Flag.String("folder").pipe(
  Flag.withDefault(".fibercast"),
  Flag.withMetavar("FOLDER"),
  Flag.withDescription("Where the embedded database and the reports are (reports alone with DATABASE_URL)")
)

export const workspace = Flag.String("workspace").pipe(
  Flag.withDefault("default"),
  Flag.withMetavar("NAME"),
  Flag.withDescription("The workspace that the campaign belongs to")
)

export const json = (what: string) => Flag.Boolean("json").pipe(Flag.withDefault(false), Flag.withDescription(what))

const httpUrl = (text: string): Result.Result<string, string> =>
  URL.canParse(text) && /^https?:$/u.test(new URL(text).protocol) ? Result.succeed(text) : Result.fail(text)

export const flags = {
  audience: Flag.String("audience").pipe(
    Flag.withMetavar("FILE"),
    Flag.withDescription("A CSV file with a header line")
  ),
  to: Flag.String("to").pipe(Flag.withMetavar("COLUMN"), Flag.withDescription("The column with the phone numbers")),
  template: Flag.String("template").pipe(
    Flag.withMetavar("TEXT"),
    Flag.withDescription('The message, with the columns of the file: "Halo {{ name }}, …"')
  ),
  provider: Flag.Literals("provider", Provider.providers).pipe(
    Flag.withDescription("Who sends it; log sends nothing and accepts everything")
  ),
  url: Flag.String("url").pipe(
    Flag.withFallbackConfig(Config.String("FONNTE_URL")),
    parsed("url", "an address like https://api.fonnte.com", httpUrl),
    Flag.optional,
    Flag.withMetavar("URL"),
    Flag.withDescription("The provider's address, if it is not its own: a simulator, a proxy (or FONNTE_URL)")
  ),
  rate: Flag.String("rate").pipe(
    parsed("rate", "a count and a period, like 20/s, 1/2s, 600/min or 10000/day", parseRate),
    Flag.optional,
    Flag.withMetavar("20/s"),
    Flag.withDescription("No faster than this, in any window: 20/s, 1/2s, 600/min (default 1/s; none with log)")
  ),
  region: Flag.String("region").pipe(
    parsed("region", "a two-letter country code, like ID, MY or US", PhoneNumber.checkRegion),
    Flag.optional,
    Flag.withMetavar("ID"),
    Flag.withDescription("Two-letter country code of numbers written without one")
  ),
  at: Flag.String("at").pipe(
    Flag.optional,
    Flag.withMetavar("TIME"),
    Flag.withDescription('When it starts, as a wall clock shows it: "2026-12-01 09:00"; needs --zone')
  ),
  zone: Flag.String("zone").pipe(
    parsed("zone", "an IANA time zone, like Asia/Jakarta or Europe/Berlin", (text) =>
      Result.map(WallTime.parseZone(text), () => text)
    ),
    Flag.optional,
    Flag.withMetavar("ZONE"),
    Flag.withDescription("The IANA time zone of that clock: Asia/Jakarta; also that of dates in the message")
  ),
  deadline: period("deadline").pipe(
    Flag.optional,
    Flag.withDescription("Not sent later than this after its time, but expired: 2h")
  ),
  guarantee: Flag.Literals("guarantee", ["at-least-once", "at-most-once"]).pipe(
    Flag.withDefault("at-least-once" as const),
    Flag.withDescription("What happens after a lost answer: sent again, or left in doubt")
  ),
  name: Flag.String("name").pipe(Flag.optional, Flag.withDescription("The campaign's name, if it is not the file's")),
  key: Flag.String("key").pipe(
    Flag.optional,
    Flag.withDescription("What the campaign is found by when the command is started again (default: file and message)")
  ),
  again: Flag.Boolean("again").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Send once more what was sent before, as a new campaign")
  ),
  workspace,
  folder,
  concurrency: Flag.Int("concurrency").pipe(
    Flag.filter(
      (count) => count > 0 && count <= 10_000,
      () => "Expected 1 to 10000"
    ),
    Flag.optional,
    Flag.withDescription("Sends under way at once (default 100)")
  ),
  giveUpAfter: period("give-up-after").pipe(
    Flag.withDefault(Duration.minutes(10)),
    Flag.withDescription("How long the provider or the database may be away (default 10min)")
  ),
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Check everything and show what would be sent; send and write nothing")
  ),
  json: json("Print the report as one JSON object, the last line of stdout")
}
