/**
 * What a Ledger must answer, said as simply as possible: a list of rows of one workspace, walked
 * through by every call. It moves states only as `Delivery.transition` allows.
 */
import { type Counts, none, planned, settled } from "@fibercast/domain/Counts"
import { type DeliveryId, type NewDelivery } from "@fibercast/domain/Delivery"
import { type Event, type FinalState, isFinal, type State, transition } from "@fibercast/domain/DeliveryState"
import { type Begun, type HeldDelivery, type Standing } from "@fibercast/ports/HandOver"
import { type Source } from "@fibercast/ports/Ledger"
import { type GivenBack, type Settlement } from "@fibercast/ports/Settlement"
import { Option } from "effect"

export interface ModelRow {
  readonly id: DeliveryId
  readonly lane: string
  readonly campaignId: number | null
  state: State
  dueAt: number
  attempt: number
  rescues: number
  /** The standing claim that names it. */
  claimId: bigint | null
  isStarted: boolean
  /** Its owner was told to stop it, and has not been told that it ended. */
  isAsked: boolean
}

const move = (row: ModelRow, event: Event): void => {
  row.state = Option.getOrThrow(transition(row.state, event))
}

export class LedgerModel {
  readonly rows: Array<ModelRow> = []
  /** How many rows each claim was made of, and after how many recalls. */
  private readonly made = new Map<bigint, { readonly size: number; readonly recalls: number }>()
  /** Of these something that had ended was started or given back: nobody relies on whether they are whole. */
  private readonly unsure = new Set<bigint>()
  private recalls = 0

  insert(ids: ReadonlyArray<DeliveryId>, deliveries: ReadonlyArray<NewDelivery>, now: number): void {
    for (const [index, { campaignId, dueAt, lane }] of deliveries.entries()) {
      const id = ids[index]
      if (id === undefined) throw new Error("inserted less than given")
      const fresh = {
        state: "scheduled",
        attempt: 0,
        rescues: 0,
        claimId: null,
        isStarted: false,
        isAsked: false
      } as const
      this.rows.push({ id, lane, campaignId, dueAt: Math.max(dueAt, now), ...fresh })
    }
  }

  /** What a claim must hand out. */
  claimable(source: Source, now: number, limit: number): ReadonlyArray<ModelRow> {
    return this.rows
      .filter(({ campaignId, claimId, dueAt, isAsked, lane, state }) => {
        const isOfSource = lane === source.lane && campaignId === source.campaignId
        return isOfSource && claimId === null && !isAsked && state === "scheduled" && dueAt <= now
      })
      .toSorted((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1))
      .slice(0, limit)
  }

  claim(rows: ReadonlyArray<ModelRow>, claimId: bigint): void {
    this.made.set(claimId, { size: rows.length, recalls: this.recalls })
    for (const row of rows) {
      move(row, { _tag: "Claim" })
      row.claimId = claimId
    }
  }

  start(ids: ReadonlyArray<DeliveryId>, claimId: bigint): void {
    for (const row of this.rows) {
      if (row.claimId !== claimId || !ids.includes(row.id)) continue
      if (isFinal(row.state)) this.unsure.add(claimId)
      else row.isStarted = true
    }
  }

  /** The row that is held as named, and how it stands. */
  private heldAs({ claimId, id, wasDue }: HeldDelivery): ReadonlyArray<ModelRow> {
    return this.rows.filter(
      (row) => row.id === id && row.claimId === claimId && row.state === "claimed" && row.dueAt === wasDue
    )
  }

  /** What a begin must answer. */
  begin(held: ReadonlyArray<HeldDelivery>, isRunning: boolean, mark: boolean): Begun {
    const fresh = held.flatMap((named) => this.heldAs(named)).filter(({ isStarted }) => !isStarted)
    const go = fresh.filter(({ isAsked }) => isRunning && !isAsked)
    const back = fresh.filter((row) => !go.includes(row))
    for (const row of go) row.isStarted = mark
    return { go: go.map(({ id }) => id), back: back.map(({ id }) => id) }
  }

  /** Whether the claim must be answered as whole; null: it may be. */
  isWhole(claimId: bigint, campaign: number | null, isRunning: boolean): boolean | null {
    const made = this.made.get(claimId)
    const rows = this.rows.filter((row) => row.claimId === claimId && row.campaignId === campaign)
    if (!isRunning || rows.length !== made?.size || this.recalls !== made.recalls) return false
    if (rows.some(({ isStarted }) => isStarted)) return false
    return this.unsure.has(claimId) ? null : true
  }

  /** What still stands. */
  standing(held: ReadonlyArray<HeldDelivery>): ReadonlyArray<Standing> {
    return held.flatMap((named) => this.heldAs(named)).map(({ id, isStarted }) => ({ id, started: isStarted }))
  }

  /** What a settle must answer. */
  settle(
    settlements: ReadonlyArray<Settlement>,
    finishedClaims: ReadonlyArray<bigint>,
    givenBack: ReadonlyArray<GivenBack>,
    completedClaims: ReadonlyArray<bigint>
  ) {
    const answer = { final: 0, later: 0 }
    for (const settlement of settlements) {
      const row = this.rows.find(({ id }) => id === settlement.id)
      if (row === undefined || isFinal(row.state) || row.dueAt !== settlement.wasDue) continue
      if (settlement.state === "retry" || settlement.state === "snooze") {
        move(row, { _tag: settlement.state === "retry" ? "Retry" : "Snooze" })
        row.dueAt = settlement.dueAt
        row.claimId = null
        row.isStarted = false
        if (settlement.state === "retry") row.attempt += 1
        answer.later += 1
      } else {
        move(row, { _tag: "Settle", state: settlement.state })
        answer.final += 1
      }
    }
    for (const row of this.rows) {
      if (row.claimId === null) continue
      const isGivenBack = givenBack.some(({ claimId, id }) => claimId === row.claimId && id === row.id)
      if (isGivenBack && isFinal(row.state)) this.unsure.add(row.claimId)
      if ((!isGivenBack || isFinal(row.state)) && !finishedClaims.includes(row.claimId)) continue
      if (row.state === "claimed") move(row, { _tag: "Release" })
      row.claimId = null
      row.isStarted = false
    }
    for (const row of this.rows) {
      if (row.claimId === null || !completedClaims.includes(row.claimId)) continue
      if (row.state === "claimed") {
        move(row, { _tag: "Settle", state: "completed" })
        answer.final += 1
      }
      row.claimId = null
    }
    return answer
  }

  /** What a take-over must answer, but for the epoch. */
  takeOver() {
    const answer = { rescued: 0, unknown: 0 }
    for (const row of this.rows) {
      if (row.state === "claimed" && row.isStarted) {
        move(row, { _tag: "Settle", state: "unknown" })
        answer.unknown += 1
      } else if (row.state === "claimed") {
        move(row, { _tag: "Rescue" })
        row.rescues += 1
        answer.rescued += 1
      }
      row.claimId = null
      row.isStarted = false
    }
    return answer
  }

  /** How many a cancel without a limit must end. */
  cancel(campaign: number): number {
    const cancelled = this.rows.filter(
      ({ campaignId, claimId, state }) => campaignId === campaign && claimId === null && state === "scheduled"
    )
    for (const row of cancelled) move(row, { _tag: "Settle", state: "cancelled" })
    return cancelled.length
  }

  /** What a recall must answer. */
  recall(ids: ReadonlyArray<DeliveryId>, force: boolean) {
    const answer: { cancelled: Array<DeliveryId>; asked: Array<DeliveryId> } = { cancelled: [], asked: [] }
    if (ids.length > 0) this.recalls += 1
    for (const row of this.rows) {
      if (!ids.includes(row.id) || isFinal(row.state)) continue
      const isHeld = row.state === "claimed"
      if (isHeld) row.isAsked = true
      if (isHeld && !force) answer.asked.push(row.id)
      else {
        move(row, { _tag: "Settle", state: "cancelled" })
        answer.cancelled.push(row.id)
      }
    }
    return answer
  }

  /** Which deliveries the owner must be told to stop. */
  recalled(): ReadonlyArray<DeliveryId> {
    return this.rows.flatMap((row) => {
      if (!row.isAsked || row.state === "claimed") return row.isAsked ? [row.id] : []
      row.isAsked = false
      if (isFinal(row.state)) return [row.id]
      move(row, { _tag: "Settle", state: "cancelled" })
      return []
    })
  }

  counts(campaign: number): Counts {
    const rows = this.rows.filter(({ campaignId }) => campaignId === campaign)
    return rows.reduce(
      (counts, { state }) => (isFinal(state) ? settled(counts, state) : counts),
      planned(none, rows.length)
    )
  }

  /** What its final records must say, by id. */
  done(campaign: number): ReadonlyArray<{ readonly id: DeliveryId; readonly state: FinalState }> {
    return this.rows.flatMap(({ campaignId, id, state }) =>
      campaignId === campaign && isFinal(state) ? [{ id, state }] : []
    )
  }
}
