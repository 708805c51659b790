/**
 * TriggerStores that keep every guarantee but one, about what runs, waits or is filled in.
 */
import { ran } from "@fibercast/domain/OccurrenceOutcome"
import { type NewOccurrence, type TriggerStore } from "@fibercast/ports/TriggerStore"
import { type EndedRun } from "@fibercast/ports/Run"
import { type Context, Effect } from "effect"
import { type BrokenTwin, brokenTriggerStore } from "./BrokenTwin.ts"
import { background } from "./Given.ts"

type Shape = Context.Service.Shape<typeof TriggerStore>

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

export const brokenRuns: ReadonlyArray<BrokenTwin> = [
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
  ),
  brokenTriggerStore(
    "finds the newest run of a trigger for whichever delivery",
    "the run that dispatched a delivery is found by it, open and ended, also when its trigger was removed",
    (triggers) => ({
      runOf: () =>
        Effect.map(everyRecord(triggers), (records) => records.find(({ row }) => ran(row.outcome))?.row ?? null)
    })
  ),
  brokenTriggerStore(
    "finds a run only while it is open",
    "the run that dispatched a delivery is found by it, open and ended, also when its trigger was removed",
    (triggers) => ({
      runOf: (deliveryId) =>
        Effect.map(
          everyRecord(triggers),
          (records) => records.find(({ row }) => row.deliveryId === deliveryId && row.state === null)?.row ?? null
        )
    })
  )
]
