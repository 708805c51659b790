/**
 * Ownership of one workspace: the epoch under which its actor writes, kept alive by a heartbeat.
 *
 * A send may begin only while `holds`: an owner that slept past its lease, or lost the database,
 * starts nothing until a heartbeat has succeeded again.
 */
import { type Epoch, type WorkspaceId } from "@fibercast/domain/Workspace"
import { type EpochLost, Ledger, LedgerUnavailable, type Owned } from "@fibercast/ports/Ledger"
import { type Clock, Duration, Effect, Latch, Schedule } from "effect"

/** From 100 ms to 2 s apart, without end. */
const patiently = Schedule.exponential("100 millis").pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(2))))
)

const isOther = <E>(error: E): error is Exclude<E, LedgerUnavailable> => !(error instanceof LedgerUnavailable)

/** While the ledger cannot be reached, says so and tries again, for as long as it takes. */
export const untilReachable = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, Exclude<E, LedgerUnavailable>, R> =>
  effect.pipe(
    Effect.tapError((error) => (error instanceof LedgerUnavailable ? Effect.logWarning(error.message) : Effect.void)),
    Effect.retry({ schedule: patiently, while: (error) => error instanceof LedgerUnavailable }),
    Effect.catch((error) => (isOther(error) ? Effect.fail(error) : Effect.die(error)))
  )

export class Ownership {
  readonly workspaceId: WorkspaceId
  readonly epoch: Epoch
  readonly lease: number
  readonly clock: Clock.Clock
  /** Open while the lease runs. */
  readonly valid = Latch.makeUnsafe(true)
  until: number

  constructor(options: {
    readonly workspaceId: WorkspaceId
    readonly epoch: Epoch
    readonly lease: number
    readonly clock: Clock.Clock
    readonly since: number
  }) {
    this.workspaceId = options.workspaceId
    this.epoch = options.epoch
    this.lease = options.lease
    this.clock = options.clock
    this.until = options.since + options.lease
  }

  /** The proof that goes with a write at this instant. */
  get proof(): Owned {
    return { workspaceId: this.workspaceId, epoch: this.epoch, now: this.clock.currentTimeMillisUnsafe() }
  }

  get holds(): boolean {
    if (this.clock.currentTimeMillisUnsafe() < this.until) return true
    this.valid.closeUnsafe()
    return false
  }

  /** Beats until interrupted; fails when another owner took over. */
  readonly keep = (every: number): Effect.Effect<never, EpochLost, Ledger> =>
    Effect.gen({ self: this }, function* () {
      const ledger = yield* Ledger
      for (;;) {
        yield* Effect.sleep(every)
        yield* untilReachable(
          Effect.suspend(() => {
            const proof = this.proof
            return ledger.heartbeat({ ...proof, lease: this.lease }).pipe(
              Effect.tap(() =>
                Effect.sync(() => {
                  this.until = proof.now + this.lease
                  this.valid.openUnsafe()
                })
              )
            )
          })
        )
      }
    })
}
