/**
 * Defining a trigger: it is added, changed, or found as it is. What was recorded under the old definition stays. A change
 * of when it fires plans from now on, or from where the fastest clock has come, once what the old plan owes until now is
 * recorded as skipped; any other change goes on where the trigger stands.
 */
import * as Planner from "@fibercast/domain/Planner"
import { TriggerDefinition } from "@fibercast/domain/TriggerDefinition"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as ZoneRules from "@fibercast/domain/ZoneRules"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Clock, Effect, Equal, Result, Schema } from "effect"
import { nextDueFrom, triggerOf } from "./DueOccurrences.ts"
import * as OwedOccurrences from "./OwedOccurrences.ts"

/** The definition is not one that could be kept and read again. */
export class BadTrigger extends Schema.TaggedError<BadTrigger>()("BadTrigger", {
  name: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `the trigger "${this.name}" cannot be defined: ${this.reason}`
  }
}

/** Characters of a definition as JSON, payload and rows of an audience included. */
const longest = 4_194_304

const decode = Schema.decodeUnknownResult(TriggerDefinition)

const checked = (definition: TriggerDefinition): Result.Result<TriggerDefinition, BadTrigger> => {
  const { name } = definition.trigger
  const read = Result.mapError(decode(definition), ({ message }) => new BadTrigger({ name, reason: message }))
  if (Result.isFailure(read) || JSON.stringify(definition).length <= longest) return read
  return Result.fail(new BadTrigger({ name, reason: `it is longer than ${longest} characters` }))
}

export interface Defined {
  readonly trigger: StoredTrigger
  readonly change: "added" | "changed" | "unchanged"
}

/** Whether it has the same nominal times. */
const isTimedAlike = (stored: StoredTrigger, { trigger }: TriggerDefinition, zone: string): boolean =>
  stored.zone === zone && Equal.equals({ ...stored.definition.trigger, spread: 0 }, { ...trigger, spread: 0 })

/**
 * `zone`: of triggers that name none. `known`: the trigger as the caller has just read it, or null for none; left out,
 * it is read. Fails when the trigger can never fire, or is none.
 */
export const put = Effect.fnUntraced(function* (options: {
  readonly workspaceId: WorkspaceId
  readonly app: string | null
  readonly definition: TriggerDefinition
  readonly zone: string
  readonly known?: StoredTrigger | null
}): Effect.fn.Return<Defined, LedgerUnavailable | Planner.NeverFires | BadTrigger, TriggerStore> {
  const { app, definition, workspaceId } = options
  const store = yield* TriggerStore
  const zone = definition.trigger.zone ?? options.zone
  const find = store.find(workspaceId, definition.trigger.name)
  yield* Effect.fromResult(checked(definition))
  yield* Effect.fromResult(Planner.check(definition.trigger, { zone }))
  let known = options.known === undefined ? yield* find : options.known
  for (;;) {
    if (known !== null && known.app === app && known.zone === zone && Equal.equals(known.definition, definition)) {
      return { trigger: known, change: "unchanged" }
    }
    const now = yield* Clock.currentTimeMillis
    const rules = ZoneRules.fingerprint(Result.getOrThrow(ZoneRules.make(zone)))
    const isKept = known !== null && isTimedAlike(known, definition, zone)
    const owed =
      known === null || isKept
        ? (known?.cursor ?? now)
        : yield* OwedOccurrences.skip(known, { now, detail: "its time was changed" })
    if (owed === null) {
      known = yield* find
      continue
    }
    const cursor = isKept ? owed : Math.max(owed, now)
    const nextDue = nextDueFrom(triggerOf({ definition, zone }), cursor)
    const seen = known === null ? null : { revision: known.revision }
    const trigger = yield* store.put({ workspaceId, app, definition, seen, zone, cursor, nextDue, rules, now })
    if (trigger !== null) return { trigger, change: known === null ? "added" : "changed" }
    // Another has changed it meanwhile.
    known = yield* find
  }
})
