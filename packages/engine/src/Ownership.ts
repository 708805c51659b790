/**
 * Ownership of one workspace: the epoch under which its actor writes, kept alive by a heartbeat.
 *
 * A send may begin only while `holds`: an owner that slept past its lease, or lost the database,
 * starts nothing until a heartbeat has succeeded again. A wall clock that is set back does not prolong it.
 */
import { type Lane } from "@fibercast/domain/Lane"
import { type Epoch, type WorkspaceId } from "@fibercast/domain/Workspace"
import { Ledger, LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type EpochLost, type Owned } from "@fibercast/ports/Owned"
import { type Clock, Duration, Effect, Latch, Schedule } from "effect"

/** From 100 ms to 2 s apart, without end. */
export const patiently = Schedule.exponential("100 millis").pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(2))))
)

const isOther = <E>(error: E): error is Exclude<E, LedgerUnavailable> => !(error instanceof LedgerUnavailable)

/** While the ledger cannot be reached, says so and tries again, for as long as it takes. */
export const untilReachable = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, Exclude<E, LedgerUnavailable>, R> =>
  // Nearly always it can be: nothing is prepared for the contrary.
  Effect.catch(effect, (error) => (isOther(error) ? Effect.fail(error) : insistently(effect, error)))

/** Goes on from a first try that failed. */
const insistently = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  failure: E
): Effect.Effect<A, Exclude<E, LedgerUnavailable>, R> => {
  let isFirst = true
  return Effect.suspend(() => {
    if (!isFirst) return effect
    isFirst = false
    return Effect.fail(failure)
  }).pipe(
    Effect.tapError((error) => (error instanceof LedgerUnavailable ? Effect.logWarning(error.message) : Effect.void)),
    Effect.retry({ schedule: patiently, while: (error) => error instanceof LedgerUnavailable }),
    Effect.catch((error) => (isOther(error) ? Effect.fail(error) : Effect.die(error)))
  )
}

/** One instant, on the wall clock and on the monotonic one; in milliseconds. */
export interface Moment {
  readonly at: number
  readonly elapsed: number
}

export const momentOf = (clock: Clock.Clock): Moment => ({
  at: clock.currentTimeMillisUnsafe(),
  elapsed: Number(clock.monotonicTimeNanosUnsafe()) / 1e6
})

export class Ownership {
  readonly workspaceId: WorkspaceId
  readonly epoch: Epoch
  readonly lease: number
  readonly clock: Clock.Clock
  /** Open while the lease runs. */
  readonly valid = Latch.makeUnsafe(true)
  #until = 0
  /** On the monotonic clock, in milliseconds. */
  #elapsesAt = 0

  constructor(options: {
    readonly workspaceId: WorkspaceId
    readonly epoch: Epoch
    readonly lease: number
    readonly clock: Clock.Clock
    /** When it was asked for. */
    readonly since: Moment
  }) {
    this.workspaceId = options.workspaceId
    this.epoch = options.epoch
    this.lease = options.lease
    this.clock = options.clock
    this.#renew(options.since)
  }

  /** The proof that goes with a write at this instant. */
  get proof(): Owned {
    return { workspaceId: this.workspaceId, epoch: this.epoch, now: this.clock.currentTimeMillisUnsafe() }
  }

  get holds(): boolean {
    if (this.clock.currentTimeMillisUnsafe() < this.#until && momentOf(this.clock).elapsed < this.#elapsesAt)
      return true
    this.valid.closeUnsafe()
    return false
  }

  #renew(from: Moment) {
    this.#until = from.at + this.lease
    this.#elapsesAt = from.elapsed + this.lease
  }

  /**
   * Beats until interrupted; fails when another owner took over. `asking` is called as a beat begins, and what it gave is
   * told which lanes are paused.
   */
  readonly keep = (
    every: number,
    asking: () => (paused: ReadonlyArray<Lane>) => void = () => () => {}
  ): Effect.Effect<never, EpochLost, Ledger> =>
    Effect.gen({ self: this }, function* () {
      const ledger = yield* Ledger
      for (;;) {
        yield* Effect.sleep(every)
        yield* untilReachable(
          Effect.suspend(() => {
            const moment = momentOf(this.clock)
            const proof = { ...this.proof, now: moment.at }
            const heard = asking()
            return ledger.heartbeat({ ...proof, lease: this.lease }).pipe(
              Effect.tap((paused) =>
                Effect.sync(() => {
                  this.#renew(moment)
                  this.valid.openUnsafe()
                  heard(paused)
                })
              )
            )
          })
        )
      }
    })
}
