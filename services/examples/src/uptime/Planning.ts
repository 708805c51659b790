/**
 * Planning dispatches the checks that are due, every second. What it dispatched before a crash kept it from saying so is
 * still open or already found, so it is not checked for a second time at once, nor kept twice.
 */
import * as Pipeline from "@fibercast/engine/Pipeline"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Clock, Effect } from "effect"
import { Check } from "./Check.ts"
import { Monitors } from "./Monitors.ts"

/** Monitors planned in one go. */
const page = 1000

export const plan = Effect.fn("Planning.plan")(function* (workspaceId: WorkspaceId) {
  const { due, planned } = yield* Monitors
  const now = yield* Clock.currentTimeMillis
  let count = 0
  for (;;) {
    const found = yield* due(now, page)
    for (const lane of ["high", "normal"] as const) {
      const payloads = found.filter(({ important }) => important === (lane === "high"))
      const made = yield* Pipeline.dispatchMany(Check, { workspaceId, lane, payloads })
      count += made.filter(({ _tag }) => _tag === "Inserted").length
    }
    yield* planned(found)
    if (found.length < page) return `${count} checks`
  }
})
