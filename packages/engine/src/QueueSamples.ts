/**
 * Samples of the queues, one after the other: how each lane stands, measured over the last minute, or since the sample
 * before if that is longer ago, up to ten minutes; with what stands in the way of all of it, which is critical.
 *
 * A sample reads all open work once; how often they are taken is up to the caller. In memory: the samples of a minute.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type CampaignStore } from "@fibercast/ports/CampaignStore"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { Records } from "@fibercast/ports/Records"
import { type TriggerStore } from "@fibercast/ports/TriggerStore"
import { type WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Effect } from "effect"
import * as Checkup from "./Checkup.ts"
import * as Diagnosis from "./Diagnosis.ts"
import { type Finding, severity } from "./Finding.ts"
import * as QueueHealth from "./QueueHealth.ts"

export interface Options {
  /** Null: all. */
  readonly workspaceId: WorkspaceId | null
  readonly targets: QueueHealth.Targets
  readonly byPipeline: boolean
  /** Between two looks at nodes, schedulers and the like, in milliseconds. Default 10 seconds. */
  readonly checkupEvery?: number | undefined
}

export interface Measured {
  readonly at: number
  /** What the rates are measured over, in milliseconds. */
  readonly over: number
  readonly lines: ReadonlyArray<QueueHealth.QueueLine>
  /** Those that are critical. */
  readonly findings: ReadonlyArray<Finding>
  readonly verdict: QueueHealth.Verdict
  /** How long the sample took, in milliseconds. */
  readonly spent: number
}

export type Needs = CampaignStore | NodeRegistry | Records | TriggerStore | WorkspaceStore

const window = 60_000
/** A sample that is older than this is measured against no more, in milliseconds. */
const longest = 600_000
/** What nodes have said last is known for so long after they went, in milliseconds. */
const remembered = 10 * window

/** What stands in the way of all of it. Null: of every workspace. */
export const critical = Effect.fnUntraced(function* (workspaceId: WorkspaceId | null) {
  return Diagnosis.of(yield* Checkup.facts(workspaceId)).filter((one) => severity(one) === "critical")
})

/** Each run of the effect takes one sample; the first is measured against itself. */
export const make = Effect.fnUntraced(function* ({
  byPipeline,
  checkupEvery = 10_000,
  targets,
  workspaceId
}: Options): Effect.fn.Return<Effect.Effect<Measured, LedgerUnavailable, Needs>, never, Records | NodeRegistry> {
  const records = yield* Records
  const nodes = yield* NodeRegistry
  const samples: Array<QueueHealth.Sample> = []
  let checkedAt = -Infinity
  let findings: ReadonlyArray<Finding> = []

  const vanished = Effect.fnUntraced(function* (at: number) {
    const seen = yield* nodes.list(at - remembered)
    return seen.flatMap(({ id: node, vanished }) =>
      vanished.filter((one) => workspaceId === null || one.workspaceId === workspaceId).map((one) => ({ ...one, node }))
    )
  })

  return Effect.gen(function* () {
    const at = yield* Clock.currentTimeMillis
    const now = { at, depths: yield* records.depths({ workspaceId, now: at }), vanished: yield* vanished(at) }
    while (at - (samples[1]?.at ?? at) >= window || at - (samples[0]?.at ?? at) > longest) samples.shift()
    const [before = now, ...between] = samples
    samples.push(now)
    const passages = yield* records.passages({ workspaceId, from: before.at, until: at })
    const lines = QueueHealth.lines({ before, between, now, passages, targets, byPipeline })
    if (at - checkedAt >= checkupEvery) {
      findings = yield* critical(workspaceId)
      checkedAt = at
    }
    const verdicts = [...lines.map(({ verdict }) => verdict), ...findings.map(() => "CRITICAL" as const)]
    return {
      at,
      over: at - before.at,
      lines,
      findings,
      verdict: QueueHealth.worstOf(verdicts),
      spent: (yield* Clock.currentTimeMillis) - at
    }
  })
})
