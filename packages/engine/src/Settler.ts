/**
 * The settler writes how deliveries ended, in batches: one statement at a time, and whatever ends
 * meanwhile is the next batch.
 *
 * An ended delivery stays in the window until its settle has committed, so no other claim can see it
 * in between. While the ledger cannot be reached the settler holds on to its outcomes and tries
 * again; the window bounds how many they can be. What is told to people (failure hooks, alerts) is
 * told once, after the commit; while too much of it waits, the loop waits before the next batch.
 */
import { Ledger } from "@fibercast/ports/Ledger"
import { type Settlement } from "@fibercast/ports/Settlement"
import { type EpochLost } from "@fibercast/ports/Owned"
import { Effect, Latch, Semaphore } from "effect"
import { type EngineSettings } from "./EngineConfig.ts"
import { type Ownership, untilReachable } from "./Ownership.ts"
import { type Task, type Window } from "./Window.ts"

/** How one delivery ended, ready to be written. */
export interface Ended {
  readonly task: Task
  readonly settlement: Settlement
  /** Why its campaign must be paused; null: no reason to. */
  readonly hold: string | null
}

const most = 2000

export class Settler {
  readonly #window: Window
  readonly #ownership: Ownership
  readonly #settings: EngineSettings
  readonly #committed: (ended: ReadonlyArray<Ended>) => Effect.Effect<void>
  readonly #room: Effect.Effect<void>
  readonly #pending = Latch.makeUnsafe(false)
  /** One flush at a time. */
  readonly #turn = Semaphore.makeUnsafe(1)
  #buffer: Array<Ended> = []

  constructor(options: {
    readonly window: Window
    readonly ownership: Ownership
    readonly settings: EngineSettings
    /** Called after each commit with what it wrote. Cannot be interrupted, so it must not wait. */
    readonly committed: (ended: ReadonlyArray<Ended>) => Effect.Effect<void>
    /** Returns when `committed` can take more. */
    readonly room: Effect.Effect<void>
  }) {
    this.#window = options.window
    this.#ownership = options.ownership
    this.#settings = options.settings
    this.#committed = options.committed
    this.#room = options.room
  }

  add(ended: Ended) {
    this.#buffer.push(ended)
    this.#pending.openUnsafe()
  }

  /** Something was given back without a settlement: write that too. */
  nudge() {
    if (this.#isBehind) this.#pending.openUnsafe()
  }

  /** Settles until interrupted; fails when another owner took over. */
  readonly run: Effect.Effect<never, EpochLost, Ledger> = Effect.gen({ self: this }, function* () {
    for (;;) {
      yield* this.#pending.await
      if (this.#settings.linger > 0 && this.#buffer.length < most) yield* Effect.sleep(this.#settings.linger)
      yield* Effect.andThen(this.#room, this.#turn.withPermit(this.batch))
    }
  })

  /** Returns when all that has ended so far is settled. Interrupted, it keeps what it has not written. */
  readonly flush: Effect.Effect<void, EpochLost, Ledger> = this.#turn.withPermit(
    Effect.gen({ self: this }, function* () {
      while (this.#isBehind) yield* this.batch
    })
  )

  get #isBehind(): boolean {
    const { finished, givenBack } = this.#window
    return this.#buffer.length > 0 || finished.length > 0 || givenBack.length > 0
  }

  private readonly batch: Effect.Effect<void, EpochLost, Ledger> = Effect.uninterruptibleMask((restore) =>
    Effect.gen({ self: this }, function* () {
      const ledger = yield* Ledger
      this.#pending.closeUnsafe()
      if (!this.#isBehind) return
      const ended = this.#buffer.splice(0, most)
      const finished = this.#window.finished.splice(0)
      const givenBack = this.#window.givenBack.splice(0)
      const closing = this.#closing(ended)
      const write = Effect.suspend(() =>
        ledger.settle({
          ...this.#ownership.proof,
          settlements: ended.map((one) => one.settlement),
          givenBack,
          finishedClaims: [...finished, ...closing]
        })
      )
      yield* restore(untilReachable(write)).pipe(
        Effect.onInterrupt(() =>
          Effect.sync(() => {
            this.#buffer.unshift(...ended)
            this.#window.finished.unshift(...finished)
            this.#window.givenBack.unshift(...givenBack)
            this.#pending.openUnsafe()
          })
        )
      )
      this.#window.leave(...ended.map(({ task }) => task))
      for (const claimId of closing) this.#forget(claimId)
      for (const claimId of [...finished, ...closing]) this.#window.claims.delete(claimId)
      if (this.#isBehind) this.#pending.openUnsafe()
      if (ended.length > 0) yield* this.#committed(ended)
    })
  )

  #closing(ended: ReadonlyArray<Ended>): ReadonlyArray<bigint> {
    const leaving = new Map<Task["held"], number>()
    for (const { task } of ended) leaving.set(task.held, (leaving.get(task.held) ?? 0) + 1)
    return [...leaving].flatMap(([held, count]) => (held.left === count ? [held.claimId] : []))
  }

  #forget(claimId: bigint) {
    const at = this.#window.finished.indexOf(claimId)
    if (at >= 0) this.#window.finished.splice(at, 1)
  }
}
