/**
 * Triggers: define and remove them at run time, look at them, steer them, and have them run out of turn.
 *
 * What is asked for here is recorded; schedulers act on it within their poll. `test` and `backfill` runs wait for runs
 * of their overlap key, and follow one another, whatever the overlap rule is.
 */
import * as Planner from "@fibercast/domain/Planner"
import { type TriggerDefinition } from "@fibercast/domain/TriggerDefinition"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type CampaignStore } from "@fibercast/ports/CampaignStore"
import { type Ledger, type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type Signal } from "@fibercast/ports/Signal"
import { type NewOccurrence, TriggerNotFound, TriggerStore } from "@fibercast/ports/TriggerStore"
import { type RecordedOccurrence, type Run } from "@fibercast/ports/Run"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { type WorkspaceNotFound, WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Context, Effect, Layer, Schema } from "effect"
import { triggerOf } from "./DueOccurrences.ts"
import * as Scheduled from "./Scheduled.ts"
import * as StopRuns from "./StopRuns.ts"
import * as TriggerPut from "./TriggerPut.ts"
import * as TriggerRemoval from "./TriggerRemoval.ts"

/** A name is taken by a trigger that code defines. */
export class TriggerIsCode extends Schema.TaggedError<TriggerIsCode>()("TriggerIsCode", {
  name: Schema.String,
  app: Schema.String
}) {
  override get message(): string {
    return `the trigger "${this.name}" is defined in the code of ${this.app}; change it there`
  }
}

/**
 * Its target is the code of an app's trigger. Only that may set it off: it is told which run it is of, and what it prints
 * is kept with that.
 */
export class TargetIsCode extends Schema.TaggedError<TargetIsCode>()("TargetIsCode", { pipeline: Schema.String }) {
  override get message(): string {
    return `${this.pipeline} is the code of a trigger, which no other trigger can set off; have that trigger run, or name another pipeline`
  }
}

/** No more nominal times are filled in one call. */
export const maxBackfill = 10_000

/** The range holds more. */
export class BackfillTooLarge extends Schema.TaggedError<BackfillTooLarge>()("BackfillTooLarge", {
  name: Schema.String
}) {
  override get message(): string {
    return `"${this.name}" fires more than ${maxBackfill} times in that range; backfill it in parts`
  }
}

export interface Backfilled {
  /** Nominal times that will run. */
  readonly asked: ReadonlyArray<number>
  /** How many of the range had run, or were waiting to. */
  readonly left: number
}

/** It runs once nothing of its overlap key does. */
const asked = (stored: StoredTrigger, nominal: number, reason: "test" | "backfill"): NewOccurrence => ({
  nominal,
  dueAt: nominal,
  outcome: "waiting",
  reason,
  detail: null,
  zone: stored.zone,
  rules: stored.rules,
  covers: null,
  work: null
})

type Missing = LedgerUnavailable | TriggerNotFound

export class Triggers extends Context.Service<
  Triggers,
  {
    /** Adds a trigger, or changes the one of that name. Anybody's scheduler may fire it. */
    readonly define: (
      workspaceId: WorkspaceId,
      definition: TriggerDefinition
    ) => Effect.Effect<
      TriggerPut.Defined,
      LedgerUnavailable | WorkspaceNotFound | Planner.NeverFires | TriggerPut.BadTrigger | TriggerIsCode | TargetIsCode
    >
    /** It fires no more; what runs goes on, its history stays. */
    readonly remove: (workspaceId: WorkspaceId, name: string) => Effect.Effect<void, Missing | TriggerIsCode>
    readonly get: (workspaceId: WorkspaceId, name: string) => Effect.Effect<StoredTrigger, Missing>
    readonly list: (workspaceId: WorkspaceId | null) => Effect.Effect<ReadonlyArray<StoredTrigger>, LedgerUnavailable>
    readonly pause: (workspaceId: WorkspaceId, name: string, note?: string) => Effect.Effect<StoredTrigger, Missing>
    readonly resume: (workspaceId: WorkspaceId, name: string) => Effect.Effect<StoredTrigger, Missing>
    /** The newest first. */
    readonly history: (
      workspaceId: WorkspaceId,
      name: string,
      limit: number
    ) => Effect.Effect<ReadonlyArray<RecordedOccurrence>, Missing>
    /** Has it run now, whatever its time and conditions. Answers the nominal time of the run. */
    readonly test: (workspaceId: WorkspaceId, name: string) => Effect.Effect<number, Missing>
    /**
     * Has it run for each nominal time in [from, to) that lies before now and has not run: first those that were skipped
     * or missed, then those that have no record, either in nominal order.
     */
    readonly backfill: (
      workspaceId: WorkspaceId,
      name: string,
      range: { readonly from: number; readonly to: number }
    ) => Effect.Effect<Backfilled, Missing | BackfillTooLarge>
    /** Stops what it is running, and answers that. Forced: at once, cutting it off. */
    readonly interrupt: (
      workspaceId: WorkspaceId,
      name: string,
      options?: { readonly force?: boolean }
    ) => Effect.Effect<ReadonlyArray<Run>, Missing>
  }
>()("fibercast/engine/Triggers") {
  static readonly layer = Layer.effect(
    Triggers,
    Effect.gen(function* () {
      const store = yield* TriggerStore
      const workspaces = yield* WorkspaceStore
      const needs = yield* Effect.context<TriggerStore | Ledger | CampaignStore | Signal>()

      const get = Effect.fnUntraced(function* (workspaceId: WorkspaceId, name: string) {
        const found = yield* store.find(workspaceId, name)
        return found === null ? yield* new TriggerNotFound({ name }) : found
      })

      return Triggers.of({
        define: Effect.fn("Triggers.define")(function* (workspaceId, definition) {
          const { zone } = yield* workspaces.get(workspaceId)
          const { name } = definition.trigger
          const { pipeline } = definition.target
          if (Scheduled.isCodePipeline(pipeline)) return yield* new TargetIsCode({ pipeline })
          const known = yield* store.find(workspaceId, name)
          if (known !== null && known.app !== null) return yield* new TriggerIsCode({ name, app: known.app })
          return yield* Effect.provideContext(TriggerPut.put({ workspaceId, app: null, definition, zone }), needs)
        }),

        remove: Effect.fn("Triggers.remove")(function* (workspaceId, name) {
          for (;;) {
            const stored = yield* get(workspaceId, name)
            if (stored.app !== null) return yield* new TriggerIsCode({ name, app: stored.app })
            if (yield* Effect.provideContext(TriggerRemoval.remove(stored), needs)) return
          }
        }),

        get,
        list: (workspaceId) => store.list({ workspaceId }),

        pause: Effect.fn("Triggers.pause")(function* (workspaceId, name, note) {
          return yield* store.pause({ workspaceId, name, note: note ?? null, now: yield* Clock.currentTimeMillis })
        }),

        resume: Effect.fn("Triggers.resume")(function* (workspaceId, name) {
          return yield* store.resume({ workspaceId, name, now: yield* Clock.currentTimeMillis })
        }),

        history: Effect.fn("Triggers.history")(function* (workspaceId, name, limit) {
          const { id: triggerId } = yield* get(workspaceId, name)
          return yield* store.history({ triggerId, before: null, limit })
        }),

        test: Effect.fn("Triggers.test")(function* (workspaceId, name) {
          const stored = yield* get(workspaceId, name)
          const now = yield* Clock.currentTimeMillis
          for (let nominal = now; ; nominal += 1) {
            // A time of its own: neither planned, nor taken by another test.
            if (Planner.next(triggerOf(stored), nominal - 1)?.nominal === nominal) continue
            const occurrences = [asked(stored, nominal, "test")]
            const filled = yield* store.fill({ now, triggerId: stored.id, occurrences })
            if (filled.length > 0) return nominal
            yield* get(workspaceId, name)
          }
        }),

        backfill: Effect.fn("Triggers.backfill")(function* (workspaceId, name, { from, to }) {
          const stored = yield* get(workspaceId, name)
          const nominals: Array<number> = []
          for (const { nominal } of Planner.occurrences(triggerOf(stored), from, Math.min(to, stored.cursor))) {
            if (nominals.length === maxBackfill) return yield* new BackfillTooLarge({ name })
            nominals.push(nominal)
          }
          const now = yield* Clock.currentTimeMillis
          const occurrences = nominals.map((nominal) => asked(stored, nominal, "backfill"))
          const filled = yield* store.fill({ now, triggerId: stored.id, occurrences })
          return { asked: filled, left: nominals.length - filled.length }
        }),

        interrupt: Effect.fn("Triggers.interrupt")(function* (workspaceId, name, options = {}) {
          const { definition, id } = yield* get(workspaceId, name)
          const { overlapKey } = definition
          const { runs } = yield* store.holders({ workspaceId, overlapKey })
          const own = runs.filter(({ triggerId }) => triggerId === id)
          const reason = "it was interrupted by hand"
          const { force = false } = options
          yield* Effect.provideContext(StopRuns.stop({ workspaceId, runs: own, reason, force }), needs)
          return own
        })
      })
    })
  )
}
