/**
 * The keeper of a workspace's lanes: it stops what is paused, and goes on with what is resumed.
 *
 * - A command takes effect here at once: what was not begun is given back, and the answer says when the last send that
 *   was under way had ended.
 * - Of a pause that another process wrote the actor hears with its next heartbeat. The Ledger claims nothing meanwhile.
 */
import { type Lane } from "@fibercast/domain/Lane"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type LaneCommand, type Quiet } from "@fibercast/ports/WorkspaceRuntime"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Effect } from "effect"
import { type Settler } from "./Settler.ts"
import { type Flow } from "./Flow.ts"
import { type Window } from "./Window.ts"

export interface LaneKeeper {
  readonly carryOut: (command: LaneCommand) => Effect.Effect<Quiet, LedgerUnavailable>
  /** To be called when one begins to ask which lanes are paused; it takes the answer, unless a command came meanwhile. */
  readonly asking: () => (paused: ReadonlyArray<Lane>) => void
}

const sum = (flows: ReadonlyArray<Flow>, of: (flow: Flow) => number) =>
  flows.reduce((total, flow) => total + of(flow), 0)

export const make = Effect.fnUntraced(function* ({
  settler,
  window
}: {
  readonly window: Window
  readonly settler: Settler
}): Effect.fn.Return<LaneKeeper, never, WorkspaceStore> {
  const store = yield* WorkspaceStore
  const clock = yield* Clock.Clock
  /** Commands that have begun, and that have ended. */
  let commands = 0

  const hear = (paused: Iterable<Lane>) => {
    if (window.pause(paused) > 0) settler.nudge()
  }

  const pause = Effect.fnUntraced(function* ({ lanes, note }: Extract<LaneCommand, { readonly _tag: "PauseLanes" }>) {
    const now = clock.currentTimeMillisUnsafe()
    const before = window.paused
    hear([...before, ...lanes])
    const flows = [...window.flows.values()].filter(({ source }) => lanes.includes(source.lane))
    const handed = sum(flows, ({ active, returned }) => active + returned)
    const written = store.pauseLanes(window.workspaceId, { lanes, note, now })
    const { paused } = yield* Effect.onError(written, () => Effect.sync(() => hear(before)))
    // What a claim that was under way brought meanwhile.
    hear(paused?.lanes ?? [])
    for (const flow of flows) yield* flow.silent.await
    const escaped = Math.max(0, handed - sum(flows, ({ returned }) => returned))
    return { millis: clock.currentTimeMillisUnsafe() - now, escaped }
  })

  const resume = Effect.fnUntraced(function* (lanes: ReadonlyArray<Lane>) {
    const { paused } = yield* store.resumeLanes(window.workspaceId, lanes)
    hear(paused?.lanes ?? [])
    return { millis: 0, escaped: 0 }
  })

  return {
    asking: () => {
      const asked = commands
      return (paused) => {
        if (asked === commands) hear(paused)
      }
    },
    carryOut: (command) =>
      Effect.suspend(() => {
        commands++
        return command._tag === "PauseLanes" ? pause(command) : resume(command.lanes)
      }).pipe(
        Effect.ensuring(Effect.sync(() => void commands++)),
        // Whoever owns it, it is there.
        Effect.catchTag("WorkspaceNotFound", Effect.die)
      )
  }
})
