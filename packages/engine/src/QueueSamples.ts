/**
 * Samples of the queues, one after the other: how each lane stands, measured over the last minute, or since the sample
 * before where that is longer ago.
 *
 * A sample reads all open work once. Where that takes long, they are taken less often. In memory: the samples of a
 * minute, and for each lane its last depths.
 */
import * as Checkup from "./Checkup.ts"
import * as Diagnosis from "./Diagnosis.ts"
import { type Finding, severity } from "./Finding.ts"
import * as QueueHealth from "./QueueHealth.ts"
import { rank } from "@fibercast/domain/Lane"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { Records } from "@fibercast/ports/Records"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Effect } from "effect"

export interface Options {
  /** Null: all. */
  readonly workspaceId: WorkspaceId | null
  readonly targets: QueueHealth.Targets
  readonly byPipeline: boolean
  /** Between two looks at nodes, schedulers and the like, in milliseconds. Default 10 seconds. */
  readonly checkupEvery?: number | undefined
}

export interface NamedLine extends QueueHealth.QueueLine {
  readonly workspace: string
  /** Open work in the samples before, oldest first. */
  readonly course: ReadonlyArray<number>
}

export interface Measured {
  readonly at: number
  /** What the rates are measured over, in milliseconds. */
  readonly over: number
  readonly lines: ReadonlyArray<NamedLine>
  /** What stands in the way of all of it. */
  readonly findings: ReadonlyArray<Finding>
  readonly verdict: QueueHealth.Verdict
  /** How long the sample took, in milliseconds. */
  readonly spent: number
}

const window = 60_000
/** What nodes have said last is known for so long after they went, in milliseconds. */
const remembered = 10 * window
/** Points of a course. */
const kept = 30

/** What stands in the way of all of it. Null: of every workspace. */
export const critical = Effect.fnUntraced(function* (workspaceId: WorkspaceId | null) {
  return Diagnosis.of(yield* Checkup.facts(workspaceId)).filter((one) => severity(one) === "critical")
})

/** Each run of the effect takes one sample; the first is measured against itself. */
export const make = Effect.fnUntraced(function* ({ byPipeline, checkupEvery = 10_000, targets, workspaceId }: Options) {
  const records = yield* Records
  const workspaces = yield* WorkspaceStore
  const nodes = yield* NodeRegistry
  const samples: Array<QueueHealth.Sample> = []
  const courses = new Map<string, Array<number>>()
  const names = new Map<WorkspaceId, string>()
  let checkedAt = -Infinity
  let findings: ReadonlyArray<Finding> = []

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

  const vanished = Effect.fnUntraced(function* (at: number) {
    const seen = yield* nodes.list(at - remembered)
    return seen.flatMap(({ id: node, vanished }) =>
      vanished.filter((one) => workspaceId === null || one.workspaceId === workspaceId).map((one) => ({ ...one, node }))
    )
  })

  return Effect.gen(function* () {
    const at = yield* Clock.currentTimeMillis
    const now = { at, depths: yield* records.depths({ workspaceId, now: at }), vanished: yield* vanished(at) }
    while (samples.length > 1 && at - (samples[0]?.at ?? at) > window) samples.shift()
    const before = samples[0] ?? now
    samples.push(now)
    const passages = yield* records.passages({ workspaceId, from: before.at, until: at })
    const lines = QueueHealth.lines({ before, now, passages, targets, byPipeline })
    if (at - checkedAt >= checkupEvery) {
      findings = yield* critical(workspaceId)
      checkedAt = at
    }
    const named = yield* Effect.forEach(lines, (line) =>
      Effect.map(nameOf(line.workspaceId), (workspace): NamedLine => ({
        ...line,
        workspace,
        course: courseOf(`${line.workspaceId}/${line.lane}/${line.pipeline ?? ""}`, line.open)
      }))
    )
    const sorted = named.toSorted((a, b) => a.workspace.localeCompare(b.workspace, "en") || rank(a.lane) - rank(b.lane))
    const verdicts = [...named.map(({ verdict }) => verdict), ...findings.map(() => "CRITICAL" as const)]
    return {
      at,
      over: at - before.at,
      lines: sorted,
      findings,
      verdict: QueueHealth.worstOf(verdicts),
      spent: (yield* Clock.currentTimeMillis) - at
    } satisfies Measured
  })
})
