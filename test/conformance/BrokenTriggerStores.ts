/**
 * TriggerStores that keep every guarantee but one, about triggers and when they are due.
 */
import { type TriggerStore } from "@fibercast/ports/TriggerStore"
import { type Context, Effect } from "effect"
import { type BrokenTwin, brokenTriggerStore } from "./BrokenTwin.ts"

type Shape = Context.Service.Shape<typeof TriggerStore>

/** Every trigger that is due, whosever and however paused it is. */
const anyDue = (triggers: Shape, now: number) =>
  Effect.map(triggers.list({ workspaceId: null }), (all) =>
    all
      .filter(({ nextDue }) => nextDue !== null && nextDue <= now)
      .toSorted((a, b) => (a.nextDue ?? 0) - (b.nextDue ?? 0) || a.id - b.id)
  )

export const brokenTriggerStores: ReadonlyArray<BrokenTwin> = [
  brokenTriggerStore(
    "lets the last change win, whatever its author saw",
    "a change by one who saw an older revision, or a later one, writes nothing",
    (triggers) => ({
      put: (put) =>
        Effect.flatMap(triggers.find(put.workspaceId, put.definition.trigger.name), (seen) =>
          triggers.put({ ...put, seen: put.seen === null ? null : seen })
        )
    })
  ),
  brokenTriggerStore(
    "takes a trigger that exists for one that is to be added",
    "a name that is taken is not given to a new trigger",
    (triggers) => ({
      put: (put) =>
        Effect.flatMap(triggers.find(put.workspaceId, put.definition.trigger.name), (seen) =>
          triggers.put({ ...put, seen: put.seen ?? seen })
        )
    })
  ),
  brokenTriggerStore(
    "counts a trigger's age from its last change",
    "a change takes the place of what the caller saw; the trigger keeps its id and its age",
    (triggers) => ({
      put: (put) =>
        Effect.map(triggers.put(put), (trigger) => (trigger === null ? null : { ...trigger, createdAt: put.now }))
    })
  ),
  brokenTriggerStore(
    "never revives",
    "a removed trigger that is added again is the same one: its id, its age and its history; not paused, nor amid a pile-up",
    (triggers) => {
      const names = new Set<string>()
      return {
        put: (put) => {
          const key = `${put.workspaceId}/${put.definition.trigger.name}`
          if (put.seen === null && names.has(key)) return Effect.succeed(null)
          names.add(key)
          return triggers.put(put)
        }
      }
    }
  ),
  brokenTriggerStore(
    "revives what was paused as paused",
    "a removed trigger that is added again is the same one: its id, its age and its history; not paused, nor amid a pile-up",
    (triggers) => {
      const removedPaused = new Set<number>()
      return {
        remove: (options) =>
          Effect.tap(triggers.list({ workspaceId: null }), (all) =>
            Effect.sync(() => {
              if (all.some(({ id, paused }) => id === options.triggerId && paused !== null)) {
                removedPaused.add(options.triggerId)
              }
            })
          ).pipe(Effect.andThen(triggers.remove(options))),
        put: (put) =>
          Effect.flatMap(triggers.put(put), (trigger) =>
            trigger === null || !removedPaused.has(trigger.id)
              ? Effect.succeed(trigger)
              : Effect.orDie(triggers.pause({ ...put, name: put.definition.trigger.name, note: null }))
          )
      }
    }
  ),
  brokenTriggerStore("finds what was removed", "a removed trigger is neither found, listed nor due", (triggers) => {
    const lists = new Map<number, Effect.Success<ReturnType<Shape["list"]>>>()
    return {
      list: ({ workspaceId }) =>
        Effect.map(triggers.list({ workspaceId }), (list) => {
          const before = lists.get(workspaceId ?? 0)
          if (before === undefined) lists.set(workspaceId ?? 0, list)
          return before ?? list
        }),
      find: (workspaceId, name) =>
        Effect.gen(function* () {
          const found = yield* triggers.find(workspaceId, name)
          const before = lists.get(workspaceId) ?? []
          if (found !== null) lists.set(workspaceId, [...before, found])
          return found ?? before.find(({ definition }) => definition.trigger.name === name) ?? null
        }),
      put: (put) =>
        Effect.tap(triggers.put(put), (trigger) =>
          Effect.sync(() => trigger !== null && lists.set(put.workspaceId, [trigger]))
        )
    }
  }),
  brokenTriggerStore(
    "lists as a dictionary would",
    "triggers are listed by workspace and name, character by character; of one workspace, or of all",
    (triggers) => ({
      list: (options) =>
        Effect.map(triggers.list(options), (list) =>
          list.toSorted(
            (a, b) =>
              a.workspaceId - b.workspaceId ||
              new Intl.Collator("en", { ignorePunctuation: true }).compare(
                a.definition.trigger.name,
                b.definition.trigger.name
              )
          )
        )
    })
  ),
  brokenTriggerStore(
    "removes what was changed since",
    "what was changed since it was seen is not removed",
    (triggers) => ({
      remove: (options) =>
        Effect.flatMap(triggers.list({ workspaceId: null }), (all) => {
          const trigger = all.find(({ id }) => id === options.triggerId)
          return triggers.remove({ ...options, revision: trigger?.revision ?? options.revision })
        })
    })
  ),
  brokenTriggerStore(
    "keeps what waits of removed triggers waiting",
    "what waited of it is skipped as removed, under whichever key, and nothing is dispatched",
    (triggers) => ({
      history: (options) =>
        Effect.map(triggers.history(options), (rows) =>
          rows.map((row) => (row.reason === "removed" ? { ...row, outcome: "waiting", reason: "overlap" } : row))
        )
    })
  ),
  brokenTriggerStore(
    "pauses unnoticed",
    "a pause keeps since when and why, raises the revision and leaves all else as it was",
    (triggers) => ({
      pause: (options) =>
        Effect.map(triggers.pause(options), (trigger) => ({ ...trigger, revision: trigger.revision - 1 }))
    })
  ),
  brokenTriggerStore(
    "begins a pause anew with each note",
    "a pause of what is paused changes its note, not since when, and raises the revision",
    (triggers) => ({
      pause: (options) => Effect.andThen(triggers.resume(options), triggers.pause(options))
    })
  ),
  brokenTriggerStore("resumes what is not paused", "a resume of what is not paused changes nothing", (triggers) => ({
    resume: (options) => Effect.andThen(triggers.pause({ ...options, note: null }), triggers.resume(options))
  })),
  brokenTriggerStore(
    "answers other apps' triggers",
    "the triggers of another app are not the caller's",
    (triggers) => ({ due: ({ now }) => anyDue(triggers, now) })
  ),
  brokenTriggerStore(
    "keeps what was defined at run time from apps",
    "what was defined at run time is everybody's",
    (triggers) => ({
      due: (options) => Effect.map(triggers.due(options), (due) => due.filter((trigger) => trigger.app === options.app))
    })
  ),
  brokenTriggerStore(
    "answers paused ones that hold",
    "a paused trigger whose misfires are kept is not due until it is resumed",
    (triggers) => ({
      due: ({ app, now }) => Effect.map(anyDue(triggers, now), (due) => due.filter((trigger) => trigger.app === app))
    })
  ),
  brokenTriggerStore(
    "holds every paused one",
    "a paused trigger whose misfires are skipped is due as ever, to be skipped",
    (triggers) => ({
      due: (options) => Effect.map(triggers.due(options), (due) => due.filter(({ paused }) => paused === null))
    })
  ),
  brokenTriggerStore(
    "begins each page of what is due anew",
    "the longest due come first, those due together by id; at most as many as asked for, after the given place",
    (triggers) => ({ due: (options) => triggers.due({ ...options, after: null }) })
  ),
  brokenTriggerStore(
    "skips those due together with the given place",
    "the longest due come first, those due together by id; at most as many as asked for, after the given place",
    (triggers) => ({
      due: (options) =>
        Effect.map(triggers.due(options), (due) =>
          due.filter(({ nextDue }) => options.after === null || nextDue !== options.after.nextDue)
        )
    })
  ),
  brokenTriggerStore(
    "names what is due at the instant as next",
    "the next due time is the earliest after the instant, whichever workspace it is of",
    (triggers) => ({ nextDue: (options) => triggers.nextDue({ ...options, after: options.after - 1 }) })
  )
]
