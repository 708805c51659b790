/**
 * One setting of a node: the variable that holds it, how its text is read, and how it is told. The value of a secret is
 * never told.
 */
import { Duration, Redacted, Result } from "effect"
import * as Period from "./Period.ts"

export interface Setting<A> {
  readonly variable: string
  /** Its flag without the dashes; null: it has none, as other users of a machine can read flags. */
  readonly flag: string | null
  readonly about: string
  /** How its text looks, to be read after "expected". */
  readonly expected: string
  readonly secret: boolean
  /** What it is when it is not set. */
  readonly fallback: A
  /** Fails with what is wrong, if there is more to say than that it is not what was expected. */
  readonly read: (text: string) => Result.Result<A, string>
  readonly show: (value: A) => string
}

/** What is wrong with one setting. */
export interface Problem {
  /** The variable, or the flag if the value came from there. */
  readonly name: string
  readonly wrong: string
  readonly expected: string
}

type Told = Pick<Setting<unknown>, "variable" | "about"> & { readonly flag?: string }

const fail = (): Result.Result<never, string> => Result.fail("")

export const anyText = "one line of text, at most 200 characters"

export const text = (told: Told, fallback: string): Setting<string> => ({
  flag: null,
  ...told,
  expected: anyText,
  secret: false,
  fallback,
  read: (given) => (/^[^\p{Cc}]{1,200}$/u.test(given) ? Result.succeed(given) : fail()),
  show: (value) => value
})

/** Null when it is not set. */
export const optional = <A>(setting: Setting<A>): Setting<A | null> => ({
  ...setting,
  fallback: null,
  show: (value) => (value === null ? "not set" : setting.show(value))
})

/** A whole number. */
export const whole = (told: Told, from: number, to: number, fallback: number): Setting<number> => ({
  flag: null,
  ...told,
  expected: `a whole number from ${from} to ${to}`,
  secret: false,
  fallback,
  read: (given) => {
    const value = /^\d{1,9}$/u.test(given) ? Number(given) : NaN
    return value >= from && value <= to ? Result.succeed(value) : fail()
  },
  show: String
})

/** Milliseconds, written like `2s`. */
export const period = (told: Told, fallback: number): Setting<number> => ({
  flag: null,
  ...told,
  expected: "a period like 2s, 1min or 1h",
  secret: false,
  fallback,
  read: (given) => Result.mapBoth(Period.parse(given), { onFailure: () => "", onSuccess: Duration.toMillis }),
  show: (value) => `${value / 1000}s`
})

export const oneOf = <const A extends string>(told: Told, values: ReadonlyArray<A>, fallback: A): Setting<A> => ({
  flag: null,
  ...told,
  expected: `one of ${values.join(", ")}`,
  secret: false,
  fallback,
  read: (given) => {
    const value = values.find((one) => one === given.toLowerCase())
    return value === undefined ? fail() : Result.succeed(value)
  },
  show: (value) => value
})

const schemeOf = (address: string): string => (URL.canParse(address) ? new URL(address).protocol.slice(0, -1) : "")

/** Addresses of servers, parted by commas, with one of the schemes. They may hold a password. */
export const addresses = (
  told: Told,
  schemes: ReadonlyArray<string>,
  example: string
): Setting<Redacted.Redacted | null> => ({
  flag: null,
  ...told,
  expected: `an address like ${example}`,
  secret: true,
  fallback: null,
  read: (given) => {
    return given.split(",").every((one) => schemes.includes(schemeOf(one.trim())))
      ? Result.succeed(Redacted.make(given))
      : fail()
  },
  show: (value) => (value === null ? "not set" : "set")
})
