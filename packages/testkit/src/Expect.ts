/**
 * Expectations about what an engine did. Each is an Effect that fails with `Unexpected`, whose message
 * says what was expected and what is there, so they read the same under any test runner.
 */
import { type CampaignId } from "@fibercast/domain/Campaign"
import { isBalanced } from "@fibercast/domain/Counts"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import * as OccurrenceOutcome from "@fibercast/domain/OccurrenceOutcome"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Alert } from "@fibercast/ports/Alert"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { MemoryAlerts } from "@fibercast/ports/MemoryAlerts"
import { type Tally, TriggerStore } from "@fibercast/ports/TriggerStore"
import { type RecordedOccurrence } from "@fibercast/ports/Run"
import { Duration, Effect, Schema } from "effect"
import { FakeMessenger, type Sent } from "./FakeMessenger.ts"
import { Journal } from "./Journal.ts"

/** The engine did something else. */
export class Unexpected extends Schema.TaggedError<Unexpected>()("Unexpected", {
  expected: Schema.String,
  found: Schema.String
}) {
  override get message(): string {
    return `expected ${this.expected}, but found ${this.found}`
  }
}

const check = (holds: boolean, expected: string, found: () => string) =>
  holds ? Effect.void : Effect.suspend(() => Effect.fail(new Unexpected({ expected, found: found() })))

const listed = (lines: ReadonlyArray<string>) => (lines.length === 0 ? "nothing" : lines.join(", "))

/** So many deliveries were recorded for the pipeline. */
export const dispatched = Effect.fnUntraced(function* (pipeline: string, count: number) {
  const found = (yield* Journal).dispatched(pipeline)
  yield* check(found === count, `${count} deliveries of ${pipeline}`, () => `${found}`)
})

/** So many deliveries ended in the state. Skipped rows of an audience count as skipped. */
export const settled = Effect.fnUntraced(function* (state: FinalState, count: number) {
  const found = (yield* Journal).settled(state)
  yield* check(found === count, `${count} deliveries ${state}`, () => `${found}`)
})

/** Every delivery has its final state. */
export const nothingOpen: Effect.Effect<void, Unexpected, Journal> = Effect.gen(function* () {
  const open = (yield* Journal).open()
  yield* check(open === 0, "no open delivery", () => `${open}`)
})

/** The campaign's counts add up: what was planned is settled, or open. */
export const balanced = Effect.fnUntraced(function* (workspaceId: WorkspaceId, campaignId: CampaignId) {
  const { counts } = yield* (yield* CampaignStore).get(workspaceId, campaignId)
  yield* check(isBalanced(counts), "counts that add up", () => JSON.stringify(counts))
})

/** The kinds of the alerts raised so far, oldest first. */
export const alerts: Effect.Effect<ReadonlyArray<Alert["_tag"]>, never, MemoryAlerts> = Effect.gen(function* () {
  return (yield* (yield* MemoryAlerts).raised).map(({ _tag }) => _tag)
})

/** The alert was raised exactly so often. */
export const alerted = Effect.fnUntraced(function* (tag: Alert["_tag"], times = 1) {
  const tags = yield* alerts
  const found = tags.filter((one) => one === tag).length
  yield* check(found === times, `the alert ${tag} ${times} times`, () => `it ${found} times among: ${listed(tags)}`)
})

const line = ({ at, result, to }: Sent) => `${to} at ${at} ms (${result})`

/** The messenger accepted exactly so many messages to the address. */
export const sent = Effect.fnUntraced(function* (to: string, times = 1) {
  const calls = yield* (yield* FakeMessenger).sent
  const found = calls.filter((call) => call.to === to && call.result === "accepted").length
  yield* check(
    found === times,
    `${times} messages accepted for ${to}`,
    () => `${found} among: ${listed(calls.map(line))}`
  )
})

/** The messenger was called for the address so often, that far apart. */
export const tried = Effect.fnUntraced(function* (to: string, times: number, apart: Duration.Input) {
  const calls = (yield* (yield* FakeMessenger).sent).filter((call) => call.to === to)
  const gaps = calls.slice(1).map(({ at }, index) => at - (calls[index]?.at ?? at))
  const wanted = Duration.toMillis(apart)
  const holds = calls.length === times && gaps.every((gap) => gap === wanted)
  yield* check(holds, `${times} tries for ${to}, ${wanted} ms apart`, () => listed(calls.map(line)))
})

/** Everything recorded about the occurrences of the triggers of that name, the oldest first. */
export const occurrences = Effect.fnUntraced(function* (trigger: string) {
  const store = yield* TriggerStore
  const named = (yield* store.list({ workspaceId: null })).filter(
    ({ definition }) => definition.trigger.name === trigger
  )
  const recorded: Array<RecordedOccurrence> = []
  for (const { id: triggerId } of named) {
    recorded.push(...(yield* store.history({ triggerId, before: null, limit: 1_000_000 })).toReversed())
  }
  return recorded
})

type Counted = Pick<Tally, "outcome" | "reason" | "count">

/** How often the triggers of that name came to which outcome, over all time. */
const talliesOf = Effect.fnUntraced(function* (trigger: string) {
  const store = yield* TriggerStore
  const named = new Set(
    (yield* store.list({ workspaceId: null }))
      .filter(({ definition }) => definition.trigger.name === trigger)
      .map(({ id }) => id)
  )
  return (yield* store.tallies({ workspaceId: null })).filter(({ triggerId }) => named.has(triggerId))
})

const total = (some: ReadonlyArray<Counted>): number => some.reduce((sum, { count }) => sum + count, 0)

const became = ({ outcome, reason }: Pick<Counted, "outcome" | "reason">) =>
  reason === null ? outcome : `${outcome} (${reason})`

const tallied = (some: ReadonlyArray<Counted>) => listed(some.map((one) => `${one.count} ${became(one)}`))

/** So many occurrences of the trigger came to the outcome; for that reason, if one is given. */
export const occurred = Effect.fnUntraced(function* (
  trigger: string,
  outcome: OccurrenceOutcome.Outcome,
  times: number,
  reason?: OccurrenceOutcome.Reason
) {
  const all = yield* talliesOf(trigger)
  const found = total(all.filter((one) => one.outcome === outcome && (reason === undefined || one.reason === reason)))
  yield* check(
    found === times,
    `${times} occurrences of ${trigger} ${became({ outcome, reason: reason ?? null })}`,
    () => `${found} among: ${tallied(all)}`
  )
})

/** The trigger ran so often, on time or late, whether the runs are over or not. */
export const ran = Effect.fnUntraced(function* (trigger: string, times: number) {
  const all = yield* talliesOf(trigger)
  const found = total(all.filter(({ outcome }) => OccurrenceOutcome.ran(outcome)))
  yield* check(found === times, `${times} runs of ${trigger}`, () => `${found} among: ${tallied(all)}`)
})

const counted = (keys: ReadonlyArray<string>) => {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return listed([...counts].map(([key, count]) => `${count} ${key}`))
}

/** So many runs of the trigger ended in the state. */
export const ended = Effect.fnUntraced(function* (trigger: string, state: FinalState, times: number) {
  const runs = (yield* occurrences(trigger)).filter(({ outcome }) => OccurrenceOutcome.ran(outcome))
  const found = runs.filter((run) => run.state === state).length
  yield* check(
    found === times,
    `${times} runs of ${trigger} ${state}`,
    () => `${found} among: ${counted(runs.map((run) => run.state ?? "not over"))}`
  )
})
