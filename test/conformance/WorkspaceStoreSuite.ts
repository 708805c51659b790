/**
 * The one meaning of "a WorkspaceStore". Every implementation passes it unchanged.
 */
import { assert } from "@effect/vitest"
import { Limits, none } from "@fibercast/domain/Limits"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { WorkspaceNotFound, WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Arbitrary, Effect, type Layer } from "effect"
import { freshName, freshWorkspace } from "./Given.ts"
import { forAll } from "./Property.ts"
import { register, sentence, type Sentence } from "./Sentence.ts"

const missing = WorkspaceId.make(2_000_000_000)

/** `runs`: how many random limits are tried. */
export const sentencesOf = (runs: number): ReadonlyArray<Sentence<WorkspaceStore>> => [
  sentence(
    "a workspace is created with what was asked for",
    Effect.gen(function* () {
      const workspaces = yield* WorkspaceStore
      const asked = { name: yield* freshName, zone: "Asia/Jakarta", limits: { inFlight: 5 } }
      const made = yield* workspaces.ensure(asked)
      assert.deepStrictEqual(made, { ...asked, id: made.id, quarantine: null, paused: null })
      assert.deepStrictEqual(yield* workspaces.get(made.id), made)
    })
  ),
  sentence(
    "a name that exists is found again, with its own zone and limits",
    Effect.gen(function* () {
      const workspaces = yield* WorkspaceStore
      const name = yield* freshName
      const made = yield* workspaces.ensure({ name, zone: "Asia/Jakarta", limits: { inFlight: 5 } })
      assert.deepStrictEqual(yield* workspaces.ensure({ name, zone: "UTC", limits: none }), made)
    })
  ),
  sentence(
    "a workspace is found by its name, and looking for one creates none",
    Effect.gen(function* () {
      const workspaces = yield* WorkspaceStore
      const name = yield* freshName
      assert.isNull(yield* workspaces.find(name))
      assert.isNull(yield* workspaces.find(name))
      const made = yield* workspaces.ensure({ name, zone: "Asia/Jakarta", limits: none })
      assert.deepStrictEqual(yield* workspaces.find(name), made)
    })
  ),
  sentence(
    "another name is another workspace",
    Effect.gen(function* () {
      const workspaces = yield* WorkspaceStore
      const one = yield* freshWorkspace
      const two = yield* freshWorkspace
      assert.notStrictEqual(one.id, two.id)
      yield* workspaces.setQuarantine(one.id, "it crashed five times")
      assert.deepStrictEqual(yield* workspaces.get(two.id), two)
    })
  ),
  sentence(
    "a workspace is set aside with a reason and brought back",
    Effect.gen(function* () {
      const workspaces = yield* WorkspaceStore
      const made = yield* freshWorkspace
      yield* workspaces.setQuarantine(made.id, "it crashed five times")
      const aside = yield* workspaces.get(made.id)
      assert.deepStrictEqual(aside, { ...made, quarantine: "it crashed five times" })
      assert.deepStrictEqual(yield* workspaces.ensure(made), aside)
      yield* workspaces.setQuarantine(made.id, null)
      assert.deepStrictEqual(yield* workspaces.get(made.id), made)
    })
  ),
  sentence(
    "lanes are paused with a note, besides those that are, and resumed one by one",
    Effect.gen(function* () {
      const workspaces = yield* WorkspaceStore
      const made = yield* freshWorkspace
      const bulk = yield* workspaces.pauseLanes(made.id, { lanes: ["bulk"], note: "the provider is down", now: 1000 })
      assert.deepStrictEqual(bulk, { ...made, paused: { lanes: ["bulk"], note: "the provider is down", since: 1000 } })
      const both = yield* workspaces.pauseLanes(made.id, { lanes: ["urgent", "bulk"], note: null, now: 2000 })
      assert.deepStrictEqual(both, { ...made, paused: { lanes: ["urgent", "bulk"], note: null, since: 1000 } })
      assert.deepStrictEqual(yield* workspaces.get(made.id), both)
      assert.deepStrictEqual(yield* workspaces.find(made.name), both)
      const urgent = yield* workspaces.resumeLanes(made.id, ["bulk", "high"])
      assert.deepStrictEqual(urgent, { ...made, paused: { lanes: ["urgent"], note: null, since: 1000 } })
      assert.deepStrictEqual(yield* workspaces.resumeLanes(made.id, ["urgent"]), made)
      const again = yield* workspaces.pauseLanes(made.id, { lanes: ["high"], note: null, now: 3000 })
      assert.deepStrictEqual(again.paused, { lanes: ["high"], note: null, since: 3000 })
    })
  ),
  sentence(
    "a workspace that does not exist is not found, by any call",
    Effect.gen(function* () {
      const workspaces = yield* WorkspaceStore
      const errors = [
        yield* Effect.flip(workspaces.get(missing)),
        yield* Effect.flip(workspaces.setLimits(missing, none)),
        yield* Effect.flip(workspaces.setQuarantine(missing, null)),
        yield* Effect.flip(workspaces.pauseLanes(missing, { lanes: ["bulk"], note: null, now: 1 })),
        yield* Effect.flip(workspaces.resumeLanes(missing, ["bulk"]))
      ]
      for (const error of errors) assert.deepStrictEqual(error, new WorkspaceNotFound({ workspaceId: missing }))
    })
  ),
  sentence(
    "all workspaces are listed by id, as they are",
    Effect.gen(function* () {
      const workspaces = yield* WorkspaceStore
      const one = yield* freshWorkspace
      const two = yield* freshWorkspace
      yield* workspaces.setQuarantine(one.id, "it crashed five times")
      const listed = (yield* workspaces.list).filter(({ id }) => id >= one.id)
      const unowned = { owner: null, ownedUntil: null }
      assert.deepStrictEqual(
        listed.filter(({ id }) => id === one.id || id === two.id),
        [
          { ...one, quarantine: "it crashed five times", ...unowned },
          { ...two, ...unowned }
        ]
      )
    })
  ),
  sentence(
    "limits are replaced as a whole and read back as they were set",
    Effect.gen(function* () {
      const workspaces = yield* WorkspaceStore
      const made = yield* freshWorkspace
      yield* forAll(Arbitrary.schema(Limits), runs, (limits) =>
        Effect.gen(function* () {
          yield* workspaces.setLimits(made.id, limits)
          assert.deepStrictEqual(yield* workspaces.get(made.id), { ...made, limits })
        })
      )
    })
  )
]

/** `name` says how the implementation keeps what it keeps; a slow one may ask for fewer random limits. */
export const suite = (
  name: string,
  layer: Layer.Layer<WorkspaceStore, unknown>,
  options: { readonly runs: number } = { runs: 100 }
): void => register(`WorkspaceStore (${name})`, layer, sentencesOf(options.runs))
