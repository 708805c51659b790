/**
 * The TriggerStore over the shared rows in memory.
 */
import { ran } from "@fibercast/domain/OccurrenceOutcome"
import { TriggerId } from "@fibercast/domain/TriggerId"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Context, Effect } from "effect"
import { LedgerUnavailable } from "../Ledger.ts"
import { type Advance, type Put, TriggerNotFound, type TriggerStore } from "../TriggerStore.ts"
import { type EndedRun, type Waiting } from "../Run.ts"
import { type StoredTrigger } from "../StoredTrigger.ts"
import { WorkspaceNotFound } from "../WorkspaceStore.ts"
import * as MemoryHistory from "./MemoryHistory.ts"
import * as MemoryOccurrences from "./MemoryOccurrences.ts"
import * as MemorySchedulers from "./MemorySchedulers.ts"
import { type MemoryState } from "./MemoryState.ts"
import { type MemoryOccurrence, type MemoryTrigger, nameKey, ofWorkspace } from "./MemoryTriggers.ts"

const isMine = (app: string | null, trigger: MemoryTrigger): boolean =>
  trigger.row.app === null || trigger.row.app === app

/** What is due while it is paused waits for its end, so it is not looked at. */
const isHeld = ({ definition, paused, removedAt }: StoredTrigger): boolean =>
  removedAt !== null || (paused !== null && definition.misfires.paused._tag !== "Skip")

const byDue = (a: MemoryTrigger, b: MemoryTrigger): number =>
  (a.row.nextDue ?? Infinity) - (b.row.nextDue ?? Infinity) || a.row.id - b.row.id

export const make = (state: MemoryState): Context.Service.Shape<typeof TriggerStore> => {
  const { triggers } = state
  const standing = (workspaceId: WorkspaceId, name: string) => {
    const trigger = triggers.byName.get(nameKey(workspaceId, name))
    return trigger === undefined || trigger.row.removedAt !== null ? undefined : trigger
  }
  const found = (workspaceId: WorkspaceId, name: string) => {
    const trigger = standing(workspaceId, name)
    return trigger === undefined ? Effect.fail(new TriggerNotFound({ name })) : Effect.succeed(trigger)
  }

  /** What waited is not waited for any more. */
  const passOver = (waiting: ReadonlyArray<MemoryOccurrence>, reason: "overlap" | "removed", now: number) => {
    for (const occurrence of waiting) {
      const owner = triggers.byId.get(occurrence.row.triggerId)
      if (owner === undefined) continue
      MemoryOccurrences.settle(state, owner, occurrence, { outcome: "skipped", reason, detail: null, work: null }, now)
    }
  }

  const waitingOf = ({ row }: MemoryTrigger) =>
    MemoryOccurrences.unfinished(state).filter(
      (occurrence) => occurrence.row.triggerId === row.id && occurrence.row.outcome === "waiting"
    )

  /** What waits for the trigger's overlap key, whichever trigger it is of. */
  const waitingBeside = ({ row }: MemoryTrigger) =>
    MemoryOccurrences.ofKey(state, row.workspaceId, row.definition.overlapKey).filter(
      (occurrence) => occurrence.row.outcome === "waiting"
    )

  const holds = (advance: Advance): MemoryTrigger | null => {
    const trigger = triggers.byId.get(advance.triggerId)
    if (trigger === undefined || trigger.row.removedAt !== null) return null
    if (trigger.row.revision !== advance.revision || trigger.row.cursor !== advance.cursor) return null
    const nominals = new Set(advance.occurrences.map(({ nominal }) => nominal))
    if (nominals.size < advance.occurrences.length) return null
    if ([...nominals].some((nominal) => trigger.occurrences.has(nominal))) return null
    if (advance.busy === null) return trigger
    const { runs, waiting } = MemoryOccurrences.holders(
      state,
      trigger.row.workspaceId,
      trigger.row.definition.overlapKey
    )
    return runs.length === advance.busy.running && waiting.length === advance.busy.waiting ? trigger : null
  }

  return {
    put: Effect.fn("TriggerStore.put")(function* (put: Put) {
      const { seen, now, workspaceId, ...rest } = put
      if (!state.workspaces.has(workspaceId)) {
        const cause = new WorkspaceNotFound({ workspaceId })
        return yield* new LedgerUnavailable({ operation: "put a trigger", cause })
      }
      const key = nameKey(workspaceId, put.definition.trigger.name)
      const known = triggers.byName.get(key)
      const isStanding = known !== undefined && known.row.removedAt === null
      if (seen === null ? isStanding : !isStanding || known.row.revision !== seen.revision) return null
      if (known !== undefined) {
        const revived = isStanding ? {} : { paused: null, pause: null, merging: null }
        const isPlannedAnew = !isStanding || known.row.cursor !== put.cursor
        // What was recorded before it was removed stays before the cursor.
        const cursor = isStanding ? put.cursor : Math.max(put.cursor, known.row.cursor)
        const plannedFrom = isPlannedAnew ? cursor : known.row.plannedFrom
        const revision = known.row.revision + 1
        known.row = { ...known.row, ...rest, ...revived, cursor, plannedFrom, revision, removedAt: null }
        return known.row
      }
      const row: StoredTrigger = {
        ...rest,
        workspaceId,
        id: TriggerId.make(triggers.byId.size + 1),
        revision: 1,
        plannedFrom: put.cursor,
        paused: null,
        pause: null,
        merging: null,
        createdAt: now,
        removedAt: null
      }
      const trigger: MemoryTrigger = { row, occurrences: new Map(), tallies: new Map() }
      triggers.byId.set(row.id, trigger)
      triggers.byName.set(key, trigger)
      return row
    }),

    find: (workspaceId, name) => Effect.sync(() => standing(workspaceId, name)?.row ?? null),

    list: ({ workspaceId }) =>
      Effect.sync(() =>
        ofWorkspace(triggers, workspaceId)
          .filter(({ row }) => row.removedAt === null)
          .map(({ row }) => row)
          .toSorted(
            (a, b) => a.workspaceId - b.workspaceId || (a.definition.trigger.name < b.definition.trigger.name ? -1 : 1)
          )
      ),

    remove: ({ now, revision, triggerId }) =>
      Effect.sync(() => {
        const trigger = triggers.byId.get(triggerId)
        if (trigger === undefined || trigger.row.removedAt !== null || trigger.row.revision !== revision) return false
        passOver(waitingOf(trigger), "removed", now)
        trigger.row = { ...trigger.row, revision: revision + 1, nextDue: null, removedAt: now }
        return true
      }),

    pause: ({ name, note, now, workspaceId }) =>
      Effect.map(found(workspaceId, name), (trigger) => {
        const { paused, revision } = trigger.row
        trigger.row = { ...trigger.row, revision: revision + 1, paused: { since: paused?.since ?? now, note } }
        return trigger.row
      }),

    resume: ({ name, now, workspaceId }) =>
      Effect.map(found(workspaceId, name), (trigger) => {
        const { paused, revision } = trigger.row
        if (paused === null) return trigger.row
        const pause = { since: paused.since, until: now }
        trigger.row = { ...trigger.row, revision: revision + 1, paused: null, pause }
        return trigger.row
      }),

    due: ({ after, app, limit, now }) =>
      Effect.sync(() =>
        [...triggers.byId.values()]
          .filter((trigger) => {
            const { id, nextDue } = trigger.row
            if (nextDue === null || nextDue > now || isHeld(trigger.row) || !isMine(app, trigger)) return false
            return after === null || nextDue > after.nextDue || (nextDue === after.nextDue && id > after.triggerId)
          })
          .toSorted(byDue)
          .slice(0, limit)
          .map(({ row }) => row)
      ),

    nextDue: ({ after, app }) =>
      Effect.sync(() => {
        let earliest = Infinity
        for (const trigger of triggers.byId.values()) {
          const { nextDue } = trigger.row
          if (nextDue === null || nextDue <= after || nextDue >= earliest) continue
          if (!isHeld(trigger.row) && isMine(app, trigger)) earliest = nextDue
        }
        return earliest === Infinity ? null : earliest
      }),

    holders: ({ overlapKey, workspaceId }) =>
      Effect.sync(() => {
        const { runs, waiting } = MemoryOccurrences.holders(state, workspaceId, overlapKey)
        return { runs: runs.map(({ row }) => row), waiting: waiting.length }
      }),

    record: ({ advances, now }) =>
      Effect.sync(() => {
        const written: Array<TriggerId> = []
        for (const advance of advances) {
          const trigger = holds(advance)
          if (trigger === null) continue
          if (advance.displace) passOver(waitingBeside(trigger), "overlap", now)
          for (const occurrence of advance.occurrences) MemoryOccurrences.write(state, trigger, occurrence, now)
          const { merging, nextCursor: cursor, nextDue, rules } = advance
          const plannedFrom = rules === trigger.row.rules ? trigger.row.plannedFrom : trigger.row.cursor
          trigger.row = { ...trigger.row, cursor, nextDue, rules, plannedFrom, merging }
          written.push(advance.triggerId)
        }
        return written
      }),

    fill: ({ now, occurrences, triggerId }) =>
      Effect.sync(() => {
        const trigger = triggers.byId.get(triggerId)
        if (trigger === undefined || trigger.row.removedAt !== null) return []
        const written: Array<number> = []
        for (const occurrence of occurrences) {
          const outcome = trigger.occurrences.get(occurrence.nominal)?.row.outcome
          if (outcome !== undefined && outcome !== "skipped" && outcome !== "missed") continue
          if (written.includes(occurrence.nominal)) continue
          MemoryOccurrences.write(state, trigger, occurrence, now)
          written.push(occurrence.nominal)
        }
        return written
      }),

    ready: ({ app, limit }) =>
      Effect.sync(() => {
        const seen = new Set<string>()
        const ready: Array<Waiting> = []
        for (const { overlapKey, row } of MemoryOccurrences.unfinished(state)) {
          const trigger = triggers.byId.get(row.triggerId)
          const key = nameKey(row.workspaceId, overlapKey)
          if (trigger === undefined || seen.has(key) || !MemoryOccurrences.isInLine(state, row)) continue
          seen.add(key)
          if (ready.length >= limit || !isMine(app, trigger)) continue
          if (MemoryOccurrences.holders(state, row.workspaceId, overlapKey).runs.length > 0) continue
          ready.push({ ...row, trigger: trigger.row })
        }
        return ready
      }),

    release: ({ now, occurrenceId, ...to }) =>
      Effect.sync(() => {
        const occurrence = triggers.unfinished.get(occurrenceId)
        const trigger = occurrence === undefined ? undefined : triggers.byId.get(occurrence.row.triggerId)
        if (occurrence === undefined || trigger === undefined || trigger.row.removedAt !== null) return false
        if (occurrence.row.outcome !== "waiting") return false
        const { runs } = MemoryOccurrences.holders(state, trigger.row.workspaceId, occurrence.overlapKey)
        if (ran(to.outcome) && runs.length > 0) return false
        MemoryOccurrences.settle(state, trigger, occurrence, to, now)
        return true
      }),

    end: ({ app, limit, now }) =>
      Effect.sync(() => {
        const ended: Array<EndedRun> = []
        for (const occurrence of triggers.unfinished.values()) {
          if (ended.length >= limit) break
          const trigger = triggers.byId.get(occurrence.row.triggerId)
          if (!ran(occurrence.row.outcome) || trigger === undefined || !isMine(app, trigger)) continue
          const ending = MemoryOccurrences.endingOf(state, occurrence.row)
          if (ending === null) continue
          MemoryOccurrences.end(state, occurrence, ending, now)
          ended.push({ ...occurrence.row, state: ending.state, endedAt: occurrence.row.endedAt ?? now })
        }
        return ended
      }),

    ...MemoryHistory.make(triggers),

    ...MemorySchedulers.make(triggers)
  }
}
