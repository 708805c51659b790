/**
 * What two schedulers and a person may do to two triggers.
 */
import { type NewOccurrence } from "@fibercast/ports/TriggerStore"
import { Schema } from "effect"
import { firedAt, skippedAt, waitingAt } from "./GivenTriggers.ts"

const upTo = (most: number, least = 0) => Schema.Int.check(Schema.isBetween({ minimum: least, maximum: most }))
const Fate = Schema.Literals(["fired", "waiting", "skipped", "missed"])
type Fate = typeof Fate.Type

/** Of two. */
const Scheduler = upTo(1)
const Which = upTo(1)

const Look = Schema.TaggedStruct("Look", { scheduler: Scheduler })
const Record = Schema.TaggedStruct("Record", {
  scheduler: Scheduler,
  which: Schema.Literals(["0", "1", "01", "10"]),
  fates: Schema.Tuple([Fate, Fate]),
  count: upTo(2),
  heeds: Schema.Boolean,
  displaces: Schema.Boolean
})
/** `from`: before the cursor, or beyond it. */
const Fill = Schema.TaggedStruct("Fill", {
  which: Which,
  from: upTo(2, -3),
  steps: Schema.Tuple([upTo(1), Fate, Fate])
})
const Work = Schema.TaggedStruct("Work", { limit: upTo(3, 1) })
const End = Schema.TaggedStruct("End", { limit: upTo(3) })
const Release = Schema.TaggedStruct("Release", { row: upTo(20), runs: Schema.Boolean })
const Pause = Schema.TaggedStruct("Pause", { which: Which })
const Resume = Schema.TaggedStruct("Resume", { which: Which })
const Remove = Schema.TaggedStruct("Remove", { scheduler: Scheduler, which: Which })
const Put = Schema.TaggedStruct("Put", { scheduler: Scheduler, which: Which })

/** What makes histories long comes more often than what cuts them short. */
export const Step = Schema.Union([
  Record,
  Look,
  Record,
  Release,
  Look,
  Work,
  Record,
  Fill,
  Work,
  End,
  Release,
  Look,
  Record,
  Pause,
  Resume,
  Put,
  Remove,
  Put
])
export type Step = typeof Step.Type

/** The occurrence of that fate. */
export const decided = (nominal: number, fate: Fate): NewOccurrence => {
  if (fate === "fired") return firedAt(nominal)
  if (fate === "waiting") return waitingAt(nominal)
  return skippedAt(nominal, fate === "missed" ? { outcome: "missed", reason: "down" } : {})
}
