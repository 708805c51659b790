/**
 * Dispatching in memory: what keys and caps let in.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { replacedDue, type Unique } from "@fibercast/domain/Unique"
import { type Dispatch, type Dispatched, idempotencyPeriod, type Refusal } from "../Dispatch.ts"
import { cappedOf } from "./MemoryBacklog.ts"
import { type TakenKey } from "./MemoryKeys.ts"
import { insert, type MemoryState, type MemoryWorkspace, type OpenDelivery, sourceOf, stateOf } from "./MemoryState.ts"

const isTaken = ({ since, taken }: TakenKey, first: OpenDelivery | undefined, now: number): boolean => {
  if (typeof taken === "number") return since + taken > now
  if (first === undefined) return false
  return taken === "ended" || (stateOf(first) === "scheduled" && first.attempt + first.rescues === 0)
}

/** The first is given what the other brings. Of what this call has recorded itself, nobody has seen when it was due. */
const replace = (
  first: OpenDelivery,
  { delivery }: Dispatch,
  last: number,
  options: { readonly now: number; readonly seen: boolean }
): void => {
  const { now, seen } = options
  const source = sourceOf(first.workspace, first.lane, first.campaignId)
  source?.remove(first)
  first.dueAt = seen
    ? replacedDue({ before: first.dueAt, wanted: delivery.dueAt, last, now })
    : Math.min(Math.max(delivery.dueAt, now), last)
  first.payload = delivery.payload
  first.deadline = delivery.deadline
  first.tags = delivery.tags
  source?.add(first)
}

/** Why a cap lets it not in. */
const refusedBy = ({ backlog: open, row }: MemoryWorkspace, { backlog: cap, delivery }: Dispatch): Refusal | null => {
  if (cap !== null && cappedOf(open, delivery.pipeline) >= cap) return { _tag: "BacklogFull", of: "pipeline", cap }
  const { backlog: all } = row.limits
  return all !== undefined && open.all >= all ? { _tag: "BacklogFull", of: "workspace", cap: all } : null
}

export const dispatch = (
  state: MemoryState,
  workspace: MemoryWorkspace,
  dispatches: ReadonlyArray<Dispatch>,
  now: number
): ReadonlyArray<Dispatched> => {
  const { requests, unique: keys } = workspace.keys
  /** Recorded or replaced by this call. */
  const own = new Set<DeliveryId>()

  const conflict = (asked: Dispatch, { key, onConflict, atMost }: Unique): Dispatched | null => {
    const place = JSON.stringify([asked.delivery.pipeline, key])
    const holder = keys.get(place)
    const first = holder === undefined ? undefined : state.open.get(holder.id)
    // It may be taken again when what holds it is given back, unless another has taken it meanwhile.
    if (holder === undefined || !isTaken(holder, first, now)) return null
    if (onConflict === "reject") return { _tag: "Refused", reason: { _tag: "KeyTaken", by: holder.id } }
    if (onConflict === "keep") return { _tag: "Deduplicated", id: holder.id, replaced: false }
    if (first === undefined || stateOf(first) !== "scheduled") return null
    replace(first, asked, holder.since + (atMost ?? Infinity), { now, seen: !own.has(first.id) })
    own.add(first.id)
    return { _tag: "Deduplicated", id: first.id, replaced: true }
  }

  const record = (asked: Dispatch): Dispatched => {
    const reason = refusedBy(workspace, asked)
    if (reason !== null) return { _tag: "Refused", reason }
    const { backlog, delivery, unique } = asked
    const dueAt = Math.min(Math.max(delivery.dueAt, now), now + (unique?.atMost ?? Infinity))
    const id = insert(state, workspace, { ...delivery, dueAt, campaignId: null }, now, backlog !== null)
    own.add(id)
    if (unique !== null) {
      keys.set(JSON.stringify([delivery.pipeline, unique.key]), { id, taken: unique.taken, since: now })
    }
    return { _tag: "Inserted", id }
  }

  return dispatches.map((asked) => {
    const { idempotencyKey: request, unique } = asked
    const answered = request === null ? undefined : requests.get(request)
    if (answered !== undefined && answered.until > now) {
      return { _tag: "Deduplicated", id: answered.id, replaced: false }
    }
    const answer = (unique === null ? null : conflict(asked, unique)) ?? record(asked)
    if (request !== null && answer._tag !== "Refused") {
      requests.set(request, { id: answer.id, until: now + idempotencyPeriod })
    }
    return answer
  })
}
