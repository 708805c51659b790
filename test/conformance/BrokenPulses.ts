/**
 * TriggerStores that keep every guarantee but one, about schedulers and what they go by.
 */
import { Effect } from "effect"
import { type BrokenTwin, brokenTriggerStore } from "./BrokenTwin.ts"

export const brokenPulses: ReadonlyArray<BrokenTwin> = [
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
  )
]
