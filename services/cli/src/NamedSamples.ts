/**
 * Samples of the queues for people: with the names of workspaces, in order, and with the course of each lane. In memory:
 * for each lane its last depths.
 */
import { type QueueLine } from "@fibercast/engine/QueueHealth"
import * as QueueSamples from "@fibercast/engine/QueueSamples"
import { rank } from "@fibercast/domain/Lane"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Effect } from "effect"

export interface NamedLine extends QueueLine {
  readonly workspace: string
  /** Open work in the samples before, oldest first. */
  readonly course: ReadonlyArray<number>
}

export interface NamedSample extends QueueSamples.Measured {
  readonly lines: ReadonlyArray<NamedLine>
}

/** Points of a course. */
const kept = 30

/** Each run of the effect takes one sample. */
export const make = Effect.fnUntraced(function* (options: QueueSamples.Options) {
  const workspaces = yield* WorkspaceStore
  const sample = yield* QueueSamples.make(options)
  const courses = new Map<string, Array<number>>()
  const names = new Map<WorkspaceId, string>()

  const nameOf = Effect.fnUntraced(function* (id: WorkspaceId) {
    const known = names.get(id)
    if (known !== undefined) return known
    const { name } = yield* workspaces.get(id)
    names.set(id, name)
    return name
  })

  const courseOf = (key: string, open: number): ReadonlyArray<number> => {
    const course = [...(courses.get(key) ?? []), open].slice(-kept)
    courses.set(key, course)
    return course
  }

  return Effect.gen(function* () {
    const measured = yield* sample
    const named = yield* Effect.forEach(measured.lines, (line) =>
      Effect.map(nameOf(line.workspaceId), (workspace): NamedLine => ({
        ...line,
        workspace,
        course: courseOf(`${line.workspaceId}/${line.lane}/${line.pipeline ?? ""}`, line.open)
      }))
    )
    const lines = named.toSorted((a, b) => a.workspace.localeCompare(b.workspace, "en") || rank(a.lane) - rank(b.lane))
    return { ...measured, lines, spent: (yield* Clock.currentTimeMillis) - measured.at } satisfies NamedSample
  })
})
