/**
 * TriggerStores that keep every guarantee but one, about the past.
 */
import { Effect } from "effect"
import { type BrokenTwin, brokenTriggerStore } from "./BrokenTwin.ts"

export const brokenHistories: ReadonlyArray<BrokenTwin> = [
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
