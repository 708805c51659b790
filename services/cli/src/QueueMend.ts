/**
 * Mending what ended: deliveries named by their numbers, each of which is looked at first, or all that a filter has, of
 * which it is said first how many they are.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type FinalState, isFinal } from "@fibercast/domain/DeliveryState"
import { Database } from "@fibercast/node/Database"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type DeliveryRecord, type EndedFilter, Records } from "@fibercast/ports/Records"
import { Effect, Option, Schema } from "effect"
import { Flag } from "effect/cli"
import { Misused } from "./Ending.ts"
import * as QueueFilter from "./QueueFilter.ts"

/** Some of what was named was left as it is; a line for each says why. */
export class LeftAsTheyAre extends Schema.TaggedError<LeftAsTheyAre>()("LeftAsTheyAre", {
  left: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return this.left.join("\n")
  }
}

/** Deliveries mended in one transaction. */
const page = 1000

export const flags = {
  all: Flag.Boolean("all").pipe(
    Flag.withDefault(false),
    Flag.withDescription("All of them, where nothing else says which")
  ),
  yes: Flag.Boolean("yes").pipe(Flag.withDefault(false), Flag.withDescription("Do not ask"))
}

/** What is said of deliveries must be one thing: their numbers, or what they have in common. */
export const check = Effect.fnUntraced(function* (
  verb: string,
  input: QueueFilter.EndedInput & { readonly ids: ReadonlyArray<DeliveryId>; readonly all: boolean }
) {
  const isFiltered = QueueFilter.isNarrow(input) || input.all
  if (input.ids.length > 0 && isFiltered) {
    return yield* new Misused({ message: `Name the deliveries to ${verb} by their numbers, or by flags; not by both.` })
  }
  if (input.ids.length === 0 && !isFiltered) {
    return yield* new Misused({
      message:
        `Say which deliveries to ${verb}: by their numbers, or by --campaign, --pipeline, --workspace, --lane, --tag, ` +
        "--class, --reason or --since; or --all."
    })
  }
})

/** What a retry would not do for a delivery as it stands; null: it can be tried again. */
const notRetriable = Effect.fnUntraced(function* (record: DeliveryRecord, isDoubtMeant: boolean) {
  const { campaignId, payload, state, workspaceId } = record
  if (!isFinal(state)) return `is ${state}: it is open already`
  if (state === "completed") return "has completed: there is nothing to try again"
  if (payload === null) return "was forgotten: its payload is gone"
  if (state === "unknown" && !isDoubtMeant) {
    return "is in doubt: it may have been sent. To send it again nevertheless, add --state unknown"
  }
  if (campaignId === null) return null
  if (state === "skipped") return `was skipped by campaign ${campaignId}: there is nothing to try`
  const { status } = yield* (yield* CampaignStore).get(workspaceId, campaignId)
  return status === "cancelled" ? `is of campaign ${campaignId}, which was cancelled for good` : null
})

const notForgettable = ({ payload, state }: DeliveryRecord): string | null => {
  if (!isFinal(state)) return `is ${state}: it is open. \`fibercast queue clear\` cancels what waits`
  if (state === "completed") return "has completed: nothing is kept of it that could be forgotten"
  return payload === null ? "was forgotten before" : null
}

/** Looks at each that is named: which can be mended, and what there is to say of the others. */
const looked = Effect.fnUntraced(function* <E, R>(
  ids: ReadonlyArray<DeliveryId>,
  why: (record: DeliveryRecord) => Effect.Effect<string | null, E, R>
) {
  const records = yield* Records
  const able: Array<DeliveryId> = []
  const left: Array<string> = []
  for (const id of new Set(ids)) {
    const found = yield* records.find({ workspaceId: null, id })
    const obstacle =
      found === null
        ? "is not known: there was none of that number, its record was pruned, or it was temporary and completed"
        : yield* why(found.record)
    if (obstacle === null) able.push(id)
    else left.push(`Delivery ${id} ${obstacle}.`)
  }
  return { able, left }
})

const everywhere = (states: ReadonlyArray<FinalState>): EndedFilter => ({ workspaceId: null, states })

/** Answers those that are open again, and what is to be said of the others. */
export const retryNamed = Effect.fnUntraced(function* (
  ids: ReadonlyArray<DeliveryId>,
  state: Option.Option<FinalState>,
  now: number
) {
  const isDoubtMeant = Option.contains(state, "unknown")
  const { able, left } = yield* looked(ids, (record) => notRetriable(record, isDoubtMeant))
  const states = QueueFilter.uncompleted.filter((one) => one !== "unknown" || isDoubtMeant)
  const records = yield* Records
  const opened: Array<DeliveryId> = []
  for (let from = 0; from < able.length; from += page) {
    const some = able.slice(from, from + page)
    const rows = yield* records.retry({ filter: everywhere(states), ids: some, limit: page, now })
    opened.push(...rows.map(({ id }) => id))
  }
  const missed = able.filter((id) => !opened.includes(id))
  return { opened, left: [...left, ...missed.map((id) => `Delivery ${id} has changed meanwhile; look again.`)] }
})

/** Answers how many were forgotten, and what is to be said of the others. */
export const forgetNamed = Effect.fnUntraced(function* (ids: ReadonlyArray<DeliveryId>) {
  const { able, left } = yield* looked(ids, (record) => Effect.succeed(notForgettable(record)))
  const records = yield* Records
  let forgotten = 0
  for (let from = 0; from < able.length; from += page) {
    const some = able.slice(from, from + page)
    forgotten += yield* records.forget({ filter: everywhere(QueueFilter.uncompleted), ids: some, limit: page })
  }
  return { forgotten, left }
})

/** Calls until nothing is left to mend. */
const untilNone = Effect.fnUntraced(function* (step: Effect.Effect<number, LedgerUnavailable>) {
  let total = 0
  for (;;) {
    const count = yield* step
    if (count === 0) return total
    total += count
  }
})

/** The filter must have an end: what is tried again may fail again at once. */
export const retryAll = Effect.fnUntraced(function* (filter: EndedFilter & { readonly until: number }, now: number) {
  const records = yield* Records
  return yield* untilNone(Effect.map(records.retry({ filter, ids: null, limit: page, now }), ({ length }) => length))
})

export const forgetAll = Effect.fnUntraced(function* (filter: EndedFilter & { readonly until: number }) {
  const records = yield* Records
  return yield* untilNone(records.forget({ filter, ids: null, limit: page }))
})

/** What to know where no other process works on the database: null, if one may. */
export const unattended = Effect.map(Database, ({ alone }) =>
  alone ? "No process works on this database now: work waits until one does." : null
)
