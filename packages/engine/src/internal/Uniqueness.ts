/**
 * When a dispatch stands for itself, and when another stands for it, in the words of who dispatches.
 */
import { type Conflict, type Taken, type Unique } from "@fibercast/domain/Unique"
import { type Duration, Effect, Predicate } from "effect"
import { type BadDispatch } from "../BadDispatch.ts"
import { type Checks, keyed } from "./DispatchChecks.ts"

/** 1 to 200 characters, or how to make them of a payload. */
export type Key<P> = string | ((payload: P) => string)

/** One delivery of a key at a time, in its pipeline and workspace. */
export type UniqueOptions<P> = {
  readonly key: Key<P>
  /**
   * What becomes of a dispatch while the key is taken. `keep`, the default: the first stands for it. `replace`: the first
   * is given its payload, tags, deadline and due time, unless it is claimed or over. `reject`: it is refused.
   */
  readonly onConflict?: Conflict | undefined
} & (
  | {
      /** The key is taken until its delivery has `ended`, the default, or until it has `started`. */
      readonly until?: "ended" | "started" | undefined
      readonly for?: undefined
    }
  | {
      /** The key is taken for this long since its delivery was recorded, whatever becomes of it. */
      readonly for: Duration.Input
      readonly until?: undefined
    }
)

/** Due once nobody has dispatched to the key for `wait`: each dispatch replaces the one that waits, and puts it off. */
export interface DebounceOptions<P> {
  readonly key: Key<P>
  readonly wait: Duration.Input
  /** Due at the latest this long after the first of them. Default: never, as long as others come. */
  readonly atMost?: Duration.Input | undefined
}

/** The first of a key, and then none for `every`. */
export interface ThrottleOptions<P> {
  readonly key: Key<P>
  readonly every: Duration.Input
}

export interface Uniqueness<P> {
  /** False: it stands for itself alone, whatever its pipeline says. */
  readonly unique?: UniqueOptions<P> | false | undefined
  readonly debounce?: DebounceOptions<P> | undefined
  readonly throttle?: ThrottleOptions<P> | undefined
}

export type UniqueOf<P> = (payload: P) => Effect.Effect<Unique, BadDispatch>

/** How each payload is unique, null: it is not; and how long it waits for others. `isTimed`: when it is due was said otherwise. */
export const make = <P>(
  given: Uniqueness<P>,
  byDefault: UniqueOptions<P> | null,
  options: { readonly checks: Checks; readonly isTimed: boolean }
): Effect.Effect<{ readonly uniqueOf: UniqueOf<P> | null; readonly wait: number }, BadDispatch> => {
  const { debounce, throttle, unique } = given
  const isUnique = unique === undefined ? byDefault !== null : unique !== false
  return isUnique || debounce !== undefined || throttle !== undefined ? chosen(given, byDefault, options) : none
}

/** It stands for itself. */
const none = Effect.succeed({ uniqueOf: null, wait: 0 })

const chosen = <P>(
  { debounce, throttle, unique }: Uniqueness<P>,
  byDefault: UniqueOptions<P> | null,
  options: { readonly checks: Checks; readonly isTimed: boolean }
): Effect.Effect<{ readonly uniqueOf: UniqueOf<P> | null; readonly wait: number }, BadDispatch> =>
  Effect.gen(function* () {
    const { checks, isTimed } = options
    const given = { unique: unique === false ? undefined : unique, debounce, throttle }
    const [first, second] = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]))
    if (first !== undefined && second !== undefined) {
      return yield* checks.bad(second, `beside ${first}`, "give one of unique, debounce and throttle")
    }
    if (debounce !== undefined) {
      if (isTimed) return yield* checks.bad("debounce", "beside at or delay", "wait says when it is due")
      const wait = yield* checks.millis("debounce.wait", debounce.wait, 1)
      const atMost = debounce.atMost === undefined ? null : yield* checks.millis("debounce.atMost", debounce.atMost, 1)
      const rule = { taken: "started", onConflict: "replace", atMost } as const
      return { uniqueOf: keyed(checks, "debounce.key", debounce.key, rule), wait }
    }
    if (throttle !== undefined) {
      const taken = yield* checks.millis("throttle.every", throttle.every, 1)
      const rule = { taken, onConflict: "keep", atMost: null } as const
      return { uniqueOf: keyed(checks, "throttle.key", throttle.key, rule), wait: 0 }
    }
    const chosen = unique === undefined ? byDefault : unique
    if (chosen === null || chosen === false) return { uniqueOf: null, wait: 0 }
    const { onConflict = "keep" } = chosen
    const taken: Taken = Predicate.isNotUndefined(chosen.for)
      ? yield* checks.millis("unique.for", chosen.for, 1)
      : (chosen.until ?? "ended")
    // What is to run as soon as it can keeps its place among what waits for its turn.
    const atMost = onConflict === "replace" && !isTimed ? 0 : null
    return { uniqueOf: keyed(checks, "unique.key", chosen.key, { taken, onConflict, atMost }), wait: 0 }
  })
