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
import { type EpochLost } from "@fibercast/ports/Owned"
import { Effect, Latch, Semaphore } from "effect"
import { type EngineSettings } from "./EngineConfig.ts"
import * as Lull from "./Lull.ts"
import { type Ownership, untilReachable } from "./Ownership.ts"
import { type Ended, Unwritten } from "./Unwritten.ts"
import { type Window } from "./Window.ts"

/** Deliveries in a batch, and the rest of one claim. */
const most = 2000

/** Of what is under way this part has ended: enough to be written. */
const quarter = 4

/** Turns of the event loop that what ended waits for more, at most. */
const patience = 8
/** So many are worth a statement of their own. */
const enough = 64

export class Settler {
  readonly #window: Window
  readonly #ownership: Ownership
  readonly #settings: EngineSettings
  readonly #committed: (ended: ReadonlyArray<Ended>) => Effect.Effect<void>
  readonly #room: Effect.Effect<void>
  readonly #pending = Latch.makeUnsafe(false)
  /** Open while what ended need not wait for more. */
  readonly #enough = Latch.makeUnsafe(true)
  /** One flush at a time. */
  readonly #turn = Semaphore.makeUnsafe(1)
  readonly #unwritten = new Unwritten(most)

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
    this.note(ended)
    this.#wake()
  }

  /** The same, but nobody is woken for it before the next `nudge`. */
  note(ended: Ended) {
    this.#unwritten.add(ended)
  }

  /** Something was noted, or given back without a settlement: write that. */
  nudge() {
    if (this.#isBehind) this.#wake()
  }

  #wake() {
    this.#pending.openUnsafe()
    if (!this.#isLittle) this.#enough.openUnsafe()
  }

  /** Settles until interrupted; fails when another owner took over. */
  readonly run: Effect.Effect<never, EpochLost, Ledger> = Effect.gen({ self: this }, function* () {
    for (;;) {
      yield* this.#pending.await
      if (this.#isLittle) {
        this.#enough.closeUnsafe()
        yield* Effect.raceFirst(Effect.sleep(this.#settings.linger), this.#enough.await)
      }
      yield* this.together
      yield* Effect.andThen(this.#room, this.#turn.withPermit(this.batch))
    }
  })

  /** Many are under way, and of them few have ended: more will, in a little while. */
  get #isLittle(): boolean {
    const { active } = this.#window
    return this.#settings.linger > 0 && active >= Lull.many && this.#unwritten.size * quarter < active
  }

  /** What ends in the same turn is written together, after the requests that it makes way for. */
  private readonly together = Lull.wait(
    () => this.#window.active >= Lull.many && this.#unwritten.size < enough,
    () => this.#unwritten.size,
    patience
  )

  /** Returns when all that has ended so far is settled. Interrupted, it keeps what it has not written. */
  readonly flush: Effect.Effect<void, EpochLost, Ledger> = this.#turn.withPermit(
    Effect.gen({ self: this }, function* () {
      while (this.#isBehind) yield* this.batch
    })
  )

  get #isBehind(): boolean {
    const { finished, givenBack } = this.#window
    return this.#unwritten.size > 0 || finished.length > 0 || givenBack.length > 0
  }

  private readonly batch: Effect.Effect<void, EpochLost, Ledger> = Effect.uninterruptibleMask((restore) =>
    Effect.gen({ self: this }, function* () {
      const ledger = yield* Ledger
      this.#pending.closeUnsafe()
      if (!this.#isBehind) return
      const givenBack = this.#window.givenBack.splice(0)
      const taken = this.#unwritten.take(givenBack.length > 0)
      const { closing, ended, isWhole } = taken
      const finished = isWhole ? [] : this.#window.finished.splice(0)
      const write = Effect.suspend(() =>
        ledger.settle({
          ...this.#ownership.proof,
          settlements: isWhole ? [] : ended.map((one) => one.settlement),
          givenBack,
          finishedClaims: isWhole ? [] : [...finished, ...closing],
          completedClaims: isWhole ? closing : []
        })
      )
      yield* restore(untilReachable(write)).pipe(
        Effect.onInterrupt(() =>
          Effect.sync(() => {
            this.#unwritten.putBack(taken)
            this.#window.finished.unshift(...finished)
            this.#window.givenBack.unshift(...givenBack)
            this.#pending.openUnsafe()
          })
        )
      )
      for (const { settlement, task } of ended) if ("dueAt" in settlement) this.#window.putOff(task, settlement.dueAt)
      this.#window.leave(...ended.map(({ task }) => task))
      for (const claimId of closing) this.#forget(claimId)
      for (const claimId of [...finished, ...closing]) this.#window.claims.delete(claimId)
      if (this.#isBehind) this.#pending.openUnsafe()
      if (ended.length > 0) yield* this.#committed(ended)
    })
  )

  #forget(claimId: bigint) {
    const at = this.#window.finished.indexOf(claimId)
    if (at >= 0) this.#window.finished.splice(at, 1)
  }
}
