import { assert, it } from "@effect/vitest"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Ledger } from "@fibercast/ports/Ledger"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Effect, Fiber, Random } from "effect"
import { SqlClient } from "effect/sql"
import { background, base, freshWorkspace, job } from "../conformance/Given.ts"
import { heldOpen, someoneWaits } from "./internal/Sessions.ts"
import { advanceOf, dueTrigger, dueTriggers, minute, occurrenceAt, stores, waitingAt } from "./GivenDue.ts"

/** What the tables say of a workspace. */
const countsOf = Effect.fnUntraced(function* (workspaceId: WorkspaceId) {
  const sql = yield* SqlClient.SqlClient
  const [counts] = yield* sql<{
    readonly occurrences: number
    readonly nominals: number
    readonly runs: number
    readonly deliveries: number
    readonly misnamed: number
    readonly miscounted: number
  }>`SELECT
      (SELECT count(*)::int FROM occurrences WHERE workspace_id = ${workspaceId}) AS occurrences,
      (SELECT count(DISTINCT (trigger_id, nominal_at))::int FROM occurrences WHERE workspace_id = ${workspaceId}) AS nominals,
      (SELECT count(*)::int FROM occurrences WHERE workspace_id = ${workspaceId} AND outcome <= 2) AS runs,
      (SELECT count(*)::int FROM deliveries WHERE workspace_id = ${workspaceId}) AS deliveries,
      (SELECT count(*)::int FROM occurrences o WHERE o.workspace_id = ${workspaceId} AND o.outcome <= 2
        AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id = o.delivery_id)) AS misnamed,
      (SELECT count(*)::int FROM (
        SELECT trigger_id, outcome, coalesce(reason, 0) AS reason, count(*) AS n FROM occurrences
        WHERE workspace_id = ${workspaceId} GROUP BY 1, 2, 3) counted
        FULL JOIN (SELECT * FROM occurrence_tallies WHERE workspace_id = ${workspaceId} AND count <> 0) t
          USING (trigger_id, outcome, reason)
        WHERE counted.n IS DISTINCT FROM t.count) AS miscounted`
  return counts
})

const record = Effect.fnUntraced(function* (advances: ReadonlyArray<ReturnType<typeof advanceOf>>) {
  const triggers = yield* TriggerStore
  return yield* triggers.record({ now: base, advances })
})

const idle = { running: 0, waiting: 0 }

it.layer(stores, { timeout: "60 seconds" })("SqlTriggerStore, with several connections", (it) => {
  it.effect("of schedulers that record the same advances at once, in whatever order, one is right about each", () =>
    Effect.gen(function* () {
      const workspace = yield* freshWorkspace
      let triggers: ReadonlyArray<StoredTrigger> = yield* dueTriggers(workspace.id, 20)
      const rounds = 40
      for (let round = 0; round < rounds; round += 1) {
        const busy = round % 2 === 0 ? null : { running: round, waiting: 0 }
        const advances = triggers.map((trigger) => advanceOf(trigger, { busy }))
        const scheduler = Effect.flatMap(Random.shuffle(advances), record)
        const answers = yield* Effect.all([scheduler, scheduler, scheduler], { concurrency: "unbounded" })
        assert.deepStrictEqual(
          answers.flat().toSorted((a, b) => a - b),
          triggers.map(({ id }) => id)
        )
        triggers = triggers.map((trigger) => ({ ...trigger, cursor: trigger.cursor + minute }))
      }
      const all = 20 * rounds
      assert.deepStrictEqual(yield* countsOf(workspace.id), {
        occurrences: all,
        nominals: all,
        runs: all,
        deliveries: all,
        misnamed: 0,
        miscounted: 0
      })
    })
  )

  it.effect("of two triggers with one overlap key that are due at once, one finds it idle", () =>
    Effect.gen(function* () {
      const workspace = yield* freshWorkspace
      const rounds = 20
      const pairs = 10
      for (let round = 0; round < rounds; round += 1) {
        const keys = Array.from({ length: pairs }, (_, pair) => `${round}-${pair}`)
        const some = (side: string) =>
          Effect.forEach(keys, (key) => dueTrigger(workspace.id, `${side}-${key}`, { overlapKey: key }))
        const left = yield* some("left")
        const right = yield* some("right")
        const advances = (of: ReadonlyArray<StoredTrigger>) => of.map((trigger) => advanceOf(trigger, { busy: idle }))
        const answers = yield* Effect.all([record(advances(left)), record(advances(right).toReversed())], {
          concurrency: "unbounded"
        })
        const written = new Set<number>(answers.flat())
        for (const [pair, { id }] of left.entries()) {
          const both = [written.has(id), written.has(right[pair]?.id ?? 0)]
          assert.deepStrictEqual(both.toSorted(), [false, true], `round ${round}, pair ${pair}`)
        }
      }
      assert.deepInclude(yield* countsOf(workspace.id), {
        occurrences: rounds * pairs,
        deliveries: rounds * pairs,
        misnamed: 0
      })
    })
  )

  it.effect("a decision on an idle key waits for one that is being written, and does not hold then", () =>
    Effect.gen(function* () {
      const workspace = yield* freshWorkspace
      const first = yield* dueTrigger(workspace.id, "first", { overlapKey: "one" })
      const second = yield* dueTrigger(workspace.id, "second", { overlapKey: "one" })

      const writing = yield* heldOpen(record([advanceOf(first, { busy: idle })]))
      const late = yield* Effect.forkChild(record([advanceOf(second, { busy: idle })]))
      yield* someoneWaits
      yield* writing.release

      assert.deepStrictEqual(writing.value, [first.id])
      assert.deepStrictEqual(yield* Fiber.join(late), [])
    })
  )

  it.effect("two who depend on the same keys, in opposite orders, while a third holds one, both come through", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const workspace = yield* freshWorkspace
      const keys = Array.from({ length: 60 }, (_, index) => `key-${index}`)
      const some = (side: string) =>
        Effect.forEach(keys, (key) => dueTrigger(workspace.id, `${side}-${key}`, { overlapKey: key }))
      const left = yield* some("left")
      const right = yield* some("right")
      const third = yield* dueTrigger(workspace.id, "third", { overlapKey: "key-30" })
      const waiting = sql`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
      const advances = (of: ReadonlyArray<StoredTrigger>) => of.map((trigger) => advanceOf(trigger, { busy: idle }))

      const holding = yield* heldOpen(record([advanceOf(third, { busy: idle })]))
      const both = yield* Effect.forkChild(
        Effect.all([record(advances(left)), record(advances(right).toReversed())], { concurrency: "unbounded" })
      )
      while ((yield* waiting).length < 2) yield* Effect.yieldNow
      yield* holding.release

      assert.strictEqual((yield* Fiber.join(both)).flat().length, keys.length - 1)
    })
  )

  it.effect("a run that is released waits for a decision that is being written, and does not begin beside it", () =>
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const workspace = yield* freshWorkspace
      const waits = yield* dueTrigger(workspace.id, "waits", { overlapKey: "one" })
      const runs = yield* dueTrigger(workspace.id, "runs", { overlapKey: "one" })
      yield* record([advanceOf(waits, { occurrences: [waitingAt(base)] })])
      const [waiting] = yield* triggers.history({ triggerId: waits.id, before: null, limit: 1 })
      assert.isDefined(waiting)

      const writing = yield* heldOpen(record([advanceOf(runs, { busy: { running: 0, waiting: 1 } })]))
      const late = yield* Effect.forkChild(
        triggers.release({
          now: base,
          occurrenceId: waiting?.occurrenceId ?? 0n,
          outcome: "late",
          reason: "overlap",
          detail: null,
          work: occurrenceAt(base).work
        })
      )
      yield* someoneWaits
      yield* writing.release

      assert.isFalse(yield* Fiber.join(late))
      assert.deepInclude(yield* countsOf(workspace.id), { runs: 1, deliveries: 1 })
    })
  )

  it.effect("whoever records, displaces, releases, fills in and removes at once never waits in a ring", () =>
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const { fill } = triggers
      const workspace = yield* freshWorkspace
      const standing = yield* dueTriggers(workspace.id, 6, { overlapKey: "shared" })
      const rounds = 60

      const recorder = Effect.gen(function* () {
        const list = yield* Random.shuffle(yield* triggers.list({ workspaceId: workspace.id }))
        const { runs, waiting } = yield* triggers.holders({ workspaceId: workspace.id, overlapKey: "shared" })
        const busy = { running: runs.length, waiting }
        yield* record(
          list.map((trigger, place) =>
            advanceOf(trigger, {
              occurrences: [waitingAt(trigger.cursor)],
              busy: place === 0 ? busy : null,
              displace: place === 0
            })
          )
        )
      })
      const releaser = Effect.gen(function* () {
        const [first] = yield* triggers.ready({ app: null, limit: 1 })
        if (first === undefined) return
        yield* triggers.release({
          now: base,
          occurrenceId: first.occurrenceId,
          outcome: (yield* Random.nextBoolean) ? "late" : "skipped",
          reason: "overlap",
          detail: null,
          work: null
        })
      })
      const filler = Effect.gen(function* () {
        const [some] = yield* Random.shuffle(standing)
        if (some === undefined) return
        const nominals = yield* triggers.nominals({
          triggerId: some.id,
          from: base,
          to: base + 90 * minute,
          limit: 100
        })
        yield* fill({
          now: base,
          triggerId: some.id,
          occurrences: (yield* Random.shuffle(nominals)).map((nominal) =>
            occurrenceAt(nominal, { outcome: "skipped", reason: "refused", work: null })
          )
        })
      })
      const remover = Effect.gen(function* () {
        const [some] = yield* Random.shuffle(yield* triggers.list({ workspaceId: workspace.id }))
        if (some === undefined) return
        const removed = yield* triggers.remove({ triggerId: some.id, revision: some.revision, now: base })
        if (!removed) return
        const { app, cursor, definition, rules, workspaceId, zone } = some
        yield* triggers.put({
          app,
          cursor,
          definition,
          rules,
          workspaceId,
          zone,
          seen: null,
          nextDue: cursor,
          now: base
        })
      })
      const ender = triggers.end({ app: null, now: base, limit: 10 })
      const worker = (work: Effect.Effect<unknown, unknown, TriggerStore>) =>
        Effect.forEach(Array.from({ length: rounds }), () => work, { discard: true })
      yield* Effect.all([recorder, recorder, releaser, filler, remover, ender].map(worker), {
        concurrency: "unbounded"
      })

      assert.deepInclude(yield* countsOf(workspace.id), { miscounted: 0 })
    })
  )

  it.effect("runs that are over are ended by one of those who ask at once", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const triggers = yield* TriggerStore
      const workspace = yield* freshWorkspace
      const some = yield* dueTriggers(workspace.id, 100)
      yield* record(some.map((trigger) => advanceOf(trigger)))
      yield* sql`DELETE FROM deliveries WHERE workspace_id = ${workspace.id}`
      const end = triggers.end({ app: null, now: base, limit: 40 })
      const ended = (yield* Effect.all([end, end, end, end, end], { concurrency: "unbounded" })).flat()
      const rest = yield* end

      const names = [...ended, ...rest].filter((run) => run.workspaceId === workspace.id).map(({ name }) => name)
      assert.strictEqual(names.length, 100)
      assert.strictEqual(new Set(names).size, 100)
    })
  )

  it.effect(
    "a run of which nothing is kept has completed, as temporary work does, unless its record may have been dropped",
    () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const triggers = yield* TriggerStore
        const workspace = yield* freshWorkspace
        const some = yield* dueTriggers(workspace.id, 2)
        yield* record(some.map((trigger) => advanceOf(trigger)))
        yield* sql`DELETE FROM deliveries WHERE workspace_id = ${workspace.id}`
        const endOne = (now: number) =>
          Effect.map(triggers.end({ app: null, now, limit: 1 }), (ended) =>
            ended.map(({ endedAt, failure, state }) => ({ endedAt, failure, state }))
          )
        assert.deepStrictEqual(yield* endOne(base), [{ endedAt: base, failure: null, state: "completed" }])
        const later = base + 2 * 86_400_000
        assert.deepStrictEqual(yield* endOne(later), [
          { endedAt: later, failure: "nothing is kept about its end", state: "unknown" }
        ])
      })
  )

  it.effect("what a caller's transaction wrote is gone when it is rolled back: record, work, cursor and count", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const ledger = yield* Ledger
      const triggers = yield* TriggerStore
      const { fill } = triggers
      const workspace = yield* freshWorkspace
      const trigger = yield* dueTrigger(workspace.id, "rolled-back")
      const work = { _tag: "Deliver", delivery: job({}, { pipeline: "never-seen" }) } as const
      const write = Effect.gen(function* () {
        const written = yield* record([advanceOf(trigger, { occurrences: [occurrenceAt(base, { work })] })])
        const filled = yield* fill({
          now: base,
          triggerId: trigger.id,
          occurrences: [occurrenceAt(base - minute, { work })]
        })
        assert.deepStrictEqual([written, filled], [[trigger.id], [base - minute]])
      })
      yield* Effect.exit(sql.withTransaction(Effect.andThen(write, Effect.fail("changed my mind"))))

      const none = { occurrences: 0, nominals: 0, runs: 0, deliveries: 0, misnamed: 0, miscounted: 0 }
      assert.deepStrictEqual(yield* countsOf(workspace.id), none)
      assert.deepStrictEqual(yield* triggers.find(workspace.id, "rolled-back"), trigger)
      assert.isNull(yield* ledger.nextDue({ workspaceId: workspace.id, source: background }))

      yield* sql.withTransaction(write)
      assert.deepInclude(yield* countsOf(workspace.id), { occurrences: 2, deliveries: 2, misnamed: 0, miscounted: 0 })
    })
  )
})
