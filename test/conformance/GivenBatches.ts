/**
 * What sentences about batches start from.
 */
import { type BatchId } from "@fibercast/domain/Batch"
import { type ClaimedDelivery } from "@fibercast/domain/Delivery"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { type Job } from "@fibercast/domain/Job"
import { type Batch, BatchStore, type NewBatch } from "@fibercast/ports/BatchStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Owned } from "@fibercast/ports/Owned"
import { Effect } from "effect"
import { claimable, ended, idsOf, later, ownedWorkspace, parsed } from "./Given.ts"

/** A job that is known by its name: its payload. */
export const job = (name: string, options: Partial<Job> = {}): Job => ({
  pipeline: "jobs",
  lane: "normal",
  delay: 0,
  notBefore: null,
  expiresAfter: null,
  deadline: null,
  payload: JSON.stringify(name),
  tags: [],
  temporary: false,
  ...options
})

export const stage = (...names: ReadonlyArray<string>): ReadonlyArray<Job> => names.map((name) => job(name))

export const nameOf = ({ payload }: Pick<ClaimedDelivery, "payload">): string => String(parsed(payload))

/** A batch of an owned workspace, with something that follows in each case. It allows no failure. */
export const created = Effect.fnUntraced(function* (
  stages: ReadonlyArray<ReadonlyArray<Job>>,
  options: Partial<NewBatch> = {}
) {
  const batches = yield* BatchStore
  const owned = yield* ownedWorkspace()
  const id = yield* batches.create({
    workspaceId: owned.workspaceId,
    name: "import",
    allowFailures: 0,
    then: job("then"),
    catch: job("catch"),
    finally: job("finally"),
    stages,
    now: owned.now,
    ...options
  })
  return { id, owned }
})

export const batchOf = Effect.fnUntraced(function* (
  owned: Owned,
  id: BatchId
): Effect.fn.Return<Batch, unknown, BatchStore> {
  return yield* (yield* BatchStore).get(owned.workspaceId, id)
})

/** Claims whatever is due; answers it by its names. */
export const claimedNow = Effect.fnUntraced(function* (owned: Owned) {
  const deliveries = yield* claimable(owned)
  return new Map(deliveries.map((delivery) => [nameOf(delivery), delivery]))
})

/** Settles these of what was claimed. */
export const settle = Effect.fnUntraced(function* (
  owned: Owned,
  claimed: ReadonlyMap<string, ClaimedDelivery>,
  states: Readonly<Record<string, FinalState>>
) {
  const ledger = yield* Ledger
  const settlements = Object.entries(states).map(([name, state]) => {
    const delivery = claimed.get(name)
    if (delivery === undefined) throw new Error(`${name} was not claimed`)
    return ended(delivery, state)
  })
  return yield* ledger.settle({ ...owned, settlements, finishedClaims: [] })
})

/** Claims and settles what is due: all of it, as completed unless told. Answers the names, in their order. */
export const work = Effect.fnUntraced(function* (owned: Owned, states: Readonly<Record<string, FinalState>> = {}) {
  const claimed = yield* claimedNow(owned)
  const all = Object.fromEntries([...claimed.keys()].map((name) => [name, states[name] ?? "completed"] as const))
  if (claimed.size > 0) yield* settle(owned, claimed, all)
  return [...claimed.keys()].toSorted()
})

/** Advances until nothing is left to do; answers what was done, and fails when that does not end. */
export const advance = Effect.fnUntraced(function* (owned: Owned) {
  const batches = yield* BatchStore
  const done = yield* batches.advance({ workspaceId: owned.workspaceId, now: owned.now, limit: 100 })
  const again = yield* batches.advance({ workspaceId: owned.workspaceId, now: owned.now, limit: 100 })
  if (again.length > 0) throw new Error("an advance left something to be done")
  return done
})

/** Works and advances by turns until nothing is due; answers the names of what was worked, turn by turn. */
export const workAll = Effect.fnUntraced(function* (owned: Owned, states: Readonly<Record<string, FinalState>> = {}) {
  const turns: Array<ReadonlyArray<string>> = []
  for (let at = 0; ; at += 1) {
    const names = yield* work(later(owned, at), states)
    const done = yield* advance(later(owned, at))
    if (names.length > 0) turns.push(names)
    if (names.length === 0 && done.every(({ dispatched }) => dispatched === 0)) return turns
  }
})

export const isDue = Effect.fnUntraced(function* ({ workspaceId }: Owned) {
  return idsOf((yield* (yield* BatchStore).dueWorkspaces).map((due) => ({ id: due.workspaceId }))).includes(workspaceId)
})
