/**
 * Turns let a limit hold over all nodes: whoever would begin a send that is under it asks the owner of the workspace first.
 *
 * Where nobody is to be asked, as in a process that sends what it owns, there are none: each limit counts there by itself.
 */
import { type Rate } from "@fibercast/domain/Limits"
import { type HoldRequest } from "@fibercast/ports/SenderChannel"
import { Clock, Context, Effect } from "effect"

/** What a granted turn may be used late by, as a share of the rate's period. */
export const slackShare = 0.014

export type Hold = Omit<HoldRequest, "workspaceId" | "epoch">

/** Of one workspace. */
export interface Asking {
  /** Milliseconds to wait before asking again; 0: granted, to be used at once; null: nobody answers. */
  readonly ask: (key: string, rate: Rate) => Effect.Effect<number | null>
  /** The same for a key that few deliveries may hold at once. It is held until the delivery has left its owner's hands. */
  readonly hold: (request: Hold) => Effect.Effect<number | null>
  /** Counts the stages of a pipeline that ask, so that each has a name that is the same on all nodes. */
  readonly stages: { count: number }
}

export const Turns = Context.Reference<Asking | null>("fibercast/engine/Turns", { defaultValue: () => null })

/** Makes a pipeline ready whose stages are counted from the first. */
export const numbered = <A, E, R>(prepare: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Turns, (turns) =>
    turns === null ? prepare : Effect.provideService(prepare, Turns, { ...turns, stages: { count: 0 } })
  )

/** As asked; a grant that came too late to be used within the limit is none: 1, to ask again. */
export const ask = ({ ask: turn }: Asking, key: string, rate: Rate): Effect.Effect<number | null> =>
  Clock.clockWith((clock) =>
    Effect.suspend(() => {
      const asked = clock.monotonicTimeNanosUnsafe()
      const isLate = () => Number(clock.monotonicTimeNanosUnsafe() - asked) / 1e6 > rate.per * slackShare
      return Effect.map(turn(key, rate), (wait) => (wait === 0 && isLate() ? 1 : wait))
    })
  )
