/**
 * What the commands of `fibercast queue` ask for in the same words.
 */
import * as Lane from "@fibercast/domain/Lane"
import * as Period from "@fibercast/node/Period"
import { Array, Duration, Result } from "effect"
import { Flag } from "effect/cli"
import { parsed } from "./SendFlags.ts"

export const lanes = Flag.String("lanes").pipe(
  parsed("lanes", `some of ${Lane.lanes.join(", ")}, parted by commas`, Lane.parse),
  Flag.optional,
  Flag.withMetavar("LANES")
)

export const workspace = Flag.String("workspace").pipe(
  Flag.withDefault("default"),
  Flag.withMetavar("NAME"),
  Flag.withDescription("The workspace that it is about")
)

/** Also in milliseconds, for pauses that are short. */
const short = (text: string): Result.Result<Duration.Duration, Period.BadPeriod> => {
  const [, millis] = /^\s*(\d{1,9})\s*ms\s*$/iu.exec(text) ?? []
  return millis === undefined ? Period.parse(text) : Result.succeed(Duration.millis(Number(millis)))
}

export const pause = (name: string) =>
  Flag.String(name).pipe(parsed(name, "a period like 100ms, 2s or 1min", short), Flag.withMetavar("PERIOD"))

const wait = (text: string) =>
  /^\s*\d{1,9}\s*$/u.test(text) ? Result.succeed(Duration.seconds(Number(text))) : short(text)

/** `10,30,60`: seconds, or periods. */
const waits = (text: string): Result.Result<Array.NonEmptyReadonlyArray<Duration.Duration>, Period.BadPeriod> =>
  Result.flatMap(Result.all(text.split(",").map(wait)), (all) =>
    Array.isReadonlyArrayNonEmpty(all) ? Result.succeed(all) : Result.fail(new Period.BadPeriod({ input: text }))
  )

export const backoff = Flag.String("backoff").pipe(
  parsed("backoff", "waits in seconds like 10,30,60, or periods like 10s,1min", waits),
  Flag.optional,
  Flag.withMetavar("WAITS")
)

/** A whole number. */
export const count = (name: string, most: number) =>
  Flag.Int(name).pipe(
    Flag.filter(
      (value) => value >= 1 && value <= most,
      () => `Expected 1 to ${most}`
    ),
    Flag.optional,
    Flag.withMetavar("N")
  )
