/**
 * Makes a chunk of tasks of one flow: how long it is valid, and, where limits let its send go, in which slot.
 */
import { type Chunk, type Slot } from "@fibercast/ports/Chunk"
import { Array } from "effect"
import * as Turns from "./Turns.ts"
import { type Flow, type Task } from "./Flow.ts"

/** How long a chunk may wait for a sender to begin it, in milliseconds. */
const validFor = 20_000
/** How far ahead a limited send is handed over, so that it arrives before its turn, in milliseconds. */
const lead = 50
/**
 * Periods of rates are longer by this share. A limited send may begin `Turns.slackShare` of a period after its turn; what
 * remains of the share is for arriving late.
 */
export const stretch = 0.019

const slotOf = (flow: Flow, now: number): Slot | null => {
  const periods = flow.limiters.flatMap(({ period }) => (period === null ? [] : [period]))
  return periods.length === 0 ? null : { at: now + lead, slack: Math.min(...periods) * Turns.slackShare }
}

/** Whether they are all that their claims were made of. */
const isWhole = (tasks: ReadonlyArray<Task>): boolean => {
  const claims = new Set(tasks.map(({ held }) => held))
  return [...claims].reduce((sum, { size }) => sum + size, 0) === tasks.length
}

export const of = (
  flow: Flow,
  tasks: Array.NonEmptyReadonlyArray<Task>,
  {
    now,
    ...from
  }: Pick<Chunk, "id" | "owner" | "workspaceId" | "epoch" | "guarantee"> & {
    /** When it is handed over. */
    readonly now: number
  }
): Chunk => ({
  ...from,
  lane: flow.source.lane,
  campaign: flow.campaign === null ? null : { id: flow.campaign.id, epoch: flow.campaign.epoch },
  validUntil: now + validFor,
  slot: slotOf(flow, now),
  isWhole: isWhole(tasks),
  deliveries: Array.map(tasks, ({ context: { delivery }, held }) => ({
    id: delivery.id,
    claimId: held.claimId,
    claimedAt: held.claimedAt,
    pipeline: delivery.pipeline,
    attempt: delivery.attempt,
    rescues: delivery.rescues,
    dueAt: delivery.dueAt,
    deadline: delivery.deadline,
    payload: delivery.payload,
    batchId: delivery.batchId
  }))
})
