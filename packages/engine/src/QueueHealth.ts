/**
 * The health of queues: how deep each is, how long its oldest waits, what comes and goes, and a verdict against targets.
 *
 * It is pure: samples and what ended between the first and the last of them go in, a line for each lane of each workspace
 * comes out.
 *
 * | | WARN | CRITICAL |
 * |---|---|---|
 * | size: open work | more than the target | ten times the target |
 * | age of what waits longest | longer than the target | six times the target |
 * | failed or in doubt, between the samples | more than the target | twenty times the target |
 * | growth a minute | more than the target | ten more than the target |
 *
 * What is temporary and completes leaves no record: nodes say how much of it there was, every two seconds, so what came and
 * went of it is that exact.
 *
 * A queue may breathe: growth is from the lowest of the first half of the samples to the lowest of the second, and it is
 * judged only while more is open than a tenth of the size that is allowed.
 */
import { type FinalState, finalStates } from "@fibercast/domain/DeliveryState"
import { type Lane } from "@fibercast/domain/Lane"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Vanished } from "@fibercast/ports/NodeRegistry"
import { type Depth, type Passage } from "@fibercast/ports/Records"

export interface Targets {
  /** Deliveries. */
  readonly size: number
  /** Milliseconds. */
  readonly age: number
  readonly failed: number
  /** Deliveries a minute. */
  readonly growth: number
}

export const defaults: Targets = { size: 100, age: 300_000, failed: 5, growth: 0 }

export type Verdict = "OK" | "WARN" | "CRITICAL"

/** What a node has said of temporary work that completed there. */
interface Vanishing extends Vanished {
  readonly node: string
}

export interface Sample {
  readonly at: number
  readonly depths: ReadonlyArray<Depth>
  readonly vanished: ReadonlyArray<Vanishing>
}

export interface QueueLine {
  readonly workspaceId: WorkspaceId
  readonly lane: Lane
  /** Null: of all pipelines of the lane. */
  readonly pipeline: string | null
  readonly open: number
  readonly due: number
  readonly claimed: number
  /** How long the oldest that nobody holds has been due, in milliseconds; null: none waits. */
  readonly age: number | null
  /** A second, between the samples. */
  readonly in: number
  readonly out: number
  /** Failed or in doubt, between the samples. */
  readonly failed: number
  /** A minute. */
  readonly growth: number
  readonly verdict: Verdict
  /** The targets that it misses. */
  readonly missed: ReadonlyArray<keyof Targets>
}

const worst: Readonly<Record<keyof Targets, (target: number) => number>> = {
  size: (target) => target * 10,
  age: (target) => target * 6,
  failed: (target) => Math.max(1, target) * 20,
  growth: (target) => target + 10
}

const order: ReadonlyArray<Verdict> = ["OK", "WARN", "CRITICAL"]

/** The worst of them; `OK` of none. */
export const worstOf = (verdicts: ReadonlyArray<Verdict>): Verdict =>
  order[Math.max(0, ...verdicts.map((verdict) => order.indexOf(verdict)))] ?? "OK"

type Judged = Pick<QueueLine, "open" | "age" | "failed" | "growth">

export const judge = (
  { age, failed, growth, open }: Judged,
  targets: Targets
): Pick<QueueLine, "verdict" | "missed"> => {
  const measured: Readonly<Record<keyof Targets, number>> = {
    size: open,
    age: age ?? 0,
    failed,
    growth: open * 10 > targets.size ? growth : 0
  }
  const names = ["size", "age", "failed", "growth"] as const
  const missed = names.filter((name) => measured[name] > targets[name])
  const isCritical = missed.some((name) => measured[name] >= worst[name](targets[name]))
  return { verdict: isCritical ? "CRITICAL" : missed.length > 0 ? "WARN" : "OK", missed }
}

interface Key {
  readonly workspaceId: WorkspaceId
  readonly lane: Lane
  readonly pipeline: string | null
}

const nameOf = ({ lane, pipeline, workspaceId }: Key): string => `${workspaceId}/${lane}/${pipeline ?? ""}`

const endedOf = (passages: ReadonlyArray<Passage>, states: ReadonlyArray<FinalState>): number =>
  passages.reduce((sum, { ended }) => sum + states.reduce((of, state) => of + ended[state], 0), 0)

const placeOf = ({ node, ...one }: Vanishing): string => `${node}/${nameOf(one)}`

/** What has vanished between two samples; of a node that counts anew, what it has counted since. */
const vanishedBetween = (before: Sample, now: Sample): ReadonlyArray<Vanished> => {
  const known = new Map(before.vanished.map((one) => [placeOf(one), one.count]))
  return now.vanished.flatMap((one) => {
    const from = known.get(placeOf(one)) ?? 0
    const count = one.count < from ? one.count : one.count - from
    return count === 0 ? [] : [{ ...one, count }]
  })
}

/** A minute. */
const growthOf = (samples: ReadonlyArray<Sample>, isOf: (depth: Depth) => boolean): number => {
  const points = samples.map(({ at, depths }) => ({
    at,
    open: depths.filter(isOf).reduce((sum, { open }) => sum + open, 0)
  }))
  const middle = Math.ceil(points.length / 2)
  const halves = [points.slice(0, middle), points.slice(middle)].map((half) => ({
    at: half.reduce((sum, { at }) => sum + at, 0) / half.length,
    low: Math.min(...half.map(({ open }) => open))
  }))
  const [first, second] = halves
  if (first === undefined || second === undefined) return 0
  return ((second.low - first.low) / Math.max(1, second.at - first.at)) * 60_000
}

/** By workspace, lane and, with `byPipeline`, pipeline, in the order in which they were first seen. */
export const lines = (options: {
  readonly before: Sample
  readonly now: Sample
  /** Those taken between the two, oldest first. Without them growth is from the one to the other. */
  readonly between?: ReadonlyArray<Sample>
  /** Between the two samples. */
  readonly passages: ReadonlyArray<Passage>
  readonly targets: Targets
  readonly byPipeline: boolean
}): ReadonlyArray<QueueLine> => {
  const { before, between = [], byPipeline, now, passages, targets } = options
  const millis = Math.max(1, now.at - before.at)
  const keyOf = (one: Depth): Key => ({ ...one, pipeline: byPipeline ? one.pipeline : null })
  const keys = new Map<string, Key>()
  for (const depth of [...before.depths, ...now.depths]) keys.set(nameOf(keyOf(depth)), keyOf(depth))
  const vanished = vanishedBetween(before, now)
  for (const { lane, pipeline, workspaceId } of [...passages, ...vanished]) {
    if (lane === null) continue
    const key = { workspaceId, lane, pipeline: byPipeline ? pipeline : null }
    if (!keys.has(nameOf(key))) keys.set(nameOf(key), key)
  }
  return Array.from(keys.values(), ({ lane, pipeline, workspaceId }) => {
    const isOf = (one: Pick<Passage, "workspaceId" | "lane" | "pipeline">) =>
      one.workspaceId === workspaceId && one.lane === lane && (pipeline === null || one.pipeline === pipeline)
    const depths = now.depths.filter(isOf)
    const sum = (of: (depth: Depth) => number, some = depths) => some.reduce((total, depth) => total + of(depth), 0)
    const oldest = depths.reduce((first, { oldestDue }) => Math.min(first, oldestDue ?? Infinity), Infinity)
    const open = sum((depth) => depth.open)
    const grown = open - sum((depth) => depth.open, before.depths.filter(isOf))
    const passed = passages.filter(isOf)
    const gone = vanished.filter(isOf).reduce((total, { count }) => total + count, 0)
    const out = endedOf(passed, finalStates) + gone
    const measured = {
      open,
      age: oldest === Infinity ? null : Math.max(0, now.at - oldest),
      failed: endedOf(passed, ["failed", "unknown"]),
      growth: growthOf([before, ...between, now], isOf)
    }
    return {
      workspaceId,
      lane,
      pipeline,
      ...measured,
      due: sum((depth) => depth.due),
      claimed: sum((depth) => depth.claimed),
      in: (Math.max(0, grown + out) / millis) * 1000,
      out: (out / millis) * 1000,
      ...judge(measured, targets)
    }
  })
}
