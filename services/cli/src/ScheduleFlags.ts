/**
 * What the commands of `fibercast schedule` ask for in the same words.
 */
import * as WallTime from "@fibercast/domain/WallTime"
import { Config, Option, Result } from "effect"
import { Argument, Flag } from "effect/cli"
import * as Instant from "./Instant.ts"
import { parsed } from "./SendFlags.ts"

export const name = Argument.String("name").pipe(Argument.withDescription("The trigger's name"))

export const workspace = Flag.String("workspace").pipe(
  Flag.optional,
  Flag.withMetavar("NAME"),
  Flag.withDescription("The workspace of the trigger, if several have one of that name")
)

export const zone = Flag.String("zone").pipe(
  Flag.withAlias("timezone"),
  parsed("zone", "an IANA time zone, like Asia/Jakarta or Europe/Berlin", (text) =>
    Result.map(WallTime.parseZone(text), () => text)
  ),
  Flag.optional,
  Flag.withMetavar("ZONE")
)

/** An instant, kept as it was written: what has no offset is read in a zone that is known later. */
export const instant = (option: string) =>
  Flag.String(option).pipe(
    parsed(option, Instant.expected, (text) => Result.map(Instant.parse(text, "UTC"), () => text)),
    Flag.withMetavar("ISO")
  )

export const app = Flag.String("app").pipe(
  Flag.optional,
  Flag.withMetavar("FILE"),
  Flag.withDescription("A module whose default export is an app: its triggers are scheduled, and its code runs here")
)

const environmentOr = (usual: string) =>
  Flag.String("environment").pipe(
    Flag.withFallbackConfig(Config.String("FIBERCAST_ENV")),
    Flag.withDefault(usual),
    Flag.withMetavar("NAME"),
    Flag.withDescription(`Where this is, for triggers that are limited to some (default FIBERCAST_ENV, or ${usual})`)
  )

export const environment = environmentOr("production")
/** For commands that are for trying things out. */
export const development = environmentOr("development")

export const note = Flag.String("note").pipe(Flag.optional)

export const limit = (what: number) =>
  Flag.Int("limit").pipe(
    Flag.filter(
      (limit) => limit > 0 && limit <= 10_000,
      () => "Expected 1 to 10000"
    ),
    Flag.withDefault(what),
    Flag.withDescription(`How many, the newest first (default ${what})`)
  )

/** The instant that a checked text means in a zone. */
export const at = (text: string, zone: string): number => Result.getOrThrow(Instant.parse(text, zone))

export const optionalAt = (text: Option.Option<string>, zone: string): number | null =>
  Option.match(text, { onNone: () => null, onSome: (given) => at(given, zone) })
