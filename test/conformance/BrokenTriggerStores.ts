/**
 * TriggerStores that keep every guarantee but one, about triggers, the pulse or the past.
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
  ),
  brokenTriggerStore(
    "takes each pass for a new beginning",
    "schedulers stay alive while some scheduler passes in time, whichever it is, of whichever app",
    (triggers) => ({
      beat: (options) => Effect.map(triggers.beat(options), (pulse) => ({ ...pulse, aliveSince: options.now }))
    })
  ),
  brokenTriggerStore(
    "calls a pass late that is just in time",
    "when all were silent too long, they are alive anew, and not before",
    (triggers) => ({ beat: (options) => triggers.beat({ ...options, downAfter: options.downAfter - 1 }) })
  ),
  brokenTriggerStore(
    "notices no silence",
    "when all were silent too long, they are alive anew, and not before",
    (triggers) => ({ beat: (options) => triggers.beat({ ...options, downAfter: Infinity }) })
  ),
  brokenTriggerStore(
    "remembers schedulers that retired",
    "a scheduler that retires is forgotten at once, until it passes again; the others are not",
    () => ({ retire: () => Effect.void })
  ),
  brokenTriggerStore(
    "takes every scheduler for one of every app",
    "the triggers of an app are looked after by its schedulers, also once they have retired, and by no others",
    (triggers) => ({
      attendance: Effect.gen(function* () {
        const [last = null] = yield* triggers.schedulers
        const passedAt = last?.passedAt ?? null
        return (yield* triggers.attendance).map((one) => ({ ...one, passedAt }))
      })
    })
  ),
  brokenTriggerStore(
    "counts triggers that have ended",
    "of each app, the triggers that will fire again are counted, since the first of them was added",
    (triggers) => ({
      attendance: Effect.gen(function* () {
        const all = yield* triggers.list({ workspaceId: null })
        return (yield* triggers.attendance).map((one) => ({
          ...one,
          triggers: all.filter(({ app }) => app === one.app).length
        }))
      })
    })
  ),
  brokenTriggerStore(
    "begins maintenance anew with each note",
    "maintenance goes on from when it began until it ends; its note may change meanwhile",
    (triggers) => ({
      setMaintenance: (options) =>
        Effect.andThen(triggers.setMaintenance({ ...options, on: false }), triggers.setMaintenance(options))
    })
  ),
  brokenTriggerStore(
    "tells the past from its beginning",
    "history comes newest first, before the given nominal time, at most as much as asked for",
    (triggers) => ({ history: (options) => Effect.map(triggers.history(options), (rows) => rows.toReversed()) })
  ),
  brokenTriggerStore(
    "counts the end of a span in",
    "nominal times with a record come ascending, from the first instant, short of the last",
    (triggers) => ({ nominals: (options) => triggers.nominals({ ...options, to: options.to + 1 }) })
  ),
  brokenTriggerStore(
    "tallies outcomes without their reasons",
    "each outcome is tallied by its reason, and what none came to is left out",
    (triggers) => ({
      tallies: (options) =>
        Effect.map(triggers.tallies(options), (tallies) => tallies.map((tally) => ({ ...tally, reason: null })))
    })
  ),
  brokenTriggerStore(
    "tallies only what it still knows",
    "no more is forgotten than asked for, of whichever triggers, and tallies stay",
    (triggers) => ({
      tallies: (options) =>
        Effect.flatMap(
          triggers.tallies(options),
          Effect.filter(({ triggerId }) =>
            Effect.map(triggers.history({ triggerId, before: null, limit: 1 }), (rows) => rows.length > 0)
          )
        )
    })
  ),
  brokenTriggerStore(
    "forgets all it can",
    "no more is forgotten than asked for, of whichever triggers, and tallies stay",
    (triggers) => ({ forget: (options) => triggers.forget({ ...options, limit: 100_000 }) })
  ),
  brokenTriggerStore(
    "forgets what was over at the instant",
    "what was over before the instant is forgotten and counted; what was over at the instant is not",
    (triggers) => ({ forget: (options) => triggers.forget({ ...options, before: options.before + 1 }) })
  )
]
