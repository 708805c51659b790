import { assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { type Lane } from "@fibercast/domain/Lane"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlNodeRegistry from "@fibercast/postgres/SqlNodeRegistry"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Effect, Layer, Schema } from "effect"
import { TestDatabase } from "../support/TestDatabase.ts"
import { appFolder } from "./AppFolder.ts"
import { known } from "./Nodes.ts"
import * as Program from "./Program.ts"

const app = `
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as App from "@fibercast/node/App"
import { Effect, Layer, Schema } from "effect"
const Report = Pipeline.make("report", { payload: Schema.Int, retry: RetryPolicy.after("1 hour", { tries: 2 }) }).pipe(
  Pipeline.mapEffect((n) => (n < 0 ? Effect.fail("the device is offline") : n > 100 ? Effect.never : Effect.void))
)
export default App.make({ name: "school", pipelines: [Report], layer: Layer.empty })
`

const layer = Layer.mergeAll(
  NodeServices.layer,
  Layer.mergeAll(SqlLedger.layer, SqlWorkspaceStore.layer, SqlNodeRegistry.layer).pipe(
    Layer.provideMerge(TestDatabase.layer)
  )
)

/** A workspace, and an app to work it, on a database of its own. */
const given = Effect.gen(function* () {
  const folder = yield* appFolder
  yield* Program.write(`${folder}/app.ts`, app)
  const place = { folder, env: { DATABASE_URL: (yield* TestDatabase).url } }
  const { id: workspaceId } = yield* (yield* WorkspaceStore).ensure({ name: "school", zone: "UTC", limits: {} })
  const ledger = yield* Ledger
  return {
    workspaceId,
    dispatch: Effect.fnUntraced(function* (payloads: ReadonlyArray<number>, lane: Lane = "normal") {
      const now = yield* Clock.currentTimeMillis
      const job = { pipeline: "report", lane, campaignId: null, dueAt: now, deadline: null }
      const deliveries = payloads.map((payload) => ({ ...job, payload: JSON.stringify(payload) }))
      return yield* ledger.insert({ workspaceId, now, deliveries })
    }),
    queue: (...args: ReadonlyArray<string>) => Program.run(place, ["queue", ...args]),
    work: (...args: ReadonlyArray<string>) => Program.run(place, ["queue", "work", "--app", "app.ts", ...args]),
    working: (...args: ReadonlyArray<string>) => Program.start(place, ["queue", "work", "--app", "app.ts", ...args])
  }
})

const End = Schema.Struct({ id: Schema.String, pipeline: Schema.String, attempt: Schema.Int, state: Schema.String })
const Summary = Schema.Struct({
  summary: Schema.Struct({
    ended: Schema.String,
    completed: Schema.Int,
    failed: Schema.Int,
    retry: Schema.Int,
    returned: Schema.Int
  })
})

/** Its lines: those of ends, and the summary. */
const read = Effect.fnUntraced(function* ({ stdout }: Program.Ran) {
  const lines = stdout.trimEnd().split("\n")
  const summary = yield* Schema.decodeUnknownEffect(Schema.fromJsonString(Summary))(lines.at(-1))
  const ends = yield* Effect.forEach(lines.slice(0, -1), (line) =>
    Schema.decodeUnknownEffect(Schema.fromJsonString(End))(line)
  )
  return { ...summary, ends }
})

describe("queue work", () => {
  it.live("does what is due, says what became of each, and ends when nothing is left", () =>
    Effect.gen(function* () {
      const { dispatch, work } = yield* given
      const [first] = yield* dispatch([1, -1])
      const { code, stderr, stdout } = yield* work("--stop-when-empty")
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.match(stdout, /^Working the app school\non .*, until nothing is due\. Ctrl-C stops it\.\n\n/u)
      assert.match(stdout, new RegExp(`^\\d\\d:\\d\\d:\\d\\dZ {2}report +▸ ${first} started, try 1$`, "mu"))
      assert.match(stdout, new RegExp(`^\\d\\d:\\d\\d:\\d\\dZ {2}report +✓ ${first} completed in .*$`, "mu"))
      assert.match(stdout, /… \d+ failed in .*, try 1; again in 1 h: the device is offline$/mu)
      assert.match(stdout, /\n\n1 completed, 1 to be tried again, in .*\. Nothing more is due\.\n$/u)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("begins no more than it is told, and gives the rest back", () =>
    Effect.gen(function* () {
      const { dispatch, work, workspaceId } = yield* given
      yield* dispatch(Array.from({ length: 20 }, (_, n) => n))
      const once = yield* read(yield* work("--once", "--json"))
      assert.deepStrictEqual([once.ends.length, once.summary.ended, once.summary.completed], [1, "deliveries", 1])
      const five = yield* read(yield* work("--max-jobs", "5", "--json"))
      assert.deepStrictEqual([five.ends.length, five.summary.completed], [5, 5])
      const { held, owner } = yield* (yield* Ledger).holding(workspaceId)
      assert.deepStrictEqual([held.normal, owner], [0, null])
      const rest = yield* read(yield* work("--stop-when-empty", "--quiet", "--json"))
      assert.deepStrictEqual([rest.ends.length, rest.summary.completed], [0, 14])
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("takes its own tries and time for those of the pipelines", () =>
    Effect.gen(function* () {
      const { dispatch, work } = yield* given
      yield* dispatch([-1, 500])
      const { ends, summary } = yield* read(
        yield* work("--tries", "1", "--timeout", "200ms", "--stop-when-empty", "--json")
      )
      assert.deepStrictEqual(
        ends.map(({ attempt, state }) => [attempt, state]),
        [
          [1, "failed"],
          [1, "unknown"]
        ]
      )
      assert.strictEqual(summary.failed, 1)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("works the lanes and the workspace that it is told, and ends with 12 when it has grown too large", () =>
    Effect.gen(function* () {
      const { dispatch, work } = yield* given
      yield* dispatch([1, 2], "bulk")
      yield* dispatch([3], "urgent")
      const urgent = yield* read(yield* work("--lanes", "urgent,high", "--stop-when-empty", "--json"))
      assert.strictEqual(urgent.summary.completed, 1)
      yield* (yield* WorkspaceStore).ensure({ name: "clinic", zone: "UTC", limits: {} })
      const other = yield* read(yield* work("--workspace", "clinic", "--stop-when-empty", "--json"))
      assert.strictEqual(other.summary.completed, 0)
      const unknown = yield* work("--workspace", "shcool")
      assert.deepStrictEqual([unknown.code, unknown.stdout], [1, ""])
      assert.match(unknown.stderr, /^There is no workspace "shcool" here\. Did you mean "school"\?/u)
      const large = yield* work("--memory", "1")
      assert.strictEqual(large.code, 12)
      assert.match(large.stderr, /^It held more than 1 MB of memory/u)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("appears as a node, and ends with 0 when it is restarted", () =>
    Effect.gen(function* () {
      const { queue, working } = yield* given
      const registry = yield* NodeRegistry
      const now = yield* Clock.currentTimeMillis
      const later = known({ id: "later-node", name: "later", startedAt: now + 3_600_000 })
      yield* registry.beat(later, now)
      const child = yield* working()
      const sees = yield* Program.follow(child.stdout)
      yield* sees(/Ctrl-C stops it/u)
      const told = yield* queue("restart")
      assert.match(told.stdout, /^1 node ends in good order, and exits with 0, .*:\n {2}\S+ \([0-9a-f]{8}\)\n/u)
      yield* sees(/It was drained by an operator\.$/u)
      assert.strictEqual(yield* child.exitCode, 0)
      const wishes = (yield* registry.list(0)).map(({ name, state, wish }) => [name === "later", state, wish])
      assert.sameDeepMembers(wishes, [
        [true, "working", "working"],
        [false, "gone", "drained"]
      ])
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("stops in good order on SIGTERM, and says what it did", () =>
    Effect.gen(function* () {
      const { dispatch, working } = yield* given
      yield* dispatch([1])
      const child = yield* working()
      const sees = yield* Program.follow(child.stdout)
      yield* sees(/completed in/u)
      yield* Effect.sync(() => process.kill(child.pid, "SIGTERM"))
      yield* sees(/^1 completed, in .*\. It was stopped\.$/u)
      assert.strictEqual(yield* child.exitCode, 130)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )
})

describe("queue pause, resume and rescue", () => {
  it.live("keep lanes from being worked, and let them go on", () =>
    Effect.gen(function* () {
      const { dispatch, queue, work } = yield* given
      yield* dispatch([1, 2], "bulk")
      const paused = yield* queue("pause", "--workspace", "school", "--lanes", "bulk", "--note", "the provider is down")
      assert.match(
        paused.stdout,
        /^The lane bulk of school is paused: nothing of it is claimed from now on, on any node\.\nNothing of it is under way\.\n/u
      )
      const { summary } = yield* read(yield* work("--stop-when-empty", "--json"))
      assert.strictEqual(summary.completed, 0)
      const resumed = yield* queue("resume", "--workspace", "school", "--json")
      assert.deepStrictEqual(Program.lastJson(resumed), { workspace: "school", resumed: ["bulk"], paused: null })
      assert.match((yield* queue("resume", "--workspace", "school")).stdout, /^Nothing of that was paused in school\./u)
      assert.strictEqual((yield* read(yield* work("--stop-when-empty", "--json"))).summary.completed, 2)
      const unknown = yield* queue("pause", "--workspace", "shcool")
      assert.match(unknown.stderr, /Did you mean "school"\?/u)
      const lane = yield* queue("pause", "--lanes", "bluk")
      assert.strictEqual(lane.code, 2)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("say what is still under way, and take it back by force", () =>
    Effect.gen(function* () {
      const { dispatch, queue, workspaceId } = yield* given
      const ledger = yield* Ledger
      yield* dispatch([1, 2, 3])
      const now = yield* Clock.currentTimeMillis
      const { epoch } = yield* ledger.takeOver({ workspaceId, owner: "stuck", now, lease: 3_600_000, force: false })
      const source = { lane: "normal", campaignId: null } as const
      const batch = yield* ledger.claim({ workspaceId, epoch, now: now + 1000, source, limit: 10, after: null })
      if (batch === null) return assert.fail("three are due")
      const ids = batch.deliveries.slice(0, 1).map(({ id }) => id)
      yield* ledger.start({ workspaceId, epoch, now, claimId: batch.claimId, ids })
      const paused = yield* queue("pause", "--workspace", "school")
      assert.match(paused.stdout, /\n3 deliveries of it are claimed by stuck, which hears of it within 3\.0 s: /u)
      const asked = yield* queue("rescue", "--workspace", "school")
      assert.deepStrictEqual([asked.code, asked.stdout], [2, ""])
      assert.match(
        asked.stderr,
        /^stuck is alive: .*\nTake back 3 deliveries of school\? 1 delivery that may have been sent will be unknown\. Nobody can be asked here: add --yes\.\n$/u
      )
      const rescued = yield* queue("rescue", "--workspace", "school", "--yes")
      assert.strictEqual(
        rescued.stdout,
        "2 deliveries of school are rescued: due as before, uncharged. 1 delivery may have been sent, and is unknown. " +
          "stuck has lost it, and takes it again within seconds.\n"
      )
      const { held, owner } = yield* ledger.holding(workspaceId)
      assert.deepStrictEqual([held.normal, owner], [0, null])
      const again = yield* queue("rescue", "--workspace", "school", "--yes", "--json")
      assert.deepStrictEqual(Program.lastJson(again), { workspace: "school", rescued: 0, unknown: 0, owner: null })
    }).pipe(Effect.scoped, Effect.provide(layer))
  )
})
