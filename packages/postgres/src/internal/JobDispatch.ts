/**
 * `Ledger.dispatch`: background jobs, of any mix of keys and caps, in one round trip.
 *
 * In a transaction of the caller a dispatch is a statement of that transaction, and waits as long as its session lets it.
 * Outside one, what several dispatch at the same time is written together (`GroupCommit`): what has keys apart from what
 * has none, so that no key ever holds that up. A key that somebody's open transaction has taken is waited for `patience`
 * at a time, and those who wait for it are then set aside: they hold up others for no longer than that, once, and hold no
 * connection for themselves. What remains: all who wait for held keys share one connection, and keys that are held
 * longer take turns on it.
 *
 * What is more than one write goes alone, in one transaction. In memory: `waiting` jobs of each of the two at most.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Dispatch, type Dispatched } from "@fibercast/ports/Dispatch"
import { type Ledger, LedgerUnavailable } from "@fibercast/ports/Ledger"
import { WorkspaceNotFound } from "@fibercast/ports/WorkspaceStore"
import { Array, Context, Effect, Predicate } from "effect"
import { type SqlClient, type SqlError } from "effect/sql"
import * as DispatchStatement from "./DispatchStatement.ts"
import * as GroupCommit from "../GroupCommit.ts"
import * as PlainDispatch from "./PlainDispatch.ts"
import { type PipelineNames } from "./PipelineNames.ts"
import { translate } from "./Translate.ts"

/** Jobs in one write. */
const most = 1000

const waiting = 10_000

/** How many milliseconds one waits for a lock before others have their turn; and once it is known to be held. */
const patience = { first: 25, again: 100 }

/** Whether the database has said that it wrote nothing, and why. */
const kindOf = ({ reason }: SqlError.SqlError): "held" | "refused" | "lost" => {
  switch (reason._tag) {
    case "LockTimeoutError":
      return "held"
    case "DeadlockError":
    case "SerializationError":
    case "ConstraintError":
    case "UniqueViolation":
      return "refused"
    default: {
      const { cause } = reason
      const isBadValue =
        Predicate.hasProperty(cause, "code") && Predicate.isString(cause.code) && cause.code.startsWith("22")
      return isBadValue ? "refused" : "lost"
    }
  }
}

/** One each for the jobs of each caller; null: there is no such workspace. */
type Answers = ReadonlyArray<ReadonlyArray<Dispatched | null>>

/** The keys that another may hold. */
const keysOf = ({ dispatches, workspaceId }: DispatchStatement.Asked): ReadonlyArray<string> =>
  dispatches.flatMap(({ delivery, idempotencyKey, unique }) => [
    ...(unique === null ? [] : [JSON.stringify([workspaceId, delivery.pipeline, unique.key])]),
    ...(idempotencyKey === null ? [] : [JSON.stringify([workspaceId, idempotencyKey])])
  ])

export const make = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, names: PipelineNames) {
  const writeAll = (asked: ReadonlyArray<DispatchStatement.Asked>, patience: number | null) =>
    Effect.map(
      sql.unsafe<DispatchStatement.Row>(DispatchStatement.statement, DispatchStatement.parameters(asked, patience)),
      (rows) => {
        let from = 0
        return asked.map(({ dispatches }) =>
          rows.slice(from, (from += dispatches.length)).map((row) => DispatchStatement.dispatched(row))
        )
      }
    )
  const write = (
    asked: ReadonlyArray<DispatchStatement.Asked>,
    patience: number | null
  ): Effect.Effect<Answers, SqlError.SqlError> => {
    const plain = PlainDispatch.insertion(sql, asked)
    if (plain === null) return writeAll(asked, patience)
    return Effect.flatMap(plain, (rows): Effect.Effect<Answers, SqlError.SqlError> =>
      rows.length === 0 ? writeAll(asked, patience) : Effect.succeed(inserted(asked, rows))
    )
  }
  const together = {
    write: (asked: ReadonlyArray<DispatchStatement.Asked>, again: boolean) =>
      write(asked, again ? patience.again : patience.first),
    size: ({ dispatches }: DispatchStatement.Asked) => dispatches.length,
    most,
    waiting,
    keys: keysOf,
    kindOf
  }
  const unkeyed = yield* GroupCommit.make({ ...together, keys: () => [], writers: 2 })
  const keyed = yield* GroupCommit.make({ ...together, writers: 1 })

  /** Within a transaction of the caller, or more than one write. */
  const alone = Effect.fnUntraced(function* (asked: DispatchStatement.Asked) {
    const parts = Array.chunksOf(asked.dispatches, most)
    const all = Effect.forEach(parts, (some) => write([{ ...asked, dispatches: some }], null))
    return Array.flatten(Array.flatten(yield* parts.length > 1 ? sql.withTransaction(all) : all))
  })
  const answer = (asked: DispatchStatement.Asked) =>
    Effect.contextWith((context: Context.Context<never>) => {
      const transaction = Context.getOrUndefined(context, sql.transactionService)
      if (transaction !== undefined || asked.dispatches.length > most) return alone(asked)
      return asked.dispatches.some(isKeyed) ? keyed(asked) : unkeyed(asked)
    })
  const dispatch: Context.Service.Shape<typeof Ledger>["dispatch"] = ({ dispatches, now, workspaceId }) => {
    if (dispatches.length === 0) return Effect.succeed([])
    const named = names.idsOf(dispatches.map(({ delivery }) => delivery.pipeline))
    const answers = Effect.flatMapEager(named, (pipelineId) => answer({ workspaceId, now, dispatches, pipelineId }))
    return asDispatch(Effect.flatMap(answers, (all) => (all.every(isKnown) ? Effect.succeed(all) : lost(workspaceId))))
  }
  return dispatch
})

/** What became of each caller's jobs, all of which were inserted. */
const inserted = (asked: ReadonlyArray<DispatchStatement.Asked>, rows: ReadonlyArray<PlainDispatch.Row>): Answers => {
  const answers = rows.map((row): Dispatched => ({ _tag: "Inserted", id: PlainDispatch.idOf(row) }))
  if (asked.length === 1) return [answers]
  let from = 0
  return asked.map(({ dispatches }) => answers.slice(from, (from += dispatches.length)))
}

const asDispatch = translate("dispatch")

const isKeyed = ({ idempotencyKey, unique }: Dispatch): boolean => unique !== null || idempotencyKey !== null

const isKnown = (dispatched: Dispatched | null): dispatched is Dispatched => dispatched !== null

const lost = (workspaceId: WorkspaceId) =>
  Effect.fail(new LedgerUnavailable({ operation: "dispatch", cause: new WorkspaceNotFound({ workspaceId }) }))
