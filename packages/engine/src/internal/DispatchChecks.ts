/**
 * What is checked of a dispatch before anything is recorded.
 */
import { type Unique, UniqueKey } from "@fibercast/domain/Unique"
import { Duration, Effect, Option, Schema } from "effect"
import { BadDispatch } from "../BadDispatch.ts"

export interface Checks {
  readonly bad: (field: string, value: unknown, rule: string) => BadDispatch
  /** The time in milliseconds, at least `least`. */
  readonly millis: (field: string, value: Duration.Input, least: number) => Effect.Effect<number, BadDispatch>
  readonly key: (field: string, value: string) => Effect.Effect<string, BadDispatch>
  readonly tags: (value: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<string>, BadDispatch>
}

const isKey = Schema.is(UniqueKey)
const keyRule = "it must be 1 to 200 characters of well-formed text without U+0000; hash a longer one"

const Tag = UniqueKey.check(Schema.isMaxLength(100))
const isTagList = Schema.is(Schema.Array(Tag).check(Schema.isMaxLength(10)))
const isTags = (tags: ReadonlyArray<string>): boolean => isTagList(tags)

const shown = (value: unknown): string => {
  if (typeof value !== "string") return String(value)
  const isLong = value.length > 60
  return isLong ? `${JSON.stringify(value.slice(0, 60))}… (${value.length} characters)` : JSON.stringify(value)
}

export const make = (pipeline: string): Checks => {
  const bad = (field: string, value: unknown, rule: string) =>
    new BadDispatch({ pipeline, field, value: shown(value), rule })
  return {
    bad,
    millis: (field, value, least) => {
      const millis = Option.map(Duration.fromInput(value), Duration.toMillis)
      return Option.isSome(millis) && Number.isFinite(millis.value) && millis.value >= least && !Number.isNaN(value)
        ? Effect.succeed(Math.ceil(millis.value))
        : bad(field, value, `it must be a time of ${least === 0 ? "0 or more" : "a millisecond or more"}`)
    },
    key: (field, value) => (isKey(value) ? Effect.succeed(value) : bad(field, value, keyRule)),
    tags: (value) =>
      isTags(value)
        ? Effect.succeed(value)
        : bad("tags", value.join(", "), "at most 10 of 1 to 100 characters of well-formed text without U+0000")
  }
}

/** By a key that is checked for each payload. */
export const keyed =
  <P>(checks: Checks, field: string, key: string | ((payload: P) => string), rule: Omit<Unique, "key">) =>
  (payload: P): Effect.Effect<Unique, BadDispatch> =>
    Effect.mapEager(checks.key(field, typeof key === "string" ? key : key(payload)), (key) => ({ key, ...rule }))
