/**
 * TriggerStores that keep every guarantee but one, about what is recorded and dispatched.
 */
import { type Advance, type NewOccurrence, type TriggerStore } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { type Context, Effect } from "effect"
import { type BrokenTwin, brokenTriggerStore } from "./BrokenTwin.ts"
import { job } from "./Given.ts"

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

const waits = ({ occurrences }: Advance) => occurrences.some(({ outcome }) => outcome === "waiting")

export const brokenRecords: ReadonlyArray<BrokenTwin> = [
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
    "lets what waits behind a pause hold up the next",
    "what an advance makes wait behind a pause holds up none of those after it, unless a person asked for it",
    (triggers) => ({
      record: ({ advances, now }) =>
        Effect.flatMap(triggers.list({ workspaceId: null }), (all) => {
          const isPaused = ({ triggerId }: Advance) => all.some(({ id, paused }) => id === triggerId && paused !== null)
          const first = advances.findIndex((advance) => isPaused(advance) && waits(advance))
          const judged = advances.filter(({ busy }, index) => first === -1 || index <= first || busy === null)
          return triggers.record({ now, advances: judged })
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
  )
]
