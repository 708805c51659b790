/**
 * How triggers come to be, how they are changed, and how they are found.
 */
import { assert } from "@effect/vitest"
import { type TriggerDefinition } from "@fibercast/domain/TriggerDefinition"
import { TriggerId } from "@fibercast/domain/TriggerId"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Effect } from "effect"
import { base, freshName, freshWorkspace } from "./Given.ts"
import {
  added,
  another,
  asked,
  defined,
  filled,
  freshTrigger,
  minute,
  nth,
  recorded,
  skippedAt,
  standing
} from "./GivenTriggers.ts"
import { sentence } from "./Sentence.ts"

const missing = WorkspaceId.make(2_000_000_000)

/** With something in every field. */
const elaborate: TriggerDefinition = {
  trigger: {
    name: "monthly.report_2-b",
    timing: { _tag: "Cron", expression: "0 9 L * *" },
    zone: "Asia/Jakarta",
    gap: "at-end",
    fold: "second",
    constraints: [],
    spread: 1500
  },
  target: {
    _tag: "Deliver",
    pipeline: "school.monthly-report",
    payload: { school: "Sekolah “Ceria” 🎒", pages: [1, 2.5, -3], nothing: null, nested: { deep: [[]], on: true } },
    lane: "bulk"
  },
  overlap: { _tag: "BufferAll", cap: 7 },
  overlapKey: "reports of école 1",
  misfires: { paused: { _tag: "All", cap: 3, maxAge: null }, down: { _tag: "Merged" }, overloaded: { _tag: "Skip" } },
  grace: 0,
  deadline: 3_600_000,
  environments: ["production", "staging"],
  evenInMaintenanceMode: true,
  group: "school",
  description: "Sends 'the' report;\nline two \\ \"quoted\""
}

/** A recurring campaign. */
const broadcast: TriggerDefinition = {
  ...elaborate,
  target: {
    _tag: "Launch",
    pipeline: "broadcast",
    template: "Hello {{ name }}",
    audience: { _tag: "Csv", path: "parents.csv" },
    addressColumn: "phone",
    guarantee: "at-most-once"
  }
}

export const triggerSentences = [
  sentence(
    "a trigger that is added is kept to the letter, and found by its name",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      for (const definition of [elaborate, broadcast]) {
        const { id: workspaceId } = yield* freshWorkspace
        const app = yield* freshName
        const asFor = {
          workspaceId,
          app,
          definition,
          zone: "Asia/Jakarta",
          cursor: nth(1),
          nextDue: nth(2),
          rules: "r7"
        }
        const trigger = yield* added({ ...asFor, seen: null, now: nth(3) })
        const rest = {
          plannedFrom: nth(1),
          paused: null,
          pause: null,
          merging: null,
          createdAt: nth(3),
          removedAt: null
        }
        assert.deepStrictEqual(trigger, { ...asFor, ...rest, id: trigger.id, revision: trigger.revision })
        assert.isAbove(trigger.id, 0)
        assert.deepStrictEqual(yield* triggers.find(workspaceId, "monthly.report_2-b"), trigger)
      }
    })
  ),
  sentence(
    "a trigger may be nobody's in particular, and have no next occurrence",
    Effect.gen(function* () {
      const { id: workspaceId } = yield* freshWorkspace
      const trigger = yield* added(asked(workspaceId, null, { nextDue: null }))
      assert.deepInclude(yield* standing(trigger), { app: null, nextDue: null })
    })
  ),
  sentence(
    "a name is of its workspace: elsewhere it is another trigger",
    Effect.gen(function* () {
      const one = yield* freshTrigger()
      const two = yield* freshTrigger({ nextDue: nth(5) })
      assert.notStrictEqual(one.id, two.id)
      assert.deepStrictEqual(yield* standing(one), one)
      assert.deepStrictEqual(yield* standing(two), two)
    })
  ),
  sentence(
    "a name that no trigger of the workspace has is not found",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* freshTrigger()
      const { id: elsewhere } = yield* freshWorkspace
      assert.isNull(yield* triggers.find(trigger.workspaceId, "repor"))
      assert.isNull(yield* triggers.find(elsewhere, "report"))
      assert.isNull(yield* triggers.find(missing, "report"))
    })
  ),
  sentence(
    "a name that is taken is not given to a new trigger",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* freshTrigger()
      assert.isNull(yield* triggers.put(asked(trigger.workspaceId, "another app", { cursor: nth(5) })))
      assert.deepStrictEqual(yield* standing(trigger), trigger)
    })
  ),
  sentence(
    "a change takes the place of what the caller saw; the trigger keeps its id and its age",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      const definition = defined("report", { description: "changed", overlap: { _tag: "Skip" } })
      const zone = "Asia/Makassar"
      const changed = { app: yield* freshName, definition, zone, cursor: nth(1), nextDue: nth(2), rules: "r2" }
      const put = { ...changed, workspaceId: trigger.workspaceId, seen: trigger, now: nth(9) }
      const after = yield* added(put)
      assert.deepStrictEqual(after, { ...trigger, ...changed, plannedFrom: nth(1), revision: after.revision })
      assert.isAbove(after.revision, trigger.revision)
      assert.deepStrictEqual(yield* standing(trigger), after)
    })
  ),
  sentence(
    "a change with the cursor as it was goes on with the plan; with another, the plan begins there",
    Effect.gen(function* () {
      const first = yield* freshTrigger()
      const { app, workspaceId } = first
      const moved = yield* recorded(first, [skippedAt(nth(0))])
      assert.strictEqual(moved.plannedFrom, first.cursor)
      const on = yield* added(asked(workspaceId, app, { seen: moved, cursor: moved.cursor, now: nth(4) }))
      assert.strictEqual(on.plannedFrom, first.cursor)
      const anew = yield* added(asked(workspaceId, app, { seen: on, cursor: nth(4), now: nth(4) }))
      assert.strictEqual(anew.plannedFrom, nth(4))
    })
  ),
  sentence(
    "a change by one who saw an older revision, or a later one, writes nothing",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const first = yield* freshTrigger()
      const { app, workspaceId } = first
      const second = yield* added(asked(workspaceId, app, { seen: first, rules: "r2" }))
      assert.isNull(yield* triggers.put(asked(workspaceId, app, { seen: first, rules: "r3" })))
      const ahead = { revision: second.revision + 1 }
      assert.isNull(yield* triggers.put(asked(workspaceId, app, { seen: ahead, rules: "r3" })))
      assert.deepStrictEqual(yield* standing(first), second)
    })
  ),
  sentence(
    "a change of what does not exist adds nothing",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const { id: workspaceId } = yield* freshWorkspace
      assert.isNull(yield* triggers.put(asked(workspaceId, null, { seen: { revision: 1 } })))
      assert.isNull(yield* triggers.find(workspaceId, "report"))
    })
  ),
  sentence(
    "a change leaves a pause, the one before it and a pile-up as they are",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const trigger = yield* freshTrigger()
      const { app, workspaceId } = trigger
      const name = "report"
      yield* triggers.pause({ workspaceId, name, note: null, now: nth(1) })
      yield* triggers.resume({ workspaceId, name, now: nth(2) })
      const paused = yield* triggers.pause({ workspaceId, name, note: "broken", now: nth(3) })
      const merging = { from: nth(0), count: 2 }
      yield* recorded(paused, [], { merging })
      const changed = yield* added(asked(workspaceId, app, { seen: paused }))
      const paused3 = { since: nth(3), note: "broken" }
      assert.deepInclude(changed, { merging, paused: paused3, pause: { since: nth(1), until: nth(2) } })
      assert.deepStrictEqual(yield* standing(trigger), changed)
    })
  ),
  sentence(
    "of those who add or change one trigger at once, one does",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const { id: workspaceId } = yield* freshWorkspace
      const app = yield* freshName
      const atOnce = { concurrency: "unbounded" } as const
      const put = (seen: { readonly revision: number } | null) =>
        Effect.map(
          Effect.forEach(["r1", "r2", "r3"], (rules) => triggers.put(asked(workspaceId, app, { seen, rules })), atOnce),
          (answers) => answers.filter((trigger) => trigger !== null)
        )
      const created = yield* put(null)
      assert.lengthOf(created, 1)
      const [first = null] = created
      const changed = yield* put(first)
      assert.lengthOf(changed, 1)
      assert.deepStrictEqual(yield* triggers.find(workspaceId, "report"), changed[0])
    })
  ),
  sentence(
    "a trigger in a workspace that does not exist is refused",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const error = yield* Effect.flip(triggers.put(asked(missing, yield* freshName)))
      assert.strictEqual(error._tag, "LedgerUnavailable")
    })
  ),
  sentence(
    "triggers are listed by workspace and name, character by character; of one workspace, or of all",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const one = yield* freshTrigger({ definition: defined("b") })
      const two = yield* freshTrigger()
      const names = ["a", "a-b", "a.b", "a0", "a_b", "ab"]
      for (const name of names.toReversed()) yield* another(one, name)
      const listed = yield* triggers.list({ workspaceId: one.workspaceId })
      assert.deepStrictEqual(
        listed.map(({ definition }) => definition.trigger.name),
        [...names, "b"]
      )
      assert.deepStrictEqual(listed[6], one)
      const all = yield* triggers.list({ workspaceId: null })
      const ofBoth = all.filter(({ workspaceId }) => workspaceId === one.workspaceId || workspaceId === two.workspaceId)
      assert.deepStrictEqual(ofBoth, [...listed, two])
      assert.deepStrictEqual(yield* triggers.list({ workspaceId: missing }), [])
    })
  ),
  sentence(
    "recording raises no revision",
    Effect.gen(function* () {
      const trigger = yield* freshTrigger()
      assert.strictEqual((yield* recorded(trigger, [skippedAt(nth(0))])).revision, trigger.revision)
    })
  ),
  sentence(
    "of a trigger that does not exist, nothing is known and nothing written",
    Effect.gen(function* () {
      const triggers = yield* TriggerStore
      const triggerId = TriggerId.make(2_000_000_000)
      assert.isFalse(yield* triggers.remove({ triggerId, revision: 1, now: base }))
      assert.deepStrictEqual(yield* filled({ id: triggerId }, skippedAt(base)), [])
      yield* triggers.output({ triggerId, nominal: base, text: "lost" })
      assert.deepStrictEqual(yield* triggers.history({ triggerId, before: null, limit: 10 }), [])
      const span = { from: base, to: base + minute, limit: 10 }
      assert.deepStrictEqual(yield* triggers.nominals({ triggerId, ...span }), [])
    })
  )
]
