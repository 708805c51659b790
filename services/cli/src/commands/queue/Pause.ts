/**
 * `fibercast queue pause` and `resume`: lanes of a workspace, from a process that does not work them.
 */
import * as Lane from "@fibercast/domain/Lane"
import { type LanePause } from "@fibercast/domain/LanePause"
import * as EngineConfig from "@fibercast/engine/EngineConfig"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Holding } from "@fibercast/ports/Owned"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import * as Figures from "../../Figures.ts"
import { Hint } from "../../Hint.ts"
import * as Instant from "../../Instant.ts"
import * as Lookup from "../../Lookup.ts"
import * as QueueFlags from "../../QueueFlags.ts"
import * as ScheduleFlags from "../../ScheduleFlags.ts"
import { folder, json } from "../../SendFlags.ts"
import * as Table from "../../Table.ts"
import * as WorkspaceLookup from "../../WorkspaceLookup.ts"

const one = { workspace: QueueFlags.workspace, folder, json: json("Print one JSON object") }

/** `all lanes`, `the lane bulk`, `the lanes urgent and bulk`. */
const named = (lanes: ReadonlyArray<Lane.Lane>): string => {
  if (lanes.length === Lane.lanes.length) return "all lanes"
  const [last] = lanes.slice(-1)
  if (lanes.length === 1) return `the lane ${last}`
  return `the lanes ${lanes.slice(0, -1).join(", ")} and ${last}`
}

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`

const heldOf = ({ held }: Holding, lanes: ReadonlyArray<Lane.Lane>): number =>
  lanes.reduce((sum, lane) => sum + held[lane], 0)

const pausedJson = (paused: LanePause | null) =>
  paused === null ? null : { ...paused, since: Instant.format(paused.since) }

/** When the owner hears of it, and what becomes of what it holds until then. */
const escaping = (holding: Holding, held: number, now: number): string => {
  const { owner, ownedUntil } = holding
  if (held === 0) return "Nothing of it is under way."
  const holds = `${Figures.counted(held, "delivery").replace("deliverys", "deliveries")} of it ${held === 1 ? "is" : "are"} claimed`
  if (owner === null || (ownedUntil ?? 0) <= now) {
    return `${holds} by an owner that is gone; whoever takes the workspace over gives them back.`
  }
  const heard = Figures.brief(EngineConfig.defaults.heartbeat)
  return `${holds} by ${owner}, which hears of it within ${heard}: what is under way then ends, the rest is given back.`
}

export const pause = Command.make(
  "pause",
  {
    ...one,
    lanes: QueueFlags.lanes.pipe(Flag.withDescription("Only these lanes (default all): urgent, high, normal, bulk")),
    note: ScheduleFlags.note.pipe(Flag.withDescription("Why; shown wherever the workspace is"))
  },
  Effect.fnUntraced(
    function* (input) {
      const { command } = yield* Hint
      yield* Effect.gen(function* () {
        const before = yield* WorkspaceLookup.find(input.workspace)
        const lanes = Option.getOrElse(input.lanes, () => Lane.lanes)
        const now = yield* Clock.currentTimeMillis
        const note = Option.getOrNull(input.note)
        const { paused } = yield* (yield* WorkspaceStore).pauseLanes(before.id, { lanes, note, now })
        const holding = yield* (yield* Ledger).holding(before.id)
        const held = heldOf(holding, lanes)
        if (input.json) {
          const { owner } = holding
          return yield* Console.log(
            JSON.stringify({ workspace: before.name, paused: pausedJson(paused), held, owner: held > 0 ? owner : null })
          )
        }
        const isNew = lanes.some((lane) => before.paused?.lanes.includes(lane) !== true)
        const was = isNew ? "" : " Paused already; the note is the new one."
        yield* Console.log(
          `${sentence(named(lanes))} of ${Table.visible(before.name)} ${lanes.length === 1 ? "is" : "are"} paused: nothing of it is claimed from now on, on any node.${was}\n` +
            `${escaping(holding, held, now)}\nDue times stay. Go on: ${command("queue resume")}`
        )
      }).pipe(Effect.provide(Lookup.layer(input.folder)))
    },
    (run, { folder, workspace }) => Effect.provide(run, Hint.layer({ folder, workspace }))
  )
).pipe(
  Command.withDescription(
    "Have nothing more claimed of a workspace, or of some of its lanes, on any node and whatever is dispatched, until it is " +
      "resumed. What is under way ends; nothing is charged, and due times stay."
  ),
  Command.withShortDescription("Claim nothing more of a workspace or its lanes"),
  Command.withExamples([
    { command: 'fibercast queue pause --workspace school --lanes bulk --note "the provider is down"' }
  ])
)

export const resume = Command.make(
  "resume",
  {
    ...one,
    lanes: QueueFlags.lanes.pipe(Flag.withDescription("Only these lanes (default all that are paused)"))
  },
  Effect.fnUntraced(function* (input) {
    yield* Effect.gen(function* () {
      const before = yield* WorkspaceLookup.find(input.workspace)
      const asked = Option.getOrElse(input.lanes, () => Lane.lanes)
      const lanes = asked.filter((lane) => before.paused?.lanes.includes(lane) === true)
      const now = yield* Clock.currentTimeMillis
      const { paused } = yield* (yield* WorkspaceStore).resumeLanes(before.id, lanes)
      if (input.json) {
        return yield* Console.log(
          JSON.stringify({ workspace: before.name, resumed: lanes, paused: pausedJson(paused) })
        )
      }
      const name = Table.visible(before.name)
      if (lanes.length === 0) return yield* Console.log(`Nothing of that was paused in ${name}.`)
      const rest = paused === null ? "" : ` Still paused: ${paused.lanes.join(", ")}.`
      const since = Figures.span(now - (before.paused?.since ?? now))
      yield* Console.log(
        `${sentence(named(lanes))} of ${name} ${lanes.length === 1 ? "is" : "are"} resumed after ${since}; whoever works it goes on within seconds.${rest}`
      )
    }).pipe(Effect.provide(Lookup.layer(input.folder)))
  })
).pipe(Command.withDescription("Go on with what was paused"))
