/**
 * Records that keep every guarantee but one.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type Batch } from "@fibercast/ports/BatchStore"
import { type Doubt } from "@fibercast/ports/Doubt"
import { type DeliveryRecord } from "@fibercast/ports/Records"
import { Effect } from "effect"
import { brokenBatchStore, brokenLedger, type BrokenTwin, brokenRecordsOf } from "./BrokenTwin.ts"

const depthsSay =
  "open work is counted by lane and pipeline: what is due, what is claimed, who has waited longest, and what is next"
const pausedSays = "what is due of a paused campaign is counted as such, and is not said to wait"
const ofOneOrAll = "depths and passages are of one workspace, or of all in their order"
const passagesSay = "what came and ended in a span is counted from its start on, up to its end"
const isFound = "what ended is found, and counted, by each part of a filter"
const isListed = "what is open is listed by due time, then by id, and counted"
const isKnown = "all that is known of an ended delivery is found, and its tries that did not complete, in their order"
const isHidden =
  "a delivery is not found in another workspace, nor one that never was, nor a temporary one that completed"
const isNamed = "only what is named, and in the filter, is opened; at most the limit, by id"
const isNotWhole = "a claim of which something ended and is opened again is not whole any more; the others are"
const isForgotten =
  "what is forgotten keeps its state and its counts, but neither payload nor reasons, and is not listed nor opened"
const isInDoubt = "what was in doubt and is opened again or forgotten is not told as in doubt any more"
const isCleared = "only what is in the filter is cleared away, in every workspace that is asked for"
const isCancelled =
  "open work that no claim holds is cleared away as cancelled, with the reason, at most the limit a call"
const isKept = "a final record is kept as long as its pipeline says, or else as long as others, and no longer"
const areBatchesKept =
  "a batch that is over is kept as long as other records and no longer, unless work of it is open; its number is not given again"
const inSteps = "rows are pruned in steps of the limit, and it is said while there is more"

const withoutTries = ({ id, workspaceId }: DeliveryRecord) => ({ id, workspaceId })

const isBefore = "what comes before a delivery is what is due, unclaimed and earlier of its own lane and campaign"

export const brokenRecordStores: ReadonlyArray<BrokenTwin> = [
  brokenLedger("begins a claim as a whole that it once said is whole", isNotWhole, (ledger) => {
    const whole = new Set<bigint>()
    return {
      beginClaims: (options) =>
        Effect.map(ledger.beginClaims(options), (answer) => {
          for (const claimId of answer) whole.add(claimId)
          return options.claims.filter((claimId) => whole.has(claimId))
        })
    }
  }),
  brokenLedger("tells a doubt whatever became of it since", isInDoubt, (ledger) => {
    const doubts: Array<Doubt> = []
    return {
      takeOver: Effect.fnUntraced(function* (options) {
        const taken = yield* ledger.takeOver(options)
        const all = { ...options, epoch: taken.epoch, limit: 1000, pipelines: ["jobs"] }
        doubts.push(...(yield* Effect.orDie(ledger.takeDoubts(all))))
        return taken
      }),
      takeDoubts: ({ limit }) => Effect.sync(() => doubts.splice(0, limit))
    }
  }),
  brokenRecordsOf("counts a delivery among those before it", isBefore, (records) => ({
    before: (options) => Effect.map(records.before(options), (count) => count + 1)
  })),
  brokenRecordsOf("says that what is claimed waits", depthsSay, (records) => ({
    depths: (options) =>
      Effect.map(records.depths(options), (depths) =>
        depths.map((depth) => ({ ...depth, oldestDue: depth.due > 0 ? (depth.oldestDue ?? 0) - 1000 : null }))
      )
  })),
  brokenRecordsOf("counts what is due a moment later as due", depthsSay, (records) => ({
    depths: (options) => records.depths({ ...options, now: options.now - 1 })
  })),
  brokenRecordsOf("does not know of pauses", pausedSays, (records) => ({
    depths: (options) =>
      Effect.map(records.depths(options), (depths) => depths.map((depth) => ({ ...depth, paused: 0 })))
  })),
  brokenRecordsOf("counts all workspaces, whichever is asked for", ofOneOrAll, (records) => ({
    depths: (options) => records.depths({ ...options, workspaceId: null })
  })),
  brokenRecordsOf("passes all workspaces, whichever is asked for", ofOneOrAll, (records) => ({
    passages: (options) => records.passages({ ...options, workspaceId: null })
  })),
  brokenRecordsOf("counts the end of a span as in it", passagesSay, (records) => ({
    passages: (options) => records.passages({ ...options, until: options.until + 1 })
  })),
  brokenRecordsOf("counts the start of a span as before it", passagesSay, (records) => ({
    passages: (options) => records.passages({ ...options, from: options.from + 1 })
  })),
  brokenRecordsOf("finds across workspaces", isHidden, (records) => ({
    find: (options) => records.find({ ...options, workspaceId: null })
  })),
  brokenRecordsOf("tells tries in the wrong order", isKnown, (records) => ({
    find: (options) =>
      Effect.map(
        records.find(options),
        (found) => found && { record: found.record, attempts: found.attempts.toReversed() }
      )
  })),
  brokenRecordsOf("pages from the beginning again", "what ended is paged by id", (records) => ({
    ended: (options) => records.ended({ ...options, after: null })
  })),
  brokenRecordsOf("does not look at tags", isFound, (records) => ({
    ended: ({ filter: { tag: _tag, ...filter }, ...options }) => records.ended({ ...options, filter })
  })),
  brokenRecordsOf("minds the case of a reason", isFound, (records) => ({
    ended: ({ filter, ...options }) =>
      Effect.map(records.ended({ ...options, filter }), (rows) =>
        rows.filter(({ reason }) => filter.reason === undefined || reason?.includes(filter.reason) === true)
      )
  })),
  brokenRecordsOf("counts what it does not list", isFound, (records) => ({
    countEnded: ({ errorClass: _class, ...filter }) => records.countEnded(filter)
  })),
  brokenRecordsOf("takes background jobs alone for all work", isFound, (records) => ({
    countEnded: (filter) => records.countEnded({ ...filter, campaignId: filter.campaignId ?? undefined })
  })),
  brokenRecordsOf("lists open work by id alone", isListed, (records) => ({
    open: ({ limit, ...options }) =>
      Effect.map(records.open({ ...options, limit: 1000 }), (rows) =>
        rows.toSorted((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit)
      )
  })),
  brokenRecordsOf("names what has a record alone", "every pipeline is named, each once", (records) => ({
    pipelines: Effect.map(records.pipelines, (names) => names.filter((name) => !name.endsWith("never-used")))
  })),
  brokenRecordsOf(
    "opens it anew, under another id",
    "what failed is opened again under its id: due now, with its payload, lane and tags, and its tries given back",
    (records, ledger) => ({
      retry: (options) =>
        Effect.gen(function* () {
          const rows = yield* records.ended({ filter: options.filter, after: null, limit: options.limit })
          for (const { pipeline, tags, workspaceId } of rows) {
            const delivery = { pipeline, lane: "normal", campaignId: null, dueAt: options.now, deadline: null } as const
            const deliveries = [{ ...delivery, tags, payload: "{}" }]
            yield* ledger.insert({ workspaceId, now: options.now, deliveries })
          }
          return rows.map(withoutTries)
        })
    })
  ),
  brokenRecordsOf(
    "says that it opened what it leaves ended",
    "what is opened again counts for the limit of its workspace, until it has ended again",
    (records) => ({
      retry: ({ filter, limit }) =>
        Effect.map(records.ended({ filter, after: null, limit }), (rows) => rows.map(withoutTries))
    })
  ),
  brokenRecordsOf(
    "opens it for later",
    "what failed is opened again under its id: due now, with its payload, lane and tags, and its tries given back",
    (records) => ({ retry: (options) => records.retry({ ...options, now: options.now + 1000 }) })
  ),
  brokenRecordsOf("opens what is named, whatever the filter", isNamed, (records) => ({
    retry: (options) =>
      records.retry({
        ...options,
        filter: options.ids === null ? options.filter : { ...options.filter, states: ["failed", "unknown"] }
      })
  })),
  brokenRecordsOf("opens more than the limit", isNamed, (records) => ({
    retry: (options) => records.retry({ ...options, limit: options.limit + 1 })
  })),
  brokenRecordsOf("takes no name for all of them", isNamed, (records) => ({
    retry: (options) => records.retry({ ...options, ids: options.ids?.length === 0 ? null : options.ids })
  })),
  brokenRecordsOf(
    "says that it opened what another has",
    "of several who open the same at once, one opens each",
    (records) => {
      const told: Array<{ readonly id: DeliveryId; readonly workspaceId: DeliveryRecord["workspaceId"] }> = []
      return {
        retry: (options) =>
          Effect.map(records.retry(options), (opened) => {
            told.push(...opened)
            return told.filter(({ workspaceId }) => workspaceId === options.filter.workspaceId)
          })
      }
    }
  ),
  brokenRecordsOf("forgets nothing", isForgotten, (records) => ({
    forget: (options) => records.countEnded(options.filter)
  })),
  brokenRecordsOf(
    "forgets without an end",
    "what is in the filter is forgotten, at most the limit a call; what completed stays as it is",
    (records) => ({ forget: (options) => records.forget({ ...options, limit: 1000 }) })
  ),
  brokenRecordsOf("clears without a limit", isCancelled, (records) => ({
    clear: (options) => records.clear({ ...options, limit: 1000 })
  })),
  brokenRecordsOf("clears for a reason of its own", isCancelled, (records) => ({
    clear: (options) => records.clear({ ...options, reason: "cleared" })
  })),
  brokenRecordsOf("clears every lane", isCleared, (records) => ({
    clear: ({ filter: { lane: _lane, ...filter }, ...options }) => records.clear({ ...options, filter })
  })),
  brokenRecordsOf("clears what is claimed as well", isCancelled, (records, ledger) => ({
    clear: (options) =>
      Effect.gen(function* () {
        const rows = yield* records.open({ filter: options.filter, limit: options.limit })
        const { workspaceId } = options.filter
        if (workspaceId === null) return 0
        const ids = rows.map(({ id }) => id)
        const { cancelled } = yield* ledger.recall({ ...options, workspaceId, ids, force: true })
        return cancelled.length
      })
  })),
  brokenRecordsOf("keeps every record as long as others", isKept, () => ({ retain: () => Effect.void })),
  brokenRecordsOf("takes for ever for no time at all", isKept, (records) => ({
    retain: (pipelines) =>
      records.retain(
        pipelines.map(({ pipeline, retention }) => ({ pipeline, retention: retention === Infinity ? 0 : retention }))
      )
  })),
  brokenRecordsOf("prunes what is just as old as it may be", isKept, (records) => ({
    prune: (options) => records.prune({ ...options, now: options.now + 1 })
  })),
  brokenRecordsOf("prunes all at once", inSteps, (records) => ({
    prune: (options) => records.prune({ ...options, limit: 1000 })
  })),
  brokenRecordsOf("never says that there is more", inSteps, (records) => ({
    prune: (options) => Effect.map(records.prune(options), (pruned) => pruned && { ...pruned, isMore: false })
  })),
  brokenRecordsOf("prunes nothing", "a record that is pruned is not found, and its tries are not either", () => ({
    prune: () => Effect.succeed({ days: 0, records: 0, keys: 0, batches: 0, isMore: false })
  })),
  brokenBatchStore("finds batches for ever", areBatchesKept, (batches) => {
    const seen = new Map<number, Batch>()
    return {
      get: (workspaceId, batchId) =>
        batches.get(workspaceId, batchId).pipe(
          Effect.tap((batch) => Effect.sync(() => seen.set(batchId, batch))),
          Effect.catchTag("BatchNotFound", (error) => {
            const batch = seen.get(batchId)
            return batch === undefined ? Effect.fail(error) : Effect.succeed(batch)
          })
        )
    }
  }),
  brokenRecordsOf("prunes batches as soon as records may go", areBatchesKept, (records) => ({
    prune: (options) => records.prune({ ...options, otherwise: options.otherwise / 2 })
  }))
]
