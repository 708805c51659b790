/**
 * The definition of a trigger: when it fires, what it sets off, and what becomes of occurrences that cannot run as they
 * should. It is data, kept with the trigger; conditions and hooks written in code are not part of it.
 */
import { Schema } from "effect"
import { Misfires } from "./Misfire.ts"
import { Overlap } from "./Overlap.ts"
import { Target } from "./Target.ts"
import { Trigger } from "./Trigger.ts"

/** 1 to 80 lower-case letters, digits, dots, dashes and underscores; unique within a workspace. */
export const TriggerName = Schema.String.check(
  Schema.makeFilter((name: string) => isName(name) || `"${name}" cannot name a trigger: ${nameRule}`)
)

const pattern = /^[a-z0-9._-]{1,80}$/

export const isName = (name: string): boolean => pattern.test(name)

export const nameRule = "use 1 to 80 lower-case letters, digits, dots, dashes and underscores"

/** Names are part of keys by which the store looks for them. */
const Name = Schema.NonEmptyString.check(Schema.isMaxLength(200))

const Millis = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

export const TriggerDefinition = Schema.Struct({
  /** Named. */
  trigger: Schema.Struct({ ...Trigger.fields, name: TriggerName }),
  target: Target,
  overlap: Overlap,
  /** Runs of one key do not overlap, whichever triggers of the workspace they are of. */
  overlapKey: Name,
  misfires: Misfires,
  /** Milliseconds after its due time in which an occurrence still counts as fired. */
  grace: Millis,
  /** An occurrence that is not begun so many milliseconds after its due time is missed; null: there is no such time. */
  deadline: Schema.NullOr(Millis),
  /** Only where one of these is the environment; empty: everywhere. */
  environments: Schema.Array(Name),
  evenInMaintenanceMode: Schema.Boolean,
  /** Triggers that were defined together. */
  group: Schema.NullOr(Name),
  /** What it is for, in the words of who defined it. */
  description: Schema.NullOr(Schema.String.check(Schema.isMaxLength(10_000)))
})
export type TriggerDefinition = typeof TriggerDefinition.Type

/** Milliseconds. */
export const defaultGrace = 10_000

/** What a trigger is unless told: it may overlap itself, and of a pile-up the newest is run. */
export const make = (trigger: Trigger, target: Target): TriggerDefinition => ({
  trigger,
  target,
  overlap: { _tag: "Allow" },
  overlapKey: trigger.name,
  misfires: { paused: { _tag: "Skip" }, down: { _tag: "Latest" }, overloaded: { _tag: "Latest" } },
  grace: defaultGrace,
  deadline: null,
  environments: [],
  evenInMaintenanceMode: false,
  group: null,
  description: null
})
