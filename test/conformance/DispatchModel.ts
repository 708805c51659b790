/**
 * What dispatching must do, said as simply as possible: a list of jobs of one pipeline, and the answers that were given.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { replacedDue } from "@fibercast/domain/Unique"
import { type Dispatch, type Dispatched, idempotencyPeriod } from "@fibercast/ports/Dispatch"

export interface ModelJob {
  readonly id: DeliveryId
  readonly capped: boolean
  payload: string
  dueAt: number
  state: "waiting" | "claimed" | "over"
  /** A try of it has ended, and was charged. */
  hasBegun: boolean
}

interface Holder {
  readonly job: ModelJob
  readonly unique: NonNullable<Dispatch["unique"]>
  readonly since: number
}

export class DispatchModel {
  readonly jobs: Array<ModelJob> = []
  readonly #holders = new Map<string, Holder>()
  readonly #requests = new Map<string, { readonly id: DeliveryId; readonly at: number }>()

  /** Whether this answer is right; `given` is the answer, which says what the identifier of a new job is. */
  expect(asked: Dispatch, now: number, given: Dispatched): Dispatched {
    const request = asked.idempotencyKey === null ? undefined : this.#requests.get(asked.idempotencyKey)
    if (request !== undefined && now - request.at < idempotencyPeriod) {
      return { _tag: "Deduplicated", id: request.id, replaced: false }
    }
    const answer = this.#conflict(asked, now) ?? this.#insert(asked, now, given)
    if (asked.idempotencyKey !== null && answer._tag !== "Refused") {
      this.#requests.set(asked.idempotencyKey, { id: answer.id, at: now })
    }
    return answer
  }

  #conflict({ delivery, unique }: Dispatch, now: number): Dispatched | null {
    const holder = unique === null ? undefined : this.#holders.get(unique.key)
    if (unique === null || holder === undefined) return null
    const { job, since } = holder
    const { taken } = holder.unique
    const isTaken =
      taken === "ended"
        ? job.state !== "over"
        : taken === "started"
          ? job.state === "waiting" && !job.hasBegun
          : now < since + taken
    if (!isTaken) return null
    if (unique.onConflict === "reject") return { _tag: "Refused", reason: { _tag: "KeyTaken", by: job.id } }
    if (unique.onConflict === "keep") return { _tag: "Deduplicated", id: job.id, replaced: false }
    if (job.state !== "waiting") return null
    const last = since + (unique.atMost ?? Infinity)
    job.dueAt = replacedDue({ before: job.dueAt, wanted: delivery.dueAt, last, now })
    job.payload = delivery.payload
    return { _tag: "Deduplicated", id: job.id, replaced: true }
  }

  #insert({ backlog: cap, delivery, unique }: Dispatch, now: number, given: Dispatched): Dispatched {
    const open = this.jobs.filter(({ capped, state }) => capped && state !== "over").length
    if (cap !== null && open >= cap) return { _tag: "Refused", reason: { _tag: "BacklogFull", of: "pipeline", cap } }
    if (given._tag !== "Inserted" || this.jobs.some(({ id }) => id === given.id)) throw new Error("it must be inserted")
    const dueAt = Math.min(Math.max(delivery.dueAt, now), now + (unique?.atMost ?? Infinity))
    const { payload } = delivery
    const job: ModelJob = { id: given.id, capped: cap !== null, payload, dueAt, state: "waiting", hasBegun: false }
    this.jobs.push(job)
    if (unique !== null) this.#holders.set(unique.key, { job, unique, since: now })
    return given
  }

  /** What can be claimed, in order. */
  due(now: number): ReadonlyArray<ModelJob> {
    return this.jobs
      .filter(({ dueAt, state }) => state === "waiting" && dueAt <= now)
      .toSorted((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1))
  }
}
