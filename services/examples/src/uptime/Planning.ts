/**
 * Planning dispatches the checks that are due, every second. A monitor whose last check is still open gets no second one,
 * and while as many are open as may be the others are refused: that is counted, and said.
 */
import * as Pipeline from "@fibercast/engine/Pipeline"
import { type Lane } from "@fibercast/domain/Lane"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Clock, Effect } from "effect"
import * as Grid from "./Grid.ts"
import { Check } from "./Check.ts"
import { type Due, Monitors } from "./Monitors.ts"

/** Monitors planned in one go. */
const page = 1000

/** Those that are failing wait behind those that are well, unless they are important. */
const laneOf = ({ failing, important }: Due): Lane => (important ? "high" : failing ? "bulk" : "normal")

const tally = () => ({ checks: 0, underWay: 0, refused: 0 })

const text = ({ checks, refused, underWay }: ReturnType<typeof tally>): string =>
  [
    `${checks} checks`,
    ...(underWay > 0 ? [`${underWay} still under way`] : []),
    ...(refused > 0 ? [`${refused} refused`] : [])
  ].join(", ")

/** Dispatches their checks; answers whose were refused. */
const dispatch = Effect.fnUntraced(function* (
  workspaceId: WorkspaceId,
  due: ReadonlyArray<Due>,
  counts: ReturnType<typeof tally>
) {
  const refused = new Set<string>()
  for (const [lane, some] of Map.groupBy(due, laneOf)) {
    const payloads = some.map(({ every, failing, id, slot, url }) => ({
      id,
      url,
      slot,
      within: Grid.patience(every),
      failing
    }))
    const answers = yield* Pipeline.dispatchMany(Check, { workspaceId, lane, payloads })
    for (const [at, { _tag }] of answers.entries()) {
      const id = some[at]?.id
      if (_tag === "Inserted") counts.checks += 1
      else if (_tag === "Deduplicated") counts.underWay += 1
      else if (id !== undefined) refused.add(id)
    }
  }
  counts.refused += refused.size
  return refused
})

/** Plans all that is due. Answers how many of each. */
export const plan = Effect.fn("Planning.plan")(function* (workspaceId: WorkspaceId) {
  const { plan } = yield* Monitors
  const now = yield* Clock.currentTimeMillis
  const counts = tally()
  for (;;) {
    const due = yield* plan({ now, limit: page }, (some) => dispatch(workspaceId, some, counts))
    if (due < page) break
  }
  if (counts.refused > 0) yield* Effect.logWarning(`${counts.refused} checks were refused: too many are open`)
  return text(counts)
})
