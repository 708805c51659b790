/**
 * The FakeMessenger answers from a script and keeps what it was asked to send.
 *
 * A script says for each call how the provider answers, as an Effect; without one every message is
 * accepted at once. Memory grows by one record for each send.
 */
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import { type Limits } from "@fibercast/domain/Limits"
import { type Message } from "@fibercast/domain/Message"
import { type Accepted, type Messenger, SendFailed } from "@fibercast/ports/Messenger"
import { Clock, Context, type Duration, Effect, Exit, Layer } from "effect"

/** How the provider answers one call. */
export type Answer = Effect.Effect<Accepted, SendFailed>

/** One call, as a script sees it. */
export interface Call extends Message {
  readonly deliveryId: bigint
  /** Which try of its delivery, from 1. */
  readonly attempt: number
  /** Which call of all, from 1. */
  readonly number: number
  /** Which call to this address, from 1. */
  readonly turn: number
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** A call, and how it stands. `cutOff`: it was interrupted, or it died. */
export interface Sent extends Call {
  readonly result: "open" | "accepted" | "failed" | "cutOff"
}

export type Script = (call: Call) => Answer

export interface Options {
  /** Default `fake:default`. */
  readonly account?: string | undefined
  readonly limits?: Limits | undefined
  /** What the provider says when asked whether the account can send; by default that it can. */
  readonly probe?: Effect.Effect<void, SendFailed> | undefined
}

export const accept: Answer = Effect.succeed({})

/** The provider refuses. `retryAfter` in milliseconds, with `rateLimited`. */
export const fail = (errorClass: ErrorClass, reason = `the provider says ${errorClass}`, retryAfter?: number): Answer =>
  Effect.fail(new SendFailed({ errorClass, reason, ...(retryAfter === undefined ? {} : { retryAfter }) }))

/** The provider never answers. */
export const hang: Answer = Effect.never

/** The provider takes its time. */
export const delay = (duration: Duration.Input, answer: Answer = accept): Answer => Effect.delay(answer, duration)

/** The messenger has a bug. */
export const die = (reason = "the messenger crashed"): Answer => Effect.die(new Error(reason))

/** One answer after another, whoever is written to; then everything is accepted. */
export const inTurn =
  (...answers: ReadonlyArray<Answer>): Script =>
  ({ number }) =>
    answers[number - 1] ?? accept

/** One answer after another for each address named; then, and for others, everything is accepted. */
export const byTarget =
  (answers: Readonly<Record<string, ReadonlyArray<Answer>>>): Script =>
  ({ to, turn }) =>
    (Object.hasOwn(answers, to) ? answers[to] : undefined)?.[turn - 1] ?? accept

const make = (script: Script, { account = "fake:default", limits = {}, probe = Effect.void }: Options) => {
  const calls: Array<Sent> = []
  const turns = new Map<string, number>()

  const send: Messenger["send"] = Effect.fnUntraced(function* ({ text, to }, { attempt, deliveryId }) {
    const at = yield* Clock.currentTimeMillis
    const turn = (turns.get(to) ?? 0) + 1
    turns.set(to, turn)
    const index = calls.length
    const call: Call = { to, text, deliveryId, attempt, number: index + 1, turn, at }
    calls.push({ ...call, result: "open" })
    return yield* Effect.suspend(() => script(call)).pipe(
      Effect.map((accepted) => ({ providerId: `fake-${call.number}`, ...accepted })),
      Effect.onExit((exit) =>
        Effect.sync(() => {
          const failed = Exit.isFailure(exit) && exit.cause.reasons.some(({ _tag }) => _tag === "Fail")
          calls[index] = { ...call, result: Exit.isSuccess(exit) ? "accepted" : failed ? "failed" : "cutOff" }
        })
      )
    )
  })

  return FakeMessenger.of({ provider: "fake", account, limits, probe, send, sent: Effect.sync(() => [...calls]) })
}

export class FakeMessenger extends Context.Service<
  FakeMessenger,
  Messenger & {
    /** Every call so far, oldest first. */
    readonly sent: Effect.Effect<ReadonlyArray<Sent>>
  }
>()("fibercast/testkit/FakeMessenger") {
  static readonly layer = (script: Script = () => accept, options: Options = {}): Layer.Layer<FakeMessenger> =>
    Layer.sync(FakeMessenger, () => make(script, options))

  /** Puts the FakeMessenger in the place of another messenger, whose pipelines need not know. */
  static readonly standIn = <Id>(messenger: Context.Service<Id, Messenger>): Layer.Layer<Id, never, FakeMessenger> =>
    Layer.effect(messenger, FakeMessenger)
}
