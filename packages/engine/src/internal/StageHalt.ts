/**
 * A halt is why a pipeline did not reach its end for a delivery: a stage failed, left it out, or put it off.
 *
 * Every halt that a stage makes carries its class or instant, so that whoever judges the exit need not
 * know the stage. `sent` is set when an earlier stage had already pushed the message out.
 */
import { ErrorClass } from "@fibercast/domain/ErrorClass"
import { Data, Predicate, Schema } from "effect"

/** The provider's answer of a send that went before. */
export interface Sent {
  readonly providerId: string | null
}

/** A stage failed with `error`. */
export class StageFailure<out E> extends Data.TaggedClass("StageFailure")<{
  readonly errorClass: ErrorClass
  /** Short enough for a table cell; never a stack. */
  readonly reason: string
  readonly error: E
  /** Whether the stage pushes to a provider: the provider refused, or the gate of its account did. */
  readonly fromSend: boolean
  /** Milliseconds the provider asked to wait. */
  readonly retryAfter: number | null
  /** The instant until which trying again is useless. */
  readonly until: number | null
  readonly sent: Sent | null
}> {}

/** The delivery is left out, for this reason. */
export class StageSkip extends Data.TaggedClass("StageSkip")<{ readonly reason: string; readonly sent: Sent | null }> {}

/** The delivery is put off until the instant, uncharged. */
export class StageSnooze extends Data.TaggedClass("StageSnooze")<{
  readonly until: number
  readonly reason: string
  readonly sent: Sent | null
}> {}

export type Halt<E> = StageFailure<E> | StageSkip | StageSnooze

export const isHalt = (u: unknown): u is Halt<unknown> =>
  u instanceof StageFailure || u instanceof StageSkip || u instanceof StageSnooze

const isErrorClass = Schema.is(ErrorClass)
const longestReason = 500

const text = (u: unknown): string | null => {
  if (typeof u !== "string") return null
  const trimmed = u.trim()
  return trimmed === "" ? null : trimmed.length > longestReason ? `${trimmed.slice(0, longestReason - 1)}…` : trimmed
}

/** A field of anything; what throws when it is read counts as absent. */
const field = (u: unknown, name: string): unknown => {
  try {
    return Predicate.hasProperty(u, name) ? u[name] : undefined
  } catch {
    return undefined
  }
}

/** What an error says in one short text: its message, its reason or its tag. */
export const reasonOf = (error: unknown): string =>
  text(error) ??
  text(field(error, "message")) ??
  text(field(error, "reason")) ??
  text(field(error, "_tag")) ??
  text(field(error, "name")) ??
  "failed without saying why"

/** A non-negative number of milliseconds, or null. */
const millis = (u: unknown): number | null => (typeof u === "number" && u >= 0 ? u : null)

/** The class of an error: the one it knows itself, otherwise `transient`. */
const classOf = (error: unknown): ErrorClass => {
  const own = field(error, "errorClass")
  return isErrorClass(own) ? own : "transient"
}

/** How a stage decides the class of its errors: always the same one, or by looking. */
export type Classify<E> = ErrorClass | ((error: E) => ErrorClass)

/** The failure of a stage. */
export const failure = <E>(
  error: E,
  options?: { readonly classify?: Classify<E> | undefined; readonly fromSend?: boolean; readonly until?: number | null }
): StageFailure<E> => {
  const classify = options?.classify
  const errorClass = classify === undefined ? classOf(error) : typeof classify === "string" ? classify : classify(error)
  return new StageFailure({
    errorClass,
    reason: reasonOf(error),
    error,
    fromSend: options?.fromSend ?? false,
    retryAfter: millis(field(error, "retryAfter")),
    until: options?.until ?? null,
    sent: null
  })
}

/** The same halt, known to have happened after a send. The first send known stays. */
export const markSent = <E>(halt: Halt<E>, sent: Sent): Halt<E> => {
  if (halt.sent !== null) return halt
  switch (halt._tag) {
    case "StageFailure":
      return new StageFailure({ ...halt, sent })
    case "StageSkip":
      return new StageSkip({ ...halt, sent })
    case "StageSnooze":
      return new StageSnooze({ ...halt, sent })
  }
}

/** The provider's id in what a pipeline or a send answered. */
export const providerIdOf = (value: unknown): string | null => {
  const id = field(value, "providerId")
  return typeof id === "string" && id !== "" ? id : null
}
