/**
 * Account gates stand between pipelines and messengers: one per account, shared by all sends of this node.
 *
 * - An account that cannot send is not asked again until its breaker lets one probe through.
 * - An account's rate and its number of open sends hold, whoever sends; where turns are to be asked for, the rate holds
 *   for the workspace over all nodes, and what gets no answer is not sent. An account that has not sent
 *   successfully yet gets no more sends at once than it takes to find out (`Breaker.openSends`).
 * - No send holds a place for longer than about a second because of a rate, a pause or other sends: it fails with
 *   `AccountClosed`, before any provider call, to be put off uncharged.
 *
 * Held in memory: a breaker, a rate window and who waits for a place, for each account used since start.
 */
import * as Breaker from "@fibercast/domain/Breaker"
import { ErrorClass } from "@fibercast/domain/ErrorClass"
import { type Limits, type Rate } from "@fibercast/domain/Limits"
import { type Message } from "@fibercast/domain/Message"
import { Alerts } from "@fibercast/ports/Alerts"
import { type Accepted, type Messenger, type SendContext, SendFailed } from "@fibercast/ports/Messenger"
import { Cause, Clock, Context, Effect, Exit, Layer, Option, Schema, Scope, Semaphore } from "effect"
import * as Activity from "./Activity.ts"
import * as SendPlaces from "./SendPlaces.ts"
import * as Limiter from "./Limiter.ts"
import * as Turns from "./Turns.ts"

/** Nothing was sent: the account cannot take it now. Uncharged; worth trying again at `until`. */
export class AccountClosed extends Schema.TaggedError<AccountClosed>()("AccountClosed", {
  account: Schema.String,
  /** Epoch milliseconds; infinity when nothing but an operator's reset opens the account again. */
  until: Schema.Number,
  reason: Schema.String,
  /** `rateLimited`: its rate or its places are used up; `accountTransient`: its breaker is open; `accountFatal`: for good. */
  errorClass: ErrorClass
}) {}

export interface AccountStatus {
  readonly account: string
  readonly state: Breaker.Breaker["state"]
  /** Epoch milliseconds of the next probe, infinity when there is none; `null` while closed. */
  readonly until: number | null
  readonly reason: string
}

export interface GatedContext extends SendContext {
  /** Who is told when the account breaks. */
  readonly workspaceId: number
  /** Who is asked before the rate is passed, so that it holds over all nodes; null or none: nobody. */
  readonly turns?: Turns.Asking | null
}

/** The longest a send waits in the gate for its account's rate, or for a place, in milliseconds. */
const longestWait = 1000
/** How soon a send is worth trying again that found no place, in milliseconds. */
const crowdedPause = 100
/** How long a `rateLimited` answer without `retryAfter` pauses the account, in milliseconds. */
const defaultPause = 1000
/** A probe without an answer for this many milliseconds failed. */
const probeTimeout = 10_000

interface Gate {
  readonly account: string
  readonly limiter: Limiter.Limiter
  /** One caller at a time waits for the rate. */
  readonly turn: Semaphore.Semaphore
  readonly open: SendPlaces.SendPlaces
  limits: Limits
  waiting: number
  breaker: Breaker.Breaker
}

export class AccountGates extends Context.Service<
  AccountGates,
  {
    /** Sends through the account's gate. The messenger is called at most once, and not at all on `AccountClosed`. */
    readonly send: (
      messenger: Messenger,
      message: Message,
      context: GatedContext
    ) => Effect.Effect<Accepted, SendFailed | AccountClosed>
    /** Every account used since start. */
    readonly status: Effect.Effect<ReadonlyArray<AccountStatus>>
    /** Closes the account's breaker, also one that is open for good. An unknown account is no error. */
    readonly reset: (account: string) => Effect.Effect<void>
  }
>()("fibercast/engine/AccountGates") {
  static readonly layer: Layer.Layer<AccountGates, never, Alerts> = Layer.effect(
    AccountGates,
    Effect.gen(function* () {
      const alerts = yield* Alerts
      const clock = yield* Clock.Clock
      const scope = yield* Effect.scope
      const gates = new Map<string, Gate>()
      const statuses = (): ReadonlyArray<AccountStatus> =>
        Array.from(gates.values(), ({ account, breaker: { reason, state, until } }) => ({
          account,
          state,
          until: state === "closed" ? null : until,
          reason
        }))
      yield* Activity.join(
        ({ broken }) => broken,
        () =>
          statuses()
            .filter(({ until }) => until !== null)
            .map(({ account, reason, until }) => ({ account, reason, isFatal: until === Infinity }))
      )

      /** A gate that is not closed refuses before it sends, so it need not hold anyone. */
      const openSends = ({ breaker, limits }: Gate) =>
        breaker.state === "closed" ? Math.min(limits.inFlight ?? Infinity, Breaker.openSends(breaker)) : Infinity

      const newGate = Effect.fnUntraced(function* ({ account, limits }: Messenger) {
        const limiter = yield* Limiter.make(limits)
        const open = yield* Scope.provide(SendPlaces.make(longestWait), scope)
        const known = gates.get(account)
        if (known !== undefined) return known
        const turn = Semaphore.makeUnsafe(1)
        const gate: Gate = { account, limits, limiter, turn, open, waiting: 0, breaker: Breaker.initial }
        gates.set(account, gate)
        return gate
      })
      /** The account's gate, if it is under the limits that the messenger names now. */
      const readyGate = ({ account, limits }: Messenger): Gate | undefined => {
        const known = gates.get(account)
        return known?.limits === limits ? known : undefined
      }
      /** The account's gate, under the limits that the messenger names now. */
      const gateOf = Effect.fnUntraced(function* (messenger: Messenger) {
        const known = gates.get(messenger.account)
        const gate = known ?? (yield* newGate(messenger))
        if (known !== undefined && known.limits === messenger.limits) return gate
        if (known !== undefined) yield* gate.limiter.setRate(messenger.limits.rate ?? null)
        gate.limits = messenger.limits
        gate.open.resize(openSends(gate))
        return gate
      })

      const move = (gate: Gate, breaker: Breaker.Breaker, workspaceId: number): Effect.Effect<void> => {
        const before = gate.breaker
        if (before === breaker) return Effect.void
        gate.breaker = breaker
        gate.open.resize(openSends(gate))
        if (!Breaker.isOutage(before, breaker)) return Effect.void
        const { reason } = breaker
        return alerts.raise({ _tag: "AccountBroken", workspaceId, account: gate.account, reason })
      }

      const closed = (gate: Gate, until: number, reason: string) =>
        new AccountClosed({
          account: gate.account,
          until,
          reason,
          errorClass: Breaker.isFatal(gate.breaker) ? "accountFatal" : "accountTransient"
        })

      const paced = (gate: Gate, until: number) =>
        new AccountClosed({ account: gate.account, until, reason: "its rate is used up", errorClass: "rateLimited" })

      const crowded = (gate: Gate) => {
        const until = clock.currentTimeMillisUnsafe() + crowdedPause
        return new AccountClosed({
          account: gate.account,
          until,
          reason: "its places are taken",
          errorClass: "rateLimited"
        })
      }

      /** What the breaker says to a send now. */
      const refusal = (gate: Gate): AccountClosed | null => {
        const { state, until, reason } = gate.breaker
        if (state === "closed") return null
        const soonest = clock.currentTimeMillisUnsafe() + longestWait
        return closed(gate, state === "open" ? until : Math.max(until, soonest), reason)
      }

      const probe = (gate: Gate, messenger: Messenger, workspaceId: number) =>
        messenger.probe.pipe(
          Effect.timeoutOrElse({
            duration: probeTimeout,
            orElse: () => new SendFailed({ errorClass: "accountTransient", reason: "no answer to a probe" })
          }),
          Effect.onExit((exit) => {
            if (Exit.isSuccess(exit)) return move(gate, Breaker.probeSucceeded(gate.breaker), workspaceId)
            if (Cause.hasInterruptsOnly(exit.cause))
              return move(gate, Breaker.probeAbandoned(gate.breaker), workspaceId)
            const { errorClass, reason } = Option.getOrElse(
              Cause.findErrorOption(exit.cause),
              () => new SendFailed({ errorClass: "accountTransient", reason: "the probe crashed" })
            )
            const now = clock.currentTimeMillisUnsafe()
            return move(gate, Breaker.probeFailed(gate.breaker, errorClass, reason, now), workspaceId)
          }),
          Effect.exit,
          Effect.asVoid
        )

      const passBreaker = Effect.fnUntraced(function* (gate: Gate, messenger: Messenger, workspaceId: number) {
        const probing = Breaker.probing(gate.breaker, clock.currentTimeMillisUnsafe())
        if (probing !== gate.breaker) {
          gate.breaker = probing
          yield* probe(gate, messenger, workspaceId)
        }
        const refused = refusal(gate)
        if (refused !== null) return yield* refused
      })

      /** Charges the rate once it lets one send through. */
      const charge = (gate: Gate): Effect.Effect<void, AccountClosed> => {
        const { limiter } = gate
        const refused = refusal(gate)
        if (refused !== null) return refused
        const now = clock.currentTimeMillisUnsafe()
        const wait = limiter.delay(now)
        if (wait > longestWait) return paced(gate, now + Math.ceil(wait))
        if (wait > 0) {
          const again = Effect.suspend(() => charge(gate))
          return Effect.andThen(Effect.sleep(Math.max(1, Math.ceil(wait))), again)
        }
        limiter.grant(now)
        return Effect.void
      }

      /** Waits, behind those already waiting, until the rate lets one send through; charges it at that instant. */
      const passRate = (gate: Gate) =>
        Effect.suspend((): Effect.Effect<void, AccountClosed> => {
          const { limiter } = gate
          const now = clock.currentTimeMillisUnsafe()
          const delay = limiter.delay(now)
          if (gate.waiting === 0 && delay === 0) return charge(gate)
          const wait = delay + gate.waiting / (limiter.hint ?? Infinity)
          if (wait > longestWait) return paced(gate, now + Math.ceil(wait))
          gate.waiting++
          return gate.turn
            .withPermit(Effect.suspend(() => charge(gate)))
            .pipe(Effect.ensuring(Effect.sync(() => gate.waiting--)))
        })

      /** The same over all nodes: this node's own turn first, then that of all. */
      const passTurn = Effect.fnUntraced(function* (gate: Gate, turns: Turns.Asking, rate: Rate) {
        const { limiter } = gate
        const since = clock.currentTimeMillisUnsafe()
        const attempt: Effect.Effect<void, AccountClosed> = Effect.gen(function* () {
          const refused = refusal(gate)
          if (refused !== null) return yield* refused
          let wait: number | null = limiter.delay(clock.currentTimeMillisUnsafe())
          if (wait === 0) wait = yield* Turns.ask(turns, `account:${gate.account}`, rate)
          const now = clock.currentTimeMillisUnsafe()
          if (wait === null) return yield* paced(gate, now + longestWait)
          if (wait === 0) {
            const changed = refusal(gate)
            if (changed !== null) return yield* changed
            return limiter.grant(now)
          }
          if (now + wait - since > longestWait) return yield* paced(gate, now + Math.ceil(wait))
          yield* Effect.sleep(Math.max(1, Math.ceil(wait)))
          return yield* attempt
        })
        const backlog = (gate.waiting * rate.per) / rate.permits
        if (backlog > longestWait) return yield* paced(gate, since + Math.ceil(backlog))
        gate.waiting++
        yield* gate.turn.withPermit(attempt).pipe(Effect.ensuring(Effect.sync(() => gate.waiting--)))
      })

      const settle = (gate: Gate, exit: Exit.Exit<Accepted, SendFailed>, workspaceId: number): Effect.Effect<void> => {
        if (Exit.isSuccess(exit)) return move(gate, Breaker.succeeded(gate.breaker), workspaceId)
        const error = Option.getOrNull(Cause.findErrorOption(exit.cause))
        if (error === null) return Effect.void
        const now = clock.currentTimeMillisUnsafe()
        const after = move(gate, Breaker.failed(gate.breaker, error.errorClass, error.reason, now), workspaceId)
        if (error.errorClass !== "rateLimited") return after
        return Effect.andThen(gate.limiter.pauseUntil(now + (error.retryAfter ?? defaultPause)), after)
      }

      return AccountGates.of({
        send: Effect.fnUntraced(function* (messenger, message, { turns, workspaceId, ...context }) {
          const gate = readyGate(messenger) ?? (yield* gateOf(messenger))
          if (gate.breaker.state !== "closed") yield* passBreaker(gate, messenger, workspaceId)
          const send = Effect.onExit(messenger.send(message, context), (exit) => settle(gate, exit, workspaceId))
          const { rate } = messenger.limits
          const pass =
            turns === undefined || turns === null || rate === undefined ? passRate(gate) : passTurn(gate, turns, rate)
          return yield* gate.open.run(
            Effect.andThen(pass, send),
            Effect.suspend(() => crowded(gate))
          )
        }),
        status: Effect.sync(statuses),
        reset: (account) =>
          Effect.suspend(() => {
            const gate = gates.get(account)
            if (gate === undefined) return Effect.void
            gate.breaker = Breaker.initial
            gate.open.resize(openSends(gate))
            return Effect.void
          })
      })
    })
  )
}
