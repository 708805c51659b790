/**
 * Work for a fleet of nodes: five workspaces, of which three send at least once and two at most once, each message to a
 * target of its own. What became of it is read from the ledger and from the provider, and must agree.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as LocalNode from "@fibercast/node/LocalNode"
import { Signal } from "@fibercast/ports/Signal"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { FonnteSimulator } from "@fibercast/simulator/Fonnte"
import { Clock, Effect, Layer, Random } from "effect"
import { SqlClient } from "effect/sql"
import { AtLeastOnce, AtMostOnce } from "./ChaosApp.ts"
import { insertedIds } from "./Inserted.ts"

export const workspaces = 5
/** Those of them that send at least once. */
export const repeating = 3

/** Between the due times of two parts of the work, in milliseconds. */
const pace = 500
/** The share of the work that is due at one moment. */
const burst = 0.3

interface Sent {
  readonly workspaceId: WorkspaceId
  readonly isOnce: boolean
  readonly target: string
}

/** What the ledger says of one workspace. */
export interface Standing {
  readonly workspaceId: WorkspaceId
  readonly epoch: number
  /** When its owner's lease ends; 0 for nobody's. */
  readonly ownedUntil: number
  /** When something of it was settled last. */
  readonly settledAt: number
}

/** A question to a database that may be away for a while. */
const patient = <A, E, R>(ask: Effect.Effect<A, E, R>) =>
  ask.pipe(
    Effect.timeout("5 seconds"),
    Effect.tapError(() => Effect.sleep("50 millis")),
    Effect.retry({ times: 200 }),
    Effect.orDie
  )

export const make = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const provider = yield* FonnteSimulator
  const stores = LocalNode.layerStores.pipe(
    Layer.provideMerge(Signal.layerMemory),
    Layer.provideMerge(Layer.succeed(SqlClient.SqlClient, sql))
  )
  const services = yield* Layer.build(stores)
  const ids = yield* Effect.forEach(Array.from({ length: workspaces }), (_, n) =>
    Effect.flatMap(WorkspaceStore, (store) => store.ensure({ name: `workspace ${n}`, zone: "UTC", limits: {} })).pipe(
      Effect.map(({ id }) => id),
      Effect.provideContext(services)
    )
  )
  const sent = new Map<bigint, Sent>()
  let numbers = 0

  /** So many for each workspace: most of it due evenly over so many milliseconds, the rest at one moment of them. */
  const dispatch = Effect.fnUntraced(function* (each: number, over: number) {
    const parts = Math.ceil(over / pace)
    const atOnce = Math.floor(each * burst)
    const part = Effect.fnUntraced(function* (n: number, count: number, delay: number) {
      const workspaceId = ids[n] ?? (yield* Effect.die(new Error("no such workspace")))
      const isOnce = n >= repeating
      const pipeline = isOnce ? AtMostOnce : AtLeastOnce
      const payloads = Array.from({ length: count }, () => ({ to: `62860${10_000_000 + numbers++}` }))
      const recorded = insertedIds(yield* Pipeline.dispatchMany(pipeline, { workspaceId, payloads, delay }))
      recorded.forEach((id, at) => sent.set(id, { workspaceId, isOnce, target: payloads[at]?.to ?? "" }))
    })
    for (let n = 0; n < workspaces; n++) {
      yield* part(n, atOnce, yield* Random.nextIntBetween(0, over))
      let left = each - atOnce
      for (let at = 0; at < parts; at++) {
        const count = Math.floor(left / (parts - at))
        left -= count
        yield* part(n, count, at * pace)
      }
    }
  }, Effect.provideContext(services))

  const standing = patient(
    sql<Standing>`SELECT w.id AS "workspaceId", w.epoch, coalesce(w.owned_until, 0)::float8 AS "ownedUntil",
      (SELECT coalesce(max(at), 0)::float8 FROM tallies t WHERE t.workspace_id = w.id) AS "settledAt" FROM workspaces w ORDER BY w.id`
  )
  /** The workspaces, by their place, with work that was due by then and has no final state yet. */
  const waiting = (by: number) =>
    Effect.map(
      patient(
        sql<{ readonly id: WorkspaceId }>`
          SELECT DISTINCT workspace_id AS id FROM deliveries WHERE workspace_id > 0 AND due_at <= ${by}`
      ),
      (rows) => rows.map(({ id }) => ids.indexOf(id)).toSorted()
    )
  /** At one instant. */
  const counts = Effect.flatMap(
    patient(
      sql<Readonly<Record<"open" | "done" | "claims", number>>>`
        SELECT (SELECT count(*) FROM deliveries WHERE workspace_id > 0)::int AS open,
          (SELECT count(*) FROM deliveries_done)::int AS done, (SELECT count(*) FROM claims)::int AS claims`
    ),
    ([row]) => (row === undefined ? Effect.die(new Error("no counts")) : Effect.succeed(row))
  )

  /** What the provider and the ledger say of everybody, once nothing is open. */
  const truth = Effect.gen(function* () {
    const accepted = yield* provider.accepted
    const rows = yield* patient(
      sql<{ readonly id: bigint; readonly state: number }>`SELECT id, state FROM deliveries_done`
    )
    const states: Record<string, number> = {}
    const contradicted: Array<string> = []
    const finals = new Map<bigint, number>()
    let twice = 0
    let extra = 0
    for (const { id, state } of rows) {
      const delivery = sent.get(id)
      if (delivery === undefined || finals.has(id))
        contradicted.push(`${id} has more than one final state, or was none's`)
      finals.set(id, state)
      if (delivery === undefined) continue
      const { isOnce, target } = delivery
      const name = `${isOnce ? "at-most-once" : "at-least-once"}, state ${state}`
      states[name] = (states[name] ?? 0) + 1
      const times = accepted.get(target) ?? 0
      if (isOnce && times > 1) contradicted.push(`${id} was accepted ${times} times, at most once`)
      if (state === completed && times === 0) contradicted.push(`${id} is completed, but was not accepted`)
      if (times > 0 && state !== completed && !(isOnce && state === unknown)) {
        contradicted.push(`${id} was accepted, but is in state ${state}`)
      }
      if (!isOnce && times > 1) twice++
      if (!isOnce) extra += Math.max(times - 1, 0)
    }
    for (const id of sent.keys()) if (!finals.has(id)) contradicted.push(`${id} has no final state`)
    const strangers = accepted.size - [...sent.values()].filter(({ target }) => accepted.has(target)).length
    return { states, contradicted, twice, extra, strangers, planned: sent.size, settled: finals.size }
  })
  return { dispatch, standing, waiting, counts, truth, planned: () => sent.size, now: Clock.currentTimeMillis }
})

/** As the ledger writes them. */
const completed = 1
const unknown = 6

export type NodeWorkload = Effect.Success<ReturnType<typeof make>>
