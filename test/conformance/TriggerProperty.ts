/**
 * Whatever two schedulers and a person do to triggers that share an overlap key, in whatever order and however stale
 * what they know, a TriggerStore answers as its model does: one record for each nominal time, tallies that equal the
 * records, one delivery for each run, a cursor that never goes back, and open what is open.
 */
import { assert } from "@effect/vitest"
import { ran } from "@fibercast/domain/OccurrenceOutcome"
import { type Busy } from "@fibercast/domain/Overlap"
import { type TriggerId } from "@fibercast/domain/TriggerId"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Advance, TriggerStore } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import { Arbitrary, Effect } from "effect"
import { background, ended } from "./Given.ts"
import {
  advanceOf,
  another,
  asked,
  deliver,
  filled,
  freshTrigger,
  historyOf,
  nth,
  outcomesOf,
  ownerOf,
  passed,
  recordAt,
  talliesOf
} from "./GivenTriggers.ts"
import { forAll } from "./Property.ts"
import { sentence } from "./Sentence.ts"
import { type ModelRow, TriggerModel } from "./TriggerModel.ts"
import { decided, Step } from "./TriggerSteps.ts"

const names = ["report", "beside"]

/** What a scheduler knows: each trigger as it was, which nominal times were recorded, and what the key was doing. */
interface Knowledge {
  readonly triggers: ReadonlyArray<StoredTrigger>
  readonly taken: ReadonlyArray<ReadonlyArray<number>>
  readonly busy: Busy
}

const walk = Effect.fnUntraced(function* (steps: ReadonlyArray<Step>) {
  const ledger = yield* Ledger
  const triggers = yield* TriggerStore
  const model = new TriggerModel()
  const report = yield* freshTrigger()
  const { app, workspaceId } = report
  const rows = [report, yield* another(report, "beside", { overlapKey: "report" })]
  for (const row of rows) model.add(row)
  const owned = yield* ownerOf(report, nth(80))
  let dispatched = 0

  const holders = Effect.map(triggers.holders({ workspaceId, overlapKey: "report" }), ({ runs, waiting }) => ({
    runs: runs.map(({ name, nominal }) => `${name} ${nominal}`),
    waiting
  }))

  /** What was seen of a removed one stays as it was. */
  const look = Effect.fnUntraced(function* (before: ReadonlyArray<StoredTrigger>) {
    const seen: Array<StoredTrigger> = []
    const taken: Array<ReadonlyArray<number>> = []
    for (const trigger of before) {
      const now = (yield* triggers.find(workspaceId, trigger.definition.trigger.name)) ?? trigger
      seen.push(now)
      const span = { from: now.cursor, to: now.cursor + 100, limit: 100 }
      taken.push(yield* triggers.nominals({ triggerId: now.id, ...span }))
    }
    const { runs, waiting } = yield* holders
    return { triggers: seen, taken, busy: { running: runs.length, waiting } } satisfies Knowledge
  })

  const knowledge = [yield* look(rows), yield* look(rows)]

  const work = Effect.fnUntraced(function* (limit: number) {
    const batch = yield* ledger.claim({ ...owned, source: background, limit, after: null })
    if (batch === null) return 0
    const settlements = batch.deliveries.map((delivery) => ended(delivery, "completed"))
    yield* ledger.settle({ ...owned, settlements, finishedClaims: [batch.claimId] })
    for (const [of, trigger] of rows.entries()) {
      for (const { deliveryId, nominal } of yield* historyOf(trigger)) {
        if (!batch.deliveries.some(({ id }) => id === deliveryId)) continue
        const row = model.row(of, nominal)
        assert.strictEqual(row?.work, "open")
        if (row !== undefined) row.work = "over"
      }
    }
    dispatched += batch.deliveries.length
    return batch.deliveries.length
  })

  const end = Effect.fnUntraced(function* (limit: number) {
    const over = model.rows.filter((row) => row.work === "over")
    const runs = yield* triggers.end({ app, now: passed, limit })
    assert.lengthOf(runs, Math.min(limit, over.length))
    for (const { name, nominal } of runs) {
      const row = model.row(names.indexOf(name), nominal)
      assert.strictEqual(row?.work, "over")
      if (row !== undefined) row.work = "ended"
    }
  })

  const release = Effect.fnUntraced(function* (row: ModelRow, runs: boolean) {
    const { occurrenceId } = yield* recordAt(rows[row.of] ?? report, row.nominal)
    const outcome = runs ? "late" : "skipped"
    const to = { outcome, reason: "overlap", detail: null, work: runs ? deliver : null } as const
    const released = yield* triggers.release({ now: passed, occurrenceId, ...to })
    assert.strictEqual(released, model.release(row, outcome))
  })

  const put = Effect.fnUntraced(function* (of: number, seen: StoredTrigger | null) {
    const trigger = rows[of]
    const known = model.triggers[of]
    if (trigger === undefined || known === undefined) return
    const { definition } = trigger
    const written = yield* triggers.put(asked(workspaceId, app, { definition, seen, cursor: known.cursor }))
    const isSeen = seen === null ? known.isRemoved : !known.isRemoved && known.revision === seen.revision
    assert.strictEqual(written !== null, isSeen)
    if (written === null) return
    assert.isAbove(written.revision, known.revision)
    assert.strictEqual(written.id, trigger.id)
    const isPaused = known.isPaused && !known.isRemoved
    model.triggers[of] = { ...known, revision: written.revision, isPaused, isRemoved: false }
  })

  const take = Effect.fnUntraced(function* (step: Step) {
    switch (step._tag) {
      case "Look":
        knowledge[step.scheduler] = yield* look(rows)
        return
      case "Record": {
        const known = knowledge[step.scheduler]
        if (known === undefined) return
        const advances: Array<Advance> = []
        const expected: Array<TriggerId> = []
        for (const of of step.which.split("").map(Number)) {
          const trigger = known.triggers[of]
          if (trigger === undefined) return
          const free = Array.from({ length: 10 }, (_, index) => trigger.cursor + index).filter(
            (nominal) => known.taken[of]?.includes(nominal) !== true
          )
          const occurrences = step.fates.slice(0, step.count).map((fate, index) => decided(free[index] ?? 0, fate))
          const decision = { busy: step.heeds ? known.busy : null, displace: step.displaces }
          const advance = advanceOf(trigger, occurrences, decision)
          advances.push(advance)
          if (model.record(of, advance)) expected.push(trigger.id)
        }
        assert.deepStrictEqual(yield* triggers.record({ now: passed, advances }), expected)
        return
      }
      case "Fill": {
        const trigger = rows[step.which]
        const from = (model.triggers[step.which]?.cursor ?? 0) + step.from
        const [apart, ...fates] = step.steps
        const occurrences = fates.map((fate, index) => decided(from + apart * index, fate))
        if (trigger === undefined) return
        assert.deepStrictEqual(yield* filled(trigger, ...occurrences), model.fill(step.which, occurrences))
        return
      }
      case "Work":
        yield* work(step.limit)
        return
      case "End":
        yield* end(step.limit)
        return
      case "Release": {
        const row = model.rows.at(-1 - step.row) ?? model.rows.at(-1)
        if (row !== undefined) yield* release(row, step.runs)
        return
      }
      case "Pause":
      case "Resume": {
        const name = names[step.which] ?? ""
        const known = model.triggers[step.which]
        if (known === undefined) return
        const change = { workspaceId, name, now: passed }
        const isPause = step._tag === "Pause"
        const changed = isPause ? triggers.pause({ ...change, note: null }) : triggers.resume(change)
        if (known.isRemoved) {
          assert.strictEqual((yield* Effect.flip(changed))._tag, "TriggerNotFound")
          return
        }
        const { revision } = yield* changed
        if (isPause || known.isPaused) assert.isAbove(revision, known.revision)
        else assert.strictEqual(revision, known.revision)
        known.revision = revision
        known.isPaused = isPause
        return
      }
      case "Remove": {
        const seen = knowledge[step.scheduler]?.triggers[step.which]
        if (seen === undefined) return
        const removed = yield* triggers.remove({ triggerId: seen.id, revision: seen.revision, now: passed })
        assert.strictEqual(removed, model.remove(step.which, seen.revision))
        return
      }
      case "Put": {
        const isRemoved = model.triggers[step.which]?.isRemoved === true
        yield* put(step.which, isRemoved ? null : (knowledge[step.scheduler]?.triggers[step.which] ?? null))
      }
    }
  })

  const check = Effect.fnUntraced(function* () {
    for (const [of, trigger] of rows.entries()) {
      const known = model.triggers[of]
      const found = yield* triggers.find(workspaceId, names[of] ?? "")
      assert.strictEqual(found === null, known?.isRemoved)
      if (found !== null) {
        const { cursor, paused, revision } = found
        assert.deepStrictEqual(
          { cursor, isPaused: paused !== null, revision, isRemoved: false },
          { ...known, isRemoved: false }
        )
      }
      assert.deepStrictEqual(yield* outcomesOf(trigger), model.outcomes(of))
      assert.deepStrictEqual(yield* talliesOf(trigger), model.tallies(of))
    }
    const open = model.rows.filter((row) => row.work === "open").map((row) => `${names[row.of]} ${row.nominal}`)
    assert.deepStrictEqual(yield* holders, { runs: open, waiting: model.busy().waiting })
    const isFree = open.length === 0
    const first = model.rows.find((row) => model.isInLine(row))
    const ready = (yield* triggers.ready({ app, limit: 10 })).map(({ nominal }) => nominal)
    assert.deepStrictEqual(ready, isFree && first !== undefined ? [first.nominal] : [])
  })

  for (const step of steps) {
    yield* take(step)
    yield* check()
  }

  // Whatever state it was left in, everything open can still be brought to an end: each run had one delivery.
  while ((yield* work(1000)) > 0) yield* check()
  for (let row = waitingOf(model); row !== undefined; row = waitingOf(model)) {
    yield* release(row, true)
    assert.strictEqual(yield* work(1000), 1)
  }
  yield* end(1000)
  yield* check()
  const runs = model.rows.filter(({ outcome }) => ran(outcome))
  assert.strictEqual(dispatched, runs.length)
  assert.isTrue(runs.every((row) => row.work === "ended"))
})

const waitingOf = (model: TriggerModel) => model.rows.find(({ outcome }) => outcome === "waiting")

/** `runs` random histories of two triggers. */
export const anyTriggerHistory = (runs: number) =>
  sentence(
    "whatever happens in whatever order, each nominal time has one record and each run one delivery",
    forAll(Arbitrary.array(Arbitrary.schema(Step), { minLength: 1, maxLength: 40 }), runs, walk)
  )
