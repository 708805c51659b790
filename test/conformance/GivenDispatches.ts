/**
 * What sentences about dispatching start from.
 */
import { type NewDelivery } from "@fibercast/domain/Delivery"
import { type Unique } from "@fibercast/domain/Unique"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Dispatch, type Dispatched, describe, idOf } from "@fibercast/ports/Dispatch"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Owned } from "@fibercast/ports/Owned"
import { Effect } from "effect"
import { background, base, claimable, job } from "./Given.ts"

export const unique = (key: string, changes: Partial<Unique> = {}): Unique => ({
  key,
  taken: "ended",
  onConflict: "keep",
  atMost: null,
  ...changes
})

interface Asked extends Partial<Omit<Dispatch, "delivery">> {
  readonly delivery?: Partial<NewDelivery> | undefined
}

/** A job with this payload. */
export const asked = (payload: unknown, { delivery = {}, ...changes }: Asked = {}): Dispatch => ({
  delivery: job(payload, delivery),
  unique: null,
  idempotencyKey: null,
  backlog: null,
  ...changes
})

/** Of a workspace, at an instant: owned or not. */
export interface At {
  readonly workspaceId: WorkspaceId
  readonly now: number
}

export const dispatched = Effect.fnUntraced(function* ({ now, workspaceId }: At, dispatches: ReadonlyArray<Dispatch>) {
  return yield* (yield* Ledger).dispatch({ workspaceId, now, dispatches })
})

/** What became of one. */
export const dispatchedOne = Effect.fnUntraced(function* (at: At, dispatch: Dispatch) {
  const [answer, ...others] = yield* dispatched(at, [dispatch])
  return answer === undefined || others.length > 0 ? yield* Effect.die(new Error("not one answer")) : answer
})

/** The delivery that was inserted for it. */
export const insertedOne = Effect.fnUntraced(function* (at: At, dispatch: Dispatch) {
  const answer = yield* dispatchedOne(at, dispatch)
  return answer._tag === "Inserted" ? answer.id : yield* Effect.die(new Error(describe(answer)))
})

export const tagsOf = (answers: ReadonlyArray<Dispatched>): ReadonlyArray<string> => answers.map(({ _tag }) => _tag)

export const idsOfAll = (answers: ReadonlyArray<Dispatched>) => answers.map(idOf)

/** The payloads that can be claimed in the background at `base` plus so many milliseconds, in order; claims them. */
export const payloadsAt = Effect.fnUntraced(function* (owned: Owned, millis = 0) {
  const deliveries = yield* claimable({ ...owned, now: base + millis }, background)
  return deliveries.map(({ payload }): unknown => JSON.parse(payload))
})
