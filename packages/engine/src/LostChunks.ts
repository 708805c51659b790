/**
 * Chunks that are out and lost, or may be: the owner of a workspace finds out what became of them and takes back what is
 * left.
 *
 * - The Ledger is asked about every chunk that was silent for `lookAfter`, as a report may have been lost.
 * - A chunk counts as lost when its time is over and nobody has said for `silence` that he is at it; and at once when a
 *   sender would have been the second to get it.
 * - At-least-once work of it is claimed again; it counts one death more if a sender had said that it was at it. Of
 *   at-most-once work what nobody began is claimed again, which the Ledger rules on. The rest is `unknown`.
 * - While senders cannot be heard, as also while this process stood still, nothing counts as lost.
 */
import { Outcome } from "@fibercast/domain/Outcome"
import { Ledger } from "@fibercast/ports/Ledger"
import { type EpochLost } from "@fibercast/ports/Owned"
import { type Ended, type SenderChannel } from "@fibercast/ports/SenderChannel"
import { Array, type Clock, Effect, Latch } from "effect"
import { type Handing } from "./HandOff.ts"
import { comeBack, heldOf, type OutChunk } from "./OutChunk.ts"
import { type OwnerHolds } from "./OwnerHolds.ts"
import { untilReachable } from "./Ownership.ts"
import * as Settlements from "./Settlements.ts"
import { type Task } from "./Flow.ts"

/** Clocks of nodes may differ by this much, in milliseconds, without work being done twice. */
const skew = 1000
/** Senders say every second what they are at; one that was not heard for this long is lost, in milliseconds. */
const silence = 6000
/** How long a chunk may be silent before the Ledger is asked about it, in milliseconds. */
const lookAfter = 2000

const isLost = ({ chunk, heardAt, isTaken }: OutChunk, now: number, hearingSince: number | null) => {
  if (hearingSince === null || now - Math.max(heardAt, hearingSince) < silence) return false
  return now > chunk.validUntil + skew || (isTaken && chunk.guarantee === "at-most-once")
}

export interface LostChunks {
  /** Somebody had these before, and did not come to their end. */
  readonly orphan: (out: OutChunk, ended: ReadonlyArray<Ended>, now: number) => void
  /** Looks until interrupted; fails when another owner took over. */
  readonly look: Effect.Effect<never, EpochLost>
}

export const make = Effect.fnUntraced(function* (
  options: Pick<Handing, "window" | "ownership" | "settings" | "settler"> & {
    readonly outs: ReadonlyMap<string, OutChunk>
    readonly channel: SenderChannel["Service"]
    readonly clock: Clock.Clock
    readonly holds: OwnerHolds
    /** They have left their claims. */
    readonly leave: (out: OutChunk, tasks: ReadonlyArray<Task>) => void
    /** They are out of the senders' hands, and their ends are on their way to the settler. */
    readonly back: (out: OutChunk, tasks: ReadonlyArray<Task>) => void
  }
): Effect.fn.Return<LostChunks, never, Ledger> {
  const { back, channel, clock, holds, leave, outs, ownership, settings, settler, window } = options
  const ledger = yield* Ledger
  /** Open while there are orphans. */
  const bell = Latch.makeUnsafe(false)

  /** Unless whoever has it was heard just now: he goes on. */
  const orphan = (out: OutChunk, ended: ReadonlyArray<Ended>, now: number) => {
    if (out.isTaken && now - out.heardAt < lookAfter) return
    for (const { id } of ended) {
      const task = out.tasks.get(id)
      if (task !== undefined) out.orphans.add(task)
    }
    bell.openUnsafe()
  }
  const giveBack = (out: OutChunk, tasks: ReadonlyArray<Task>) => {
    holds.lost(tasks)
    for (const task of tasks) {
      window.givenBack.push({ claimId: task.held.claimId, id: task.context.delivery.id })
      comeBack(task)
    }
    leave(out, tasks)
  }
  const doubt = (out: OutChunk, tasks: ReadonlyArray<Task>, now: number) => {
    const outcome = Outcome.Unknown({ reason: "its sender was lost after it may have been sent" })
    for (const task of tasks) settler.add({ task, settlement: Settlements.of(task, outcome, now), hold: null })
    holds.lost(tasks)
    back(out, tasks)
  }

  const ask = Effect.fnUntraced(function* (silent: ReadonlyArray<OutChunk>) {
    const held = silent.flatMap(({ tasks }) => Array.fromIterable(tasks.values()).map(heldOf))
    const standing = yield* untilReachable(Effect.suspend(() => ledger.standing({ ...ownership.proof, held })))
    const ids = new Set(standing.map(({ id }) => id))
    const asked = new Set(held.map(({ id }) => id))
    for (const out of silent) {
      const gone = [...out.tasks].flatMap(([id, task]) => (asked.has(id) && !ids.has(id) ? [task] : []))
      // It may have been taken back by force, and still be under way.
      holds.lost(gone)
      if (gone.length > 0) leave(out, gone)
    }
  })
  /** At-least-once: they may have been begun. Whoever had them is charged with it, if anybody had. */
  const rescue = Effect.fnUntraced(function* (out: OutChunk, tasks: ReadonlyArray<Task>) {
    if (!out.isTaken) return giveBack(out, tasks)
    const held = tasks.map(heldOf)
    yield* untilReachable(Effect.suspend(() => ledger.rescue({ ...ownership.proof, held })))
    // Some may have ended meanwhile, by what was on its way.
    const left = tasks.filter((task) => out.tasks.get(task.context.delivery.id) === task)
    for (const task of left) comeBack(task)
    holds.lost(left)
    leave(out, left)
  })
  const reclaim = Effect.fnUntraced(function* (out: OutChunk) {
    yield* Effect.logWarning(`a chunk of which ${out.tasks.size} are left was lost by its sender`)
    const { campaign, guarantee } = out.chunk
    if (guarantee === "at-least-once") return yield* rescue(out, Array.fromIterable(out.tasks.values()))
    const held = Array.fromIterable(out.tasks.values()).map(heldOf)
    const { back: unsent, go } = yield* untilReachable(
      Effect.suspend(() => ledger.begin({ ...ownership.proof, held, campaign, mark: true }))
    )
    const unbegun = new Set([...go, ...unsent])
    const left = Array.fromIterable(out.tasks.values())
    const isFree = (task: Task) => unbegun.has(task.context.delivery.id)
    giveBack(out, left.filter(isFree))
    const begun = left.filter((task) => !isFree(task))
    doubt(out, begun, clock.currentTimeMillisUnsafe())
  })
  const look = Effect.gen(function* () {
    let stoodUntil = 0
    for (;;) {
      const before = clock.currentTimeMillisUnsafe()
      yield* Effect.raceFirst(bell.await, Effect.sleep(settings.poll))
      bell.closeUnsafe()
      for (const out of outs.values()) {
        const orphans = [...out.orphans].filter((task) => out.tasks.get(task.context.delivery.id) === task)
        out.orphans.clear()
        if (orphans.length > 0) yield* rescue(out, orphans)
      }
      const now = clock.currentTimeMillisUnsafe()
      // This process stood still: what senders said meanwhile is still to be heard.
      if (now - before > settings.poll + lookAfter) stoodUntil = now
      const silent = Array.fromIterable(outs.values()).filter(({ heardAt }) => now - heardAt >= lookAfter)
      if (silent.length === 0) continue
      yield* ask(silent)
      const upSince = yield* channel.upSince
      const hearingSince = upSince === null ? null : Math.max(upSince, stoodUntil)
      for (const out of silent) if (out.tasks.size > 0 && isLost(out, now, hearingSince)) yield* reclaim(out)
    }
  })

  return { orphan, look }
})
