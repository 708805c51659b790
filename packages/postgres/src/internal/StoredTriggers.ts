/**
 * Reads triggers from their rows. A definition that this release cannot read, because another one wrote it, is said
 * once, in a warning, and its trigger is left out.
 *
 * Memory: the last 16,384 definitions that were read, some kB each. They are known by their text, so that a
 * transaction that was rolled back leaves nothing wrong behind.
 */
import { TriggerDefinition } from "@fibercast/domain/TriggerDefinition"
import { TriggerId } from "@fibercast/domain/TriggerId"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Effect, Result, Schema } from "effect"
import { type TriggerRow } from "./TriggerStatements.ts"

const most = 16_384

interface Known {
  readonly text: string
  /** Or why it cannot be read. */
  readonly definition: Result.Result<TriggerDefinition, string>
}

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(TriggerDefinition))

const span = (from: number | null, count: number | null) => (from === null ? null : { from, count: count ?? 0 })

const storedTrigger = (row: TriggerRow, definition: TriggerDefinition): StoredTrigger => ({
  id: TriggerId.make(row.id, { disableChecks: true }),
  workspaceId: WorkspaceId.make(row.workspace_id, { disableChecks: true }),
  app: row.app,
  definition,
  revision: row.revision,
  zone: row.zone,
  cursor: row.cursor,
  nextDue: row.next_due,
  rules: row.rules,
  plannedFrom: row.planned_from,
  paused: row.paused_since === null ? null : { since: row.paused_since, note: row.paused_note },
  pause:
    row.pause_since === null || row.pause_until === null ? null : { since: row.pause_since, until: row.pause_until },
  merging: span(row.merging_from, row.merging_count),
  createdAt: row.created_at,
  removedAt: row.removed_at
})

export class StoredTriggers {
  readonly #known = new Map<number, Known>()

  /** Those that can be read, in the order of their rows. */
  all(rows: ReadonlyArray<TriggerRow>): Effect.Effect<ReadonlyArray<StoredTrigger>> {
    return Effect.map(this.each(rows), (some) => some.flatMap((trigger) => trigger ?? []))
  }

  /** One for each row; null: it cannot be read. */
  each(rows: ReadonlyArray<TriggerRow>): Effect.Effect<ReadonlyArray<StoredTrigger | null>> {
    return Effect.forEach(rows, (row) => this.#some(row))
  }

  /** Fails where it cannot be read. `operation` completes "the ledger could not …". */
  one(row: TriggerRow, operation: string): Effect.Effect<StoredTrigger, LedgerUnavailable> {
    return Effect.suspend(() => {
      const { definition } = this.#read(row)
      return Result.isSuccess(definition)
        ? Effect.succeed(storedTrigger(row, definition.success))
        : Effect.fail(new LedgerUnavailable({ operation, cause: new Error(complaint(row, definition.failure)) }))
    })
  }

  #some(row: TriggerRow): Effect.Effect<StoredTrigger | null> {
    return Effect.suspend(() => {
      const { definition, isNews } = this.#read(row)
      if (Result.isSuccess(definition)) return Effect.succeed(storedTrigger(row, definition.success))
      const warned = isNews ? Effect.logWarning(`left out: ${complaint(row, definition.failure)}`) : Effect.void
      return Effect.as(warned, null)
    })
  }

  #read({ definition: text, id }: TriggerRow): { readonly definition: Known["definition"]; readonly isNews: boolean } {
    const known = this.#known.get(id)
    if (known?.text === text) return { definition: known.definition, isNews: false }
    const definition = Result.mapError(decode(text), ({ message }) => message)
    const [oldest] = this.#known.keys()
    if (known === undefined && oldest !== undefined && this.#known.size >= most) this.#known.delete(oldest)
    this.#known.set(id, { text, definition })
    return { definition, isNews: true }
  }
}

const complaint = ({ name, workspace_id }: TriggerRow, problem: string): string =>
  `the definition of the trigger "${name}" in workspace ${workspace_id} cannot be read by this release: ${problem}`
