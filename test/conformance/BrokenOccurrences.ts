/**
 * TriggerStores that keep every guarantee but one, about what is recorded, runs, waits or is filled in.
 */
import { ran } from "@fibercast/domain/OccurrenceOutcome"
import {
  type Advance,
  type EndedRun,
  type NewOccurrence,
  type StoredTrigger,
  type TriggerStore
} from "@fibercast/ports/TriggerStore"
import { type Context, Effect } from "effect"
import { type BrokenTwin, brokenTriggerStore } from "./BrokenTwin.ts"
import { background, job } from "./Given.ts"

type Shape = Context.Service.Shape<typeof TriggerStore>

/** A store that records each advance as `change` makes it, of the trigger as it stands. */
const recordingAs = (
  triggers: Shape,
  change: (advance: Advance, trigger: StoredTrigger) => Effect.Effect<Advance, unknown>
): Pick<Shape, "record"> => ({
  record: ({ advances, now }) =>
    Effect.forEach(advances, (advance) =>
      Effect.gen(function* () {
        const trigger = (yield* triggers.list({ workspaceId: null })).find(({ id }) => id === advance.triggerId)
        const changed = trigger === undefined ? advance : yield* Effect.orDie(change(advance, trigger))
        return yield* triggers.record({ now, advances: [changed] })
      })
    ).pipe(Effect.map((written) => written.flat()))
})

const recordingOccurrences = (
  triggers: Shape,
  change: (occurrence: NewOccurrence) => NewOccurrence
): Pick<Shape, "record"> =>
  recordingAs(triggers, (advance) =>
    Effect.succeed({ ...advance, occurrences: advance.occurrences.map((occurrence) => change(occurrence)) })
  )

/** Every record of every trigger that is not removed. */
const everyRecord = (triggers: Shape) =>
  Effect.flatMap(triggers.list({ workspaceId: null }), (all) =>
    Effect.map(
      Effect.forEach(all, (trigger) =>
        Effect.map(triggers.history({ triggerId: trigger.id, before: null, limit: 1000 }), (rows) =>
          rows.map((row) => ({ row, trigger }))
        )
      ),
      (records) => records.flat()
    )
  )

export const brokenOccurrences: ReadonlyArray<BrokenTwin> = [
  brokenTriggerStore(
    "ignores the revision",
    "a decision on an older revision is not written, nor is its work",
    (triggers) => recordingAs(triggers, (advance, { revision }) => Effect.succeed({ ...advance, revision }))
  ),
  brokenTriggerStore("ignores the cursor", "a decision on another cursor is not written, nor is its work", (triggers) =>
    recordingAs(triggers, (advance, { cursor }) => Effect.succeed({ ...advance, cursor }))
  ),
  brokenTriggerStore(
    "writes a decision again",
    "two advances of one trigger are written if the second goes on where the first ended",
    (triggers) => ({
      record: ({ advances, now }) =>
        Effect.map(triggers.record({ advances, now }), (written) =>
          written.length === 0 ? written : advances.map(({ triggerId }) => triggerId)
        )
    })
  ),
  brokenTriggerStore(
    "writes what is left of an advance some of which is recorded",
    "a nominal time that has a record gets no other: nothing of the advance is written",
    (triggers) =>
      recordingAs(triggers, (advance) =>
        Effect.map(triggers.history({ triggerId: advance.triggerId, before: null, limit: 1000 }), (rows) => ({
          ...advance,
          occurrences: advance.occurrences.filter(({ nominal }) => !rows.some((row) => row.nominal === nominal))
        }))
      )
  ),
  brokenTriggerStore(
    "ignores busy",
    "a decision is written only if its overlap key runs and waits as much as it found",
    (triggers) => recordingAs(triggers, (advance) => Effect.succeed({ ...advance, busy: null }))
  ),
  brokenTriggerStore(
    "does not look at what waits",
    "a decision is written only if its overlap key runs and waits as much as it found",
    (triggers) =>
      recordingAs(triggers, (advance, { definition, workspaceId }) =>
        Effect.map(triggers.holders({ workspaceId, overlapKey: definition.overlapKey }), ({ waiting }) => ({
          ...advance,
          busy: advance.busy === null ? null : { ...advance.busy, waiting }
        }))
      )
  ),
  brokenTriggerStore(
    "judges every decision by its overlap key",
    "a decision that does not depend on its overlap key is written whatever the key is doing",
    (triggers) =>
      recordingAs(triggers, (advance) =>
        Effect.succeed({ ...advance, busy: advance.busy ?? { running: 0, waiting: 0 } })
      )
  ),
  brokenTriggerStore(
    "judges all advances by what was there before them",
    "of two advances that found one overlap key free, one is written; the next must know of it",
    (triggers) => ({
      record: ({ advances, now }) =>
        Effect.gen(function* () {
          const all = yield* triggers.list({ workspaceId: null })
          const judged = yield* Effect.forEach(advances, (advance) =>
            Effect.gen(function* () {
              const trigger = all.find(({ id }) => id === advance.triggerId)
              if (trigger === undefined || advance.busy === null) return advance
              const { definition, workspaceId } = trigger
              const { runs, waiting } = yield* triggers.holders({ workspaceId, overlapKey: definition.overlapKey })
              const holds = advance.busy.running === runs.length && advance.busy.waiting === waiting
              return holds ? { ...advance, busy: null } : advance
            })
          )
          return yield* triggers.record({ now, advances: judged })
        })
    })
  ),
  brokenTriggerStore(
    "writes all advances or none",
    "several advances are written each for itself: one that does not hold stops no other",
    (triggers) => ({
      record: ({ advances, now }) =>
        Effect.flatMap(triggers.list({ workspaceId: null }), (all) => {
          const isStale = ({ revision, triggerId }: Advance) =>
            all.some((trigger) => trigger.id === triggerId && trigger.revision !== revision)
          return advances.some(isStale) ? Effect.succeed([]) : triggers.record({ now, advances })
        })
    })
  ),
  brokenTriggerStore(
    "dispatches without recording",
    "a decision on another cursor is not written, nor is its work",
    (triggers, ledger) => ({
      record: ({ advances, now }) =>
        Effect.gen(function* () {
          const written = yield* triggers.record({ advances, now })
          for (const { occurrences, triggerId } of advances) {
            const trigger = (yield* triggers.list({ workspaceId: null })).find(({ id }) => id === triggerId)
            const deliveries = occurrences.flatMap(({ work }) => (work?._tag === "Deliver" ? [work.delivery] : []))
            if (written.includes(triggerId) || trigger === undefined) continue
            yield* ledger.insert({ workspaceId: trigger.workspaceId, now, deliveries })
          }
          return written
        })
    })
  ),
  brokenTriggerStore(
    "dispatches twice what it records once",
    "each occurrence that runs has a delivery of its own, and what does not run has none",
    (triggers, ledger) => ({
      record: ({ advances, now }) =>
        Effect.gen(function* () {
          const written = yield* triggers.record({ advances, now })
          for (const trigger of yield* triggers.list({ workspaceId: null })) {
            if (written.includes(trigger.id)) {
              yield* ledger.insert({ workspaceId: trigger.workspaceId, now, deliveries: [job()] })
            }
          }
          return written
        })
    })
  ),
  brokenTriggerStore(
    "records without dispatching",
    "a delivery is dispatched as it was asked for, and the record names it",
    (triggers) => recordingOccurrences(triggers, (occurrence) => ({ ...occurrence, work: null }))
  ),
  brokenTriggerStore(
    "dispatches at once what is due later",
    "a delivery is not claimable before its own due time, and an overdue one at once",
    (triggers) =>
      recordingOccurrences(triggers, (occurrence) =>
        occurrence.work?._tag === "Deliver"
          ? { ...occurrence, work: { _tag: "Deliver", delivery: { ...occurrence.work.delivery, dueAt: 0 } } }
          : occurrence
      )
  ),
  brokenTriggerStore(
    "launches a campaign for every occurrence",
    "a campaign that was launched by its key before is not launched again, and stays as it is",
    (triggers) =>
      recordingOccurrences(triggers, (occurrence) => {
        if (occurrence.work?._tag !== "Launch") return occurrence
        const { campaign } = occurrence.work
        const key = `${campaign.key} ${occurrence.nominal}`
        return { ...occurrence, work: { _tag: "Launch", campaign: { ...campaign, key } } }
      })
  ),
  brokenTriggerStore(
    "displaces nothing",
    "what waited for the key of an advance that displaces is skipped for overlap, whichever trigger it is of",
    (triggers) => recordingAs(triggers, (advance) => Effect.succeed({ ...advance, displace: false }))
  ),
  brokenTriggerStore(
    "displaces always",
    "an advance that does not hold displaces nothing, and one that does not displace leaves what waits",
    (triggers) => recordingAs(triggers, (advance) => Effect.succeed({ ...advance, displace: true }))
  ),
  brokenTriggerStore(
    "forgets open runs",
    "the open runs of a key are answered to the letter by id, whichever triggers they are of, beside how many wait",
    (triggers) => ({ holders: (options) => Effect.map(triggers.holders(options), (busy) => ({ ...busy, runs: [] })) })
  ),
  brokenTriggerStore(
    "takes a run for open until it is marked as ended",
    "a run is open while its delivery is claimed, retried or snoozed",
    (triggers) => ({
      holders: (options) =>
        Effect.gen(function* () {
          const { waiting } = yield* triggers.holders(options)
          const runs = (yield* everyRecord(triggers)).filter(
            ({ row, trigger }) =>
              ran(row.outcome) &&
              row.state === null &&
              trigger.workspaceId === options.workspaceId &&
              trigger.definition.overlapKey === options.overlapKey
          )
          return { runs: runs.map(({ row }) => row), waiting }
        })
    })
  ),
  brokenTriggerStore(
    "takes a run for over once its delivery is claimed",
    "a run is open while its delivery is claimed, retried or snoozed",
    (triggers, ledger) => ({
      holders: (options) =>
        Effect.gen(function* () {
          const busy = yield* triggers.holders(options)
          const unclaimed = yield* ledger.nextDue({ workspaceId: options.workspaceId, source: background })
          return unclaimed === null ? { ...busy, runs: [] } : busy
        })
    })
  ),
  brokenTriggerStore("ends a run twice", "a run that is over is ended once", (triggers) => {
    const ever: Array<EndedRun> = []
    return {
      end: (options) =>
        Effect.map(triggers.end(options), (ended) => {
          ever.push(...ended)
          return ever
        })
    }
  }),
  brokenTriggerStore("ends other apps' runs", "the runs of another app are not the caller's to end", (triggers) => ({
    end: (options) =>
      Effect.flatMap(triggers.list({ workspaceId: null }), (all) =>
        Effect.map(
          Effect.forEach([...new Set(all.map(({ app }) => app))], (app) => triggers.end({ ...options, app })),
          (ended) => ended.flat()
        )
      )
  })),
  brokenTriggerStore(
    "calls every end a completion",
    "a run ends as its delivery did, when it did, and says why it did not complete",
    (triggers) => ({
      end: (options) =>
        Effect.map(triggers.end(options), (ended) =>
          ended.map((run) => ({ ...run, state: "completed", failure: null }))
        )
    })
  ),
  brokenTriggerStore(
    "dates the end of a run by when it was noticed",
    "a run ends as its delivery did, when it did, and says why it did not complete",
    (triggers) => ({
      end: (options) =>
        Effect.map(triggers.end(options), (ended) => ended.map((run) => ({ ...run, endedAt: options.now })))
    })
  ),
  brokenTriggerStore(
    "keeps the first of what a run printed",
    "what a run printed is kept while it runs and later, told with its end, and the last counts",
    (triggers) => ({
      output: (options) =>
        Effect.flatMap(triggers.history({ triggerId: options.triggerId, before: null, limit: 1000 }), (rows) =>
          rows.some(({ nominal, output }) => nominal === options.nominal && output !== null)
            ? Effect.void
            : triggers.output(options)
        )
    })
  ),
  brokenTriggerStore(
    "releases while a run is open",
    "what waits does not run while a run of its key is open, but may be skipped meanwhile",
    (triggers) => ({
      release: (options) =>
        Effect.gen(function* () {
          if (yield* triggers.release(options)) return true
          const { detail, now, occurrenceId, outcome, reason, work } = options
          const waiting = (yield* everyRecord(triggers)).find(({ row }) => row.occurrenceId === occurrenceId)
          if (waiting === undefined || waiting.row.outcome !== "waiting") return false
          yield* triggers.release({ now, occurrenceId, outcome: "skipped", reason, detail, work: null })
          const occurrence = { ...waiting.row, outcome, reason, detail, work }
          const { fill } = triggers
          yield* fill({ now, triggerId: waiting.trigger.id, occurrences: [occurrence] })
          return true
        })
    })
  ),
  brokenTriggerStore(
    "says that what does not wait was released",
    "what does not wait is not released: what runs, ran or was skipped, and what does not exist",
    (triggers) => ({ release: (options) => Effect.as(triggers.release(options), true) })
  ),
  brokenTriggerStore(
    "answers all that waits of a key as ready",
    "of each overlap key the first that waits is ready, by id; at most as many as asked for",
    (triggers) => ({
      ready: (options) =>
        Effect.gen(function* () {
          const waiting = (yield* everyRecord(triggers)).filter(({ row }) => row.outcome === "waiting")
          const mine = waiting.filter(({ trigger }) => trigger.app === options.app)
          return mine.map(({ row, trigger }) => ({ ...row, trigger })).slice(0, options.limit)
        })
    })
  ),
  brokenTriggerStore(
    "passes over another app's that waits first",
    "what another app's trigger waits for is not the caller's, nor is what waits behind it",
    (triggers) => ({
      ready: (options) =>
        Effect.gen(function* () {
          const ready = yield* triggers.ready(options)
          if (ready.length > 0) return ready
          const waiting = (yield* everyRecord(triggers)).filter(({ row }) => row.outcome === "waiting")
          const mine = waiting.find(({ trigger }) => trigger.app === options.app)
          return mine === undefined ? [] : [{ ...mine.row, trigger: mine.trigger }]
        })
    })
  ),
  brokenTriggerStore("fills in over what ran", "what ran, runs or waits is left alone", (triggers) => ({
    fill: (options) =>
      Effect.as(
        triggers.fill(options),
        options.occurrences.map(({ nominal }) => nominal)
      )
  })),
  brokenTriggerStore(
    "leaves what was skipped as it is",
    "what was skipped or missed becomes what is given: the same record, counted once",
    (triggers) => ({
      fill: (options) =>
        Effect.flatMap(triggers.history({ triggerId: options.triggerId, before: null, limit: 1000 }), (rows) => {
          const isNew = ({ nominal }: NewOccurrence) => !rows.some((row) => row.nominal === nominal)
          const { fill } = triggers
          return fill({ ...options, occurrences: options.occurrences.filter(isNew) })
        })
    })
  ),
  brokenTriggerStore(
    "moves the trigger on to what was filled in",
    "filling in moves the trigger no further, and raises no revision",
    (triggers) => ({
      fill: (options) =>
        Effect.gen(function* () {
          const { fill } = triggers
          const written = yield* fill(options)
          const trigger = (yield* triggers.list({ workspaceId: null })).find(({ id }) => id === options.triggerId)
          if (trigger === undefined) return written
          const { cursor, merging, nextDue, revision, rules } = trigger
          const nextCursor = Math.max(cursor, ...written.map((nominal) => nominal + 1))
          const to = { nextCursor, nextDue, rules, merging, occurrences: [], displace: false, busy: null }
          yield* triggers.record({ now: options.now, advances: [{ triggerId: trigger.id, revision, cursor, ...to }] })
          return written
        })
    })
  )
]
