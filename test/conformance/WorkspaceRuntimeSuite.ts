/**
 * The one meaning of "a WorkspaceRuntime". Every implementation passes it unchanged, on stores and a clock of the test's.
 */
import { assert, describe, it } from "@effect/vitest"
import { CampaignId } from "@fibercast/domain/Campaign"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { type Runtime } from "@fibercast/engine/Engine"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { CampaignNotFound } from "@fibercast/ports/CampaignStore"
import { Ledger, LedgerUnavailable } from "@fibercast/ports/Ledger"
import { Signal } from "@fibercast/ports/Signal"
import {
  type Command,
  type LaneCommand,
  WorkspaceRuntime,
  WorkspaceUnavailable
} from "@fibercast/ports/WorkspaceRuntime"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as Interposed from "@fibercast/testkit/Interposed"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { Clock, Effect, Fiber, Layer, Schema, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { Announce, launchTo, now, phone, sendTimes, sentTo } from "../engine/internal/Broadcasts.ts"

/** Nodes are made from the runtime by the sentence itself: some are about how they begin and end. */
export interface Sentence {
  readonly says: string
  readonly holds: (runtime: Runtime<never>) => Effect.Effect<void, unknown, Scope.Scope>
}

const Reminder = Pipeline.make("reminder", { payload: Schema.String, retry: RetryPolicy.never }).pipe(
  Pipeline.map((to) => ({ to, text: "Remember" })),
  Pipeline.send(FakeMessenger.FakeMessenger)
)

/** Longer than any runtime takes to find its feet, and to look for work. */
const settled = TestClock.adjust("5 seconds")

const node = (runtime: Runtime<never>, settings?: TestEngine.Options<never>["settings"]) =>
  Effect.tap(TestNode.make({ pipelines: [Announce, Reminder], runtime, settings }), settled)

type Node = Effect.Success<ReturnType<typeof node>>

const running = ({ use }: Node) => use(Effect.flatMap(WorkspaceRuntime, (runtime) => runtime.running))

const dispatch = ({ use }: Node, workspaceId: WorkspaceId, n = 0) =>
  Effect.andThen(use(Pipeline.dispatch(Reminder, { workspaceId, payload: phone(n) })), TestEngine.catchUp)

/** What is answered, when the clock has moved for as long as it takes. */
const asked = Effect.fnUntraced(function* ({ use }: Node, workspaceId: WorkspaceId, command: Command) {
  const ask = Effect.flatMap(WorkspaceRuntime, (runtime) => runtime.ask(workspaceId, command))
  const asking = yield* Effect.forkChild(Effect.exit(use(ask)))
  yield* TestClock.adjust("1 minute")
  return yield* yield* Fiber.join(asking)
})

/** The same of lanes. */
const askedLanes = Effect.fnUntraced(function* ({ use }: Node, workspaceId: WorkspaceId, command: LaneCommand) {
  const ask = Effect.flatMap(WorkspaceRuntime, (runtime) => runtime.askLanes(workspaceId, command))
  const asking = yield* Effect.forkChild(Effect.exit(use(ask)))
  yield* TestClock.adjust("1 minute")
  return yield* yield* Fiber.join(asking)
})

const pause = (campaignId: CampaignId): Command => ({ _tag: "Pause", campaignId, note: "a test" })

/** What happens before a call to the stores, by the name of the call; for claims, also whose. */
type Before = (operation: string, workspaceId: WorkspaceId | null) => Effect.Effect<void, LedgerUnavailable>

const world = (before: Before) => {
  const claims = Layer.effect(
    Ledger,
    Effect.map(Ledger, (ledger) =>
      Ledger.of({
        ...ledger,
        claim: (claim) => Effect.andThen(before("claim of", claim.workspaceId), ledger.claim(claim))
      })
    )
  )
  const stores = Interposed.layerStores({ before: (operation) => before(operation, null) })
  return Layer.merge(
    claims.pipe(Layer.provideMerge(stores), Layer.provideMerge(TestEngine.layerStores())),
    FakeMessenger.FakeMessenger.layer(() => FakeMessenger.delay("1 second"))
  )
}

type World = Layer.Success<ReturnType<typeof world>>

const sentence = (
  says: string,
  holds: (runtime: Runtime<never>) => Effect.Effect<void, unknown, World | Scope.Scope>,
  before: Before = () => Effect.void
): Sentence => ({ says, holds: (runtime) => Effect.provide(holds(runtime), world(before)) })

const hours = 3_600_000

const beginnings: ReadonlyArray<Sentence> = [
  sentence("work that is due starts an actor, which does it", (runtime) =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const only = yield* node(runtime)
      yield* dispatch(only, workspaceId)
      yield* settled
      assert.deepStrictEqual(yield* running(only), [workspaceId])
      assert.deepStrictEqual(yield* sentTo, [phone(0)])
    })
  ),
  sentence("a workspace without work has no actor", (runtime) =>
    Effect.gen(function* () {
      yield* TestEngine.workspace("quiet")
      const only = yield* node(runtime)
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(yield* running(only), [])
    })
  ),
  sentence("an actor without work ends, and new work starts another", (runtime) =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const only = yield* node(runtime)
      yield* dispatch(only, workspaceId)
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(yield* running(only), [])
      yield* dispatch(only, workspaceId, 1)
      yield* settled
      assert.deepStrictEqual(yield* running(only), [workspaceId])
      assert.deepStrictEqual(yield* sentTo, [phone(0), phone(1)])
    })
  ),
  sentence("a signal is enough: work begins at once, with an actor there or not", (runtime) =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const only = yield* node(runtime, { sweep: 10 * hours, poll: 10 * hours })
      yield* dispatch(only, workspaceId)
      const begun = yield* Clock.currentTimeMillis
      yield* TestClock.adjust("1 minute")
      yield* dispatch(only, workspaceId, 1)
      assert.deepStrictEqual(yield* sendTimes, [begun, begun + 60_000])
    })
  )
]

const commands: ReadonlyArray<Sentence> = [
  sentence("a command reaches the actor that runs, and says how it went", (runtime) =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const only = yield* node(runtime, { concurrency: 10 })
      const campaign = yield* only.use(launchTo(workspaceId, 100))
      yield* TestClock.adjust("2500 millis")
      const open = (yield* (yield* FakeMessenger.FakeMessenger).sent).filter(({ result }) => result === "open").length
      const silence = yield* asked(only, workspaceId, pause(campaign.id))
      assert.strictEqual(silence.status, "paused")
      assert.isAbove(open, 5)
      assert.strictEqual(silence.escaped, open)
      assert.isAbove(silence.millis, 0)
      assert.isAtMost(silence.millis, 1000)
    })
  ),
  sentence("a pause of lanes reaches the actor that runs, holds, and says how it went; a resume goes on", (runtime) =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const only = yield* node(runtime, { concurrency: 10 })
      const { spec } = yield* only.use(launchTo(workspaceId, 100))
      const lanes = [spec.lane] as const
      yield* TestClock.adjust("2500 millis")
      const messenger = yield* FakeMessenger.FakeMessenger
      const open = (yield* messenger.sent).filter(({ result }) => result === "open").length
      const quiet = yield* askedLanes(only, workspaceId, { _tag: "PauseLanes", lanes, note: "a test" })
      assert.isAbove(open, 5)
      assert.strictEqual(quiet.escaped, open)
      assert.isAbove(quiet.millis, 0)
      assert.isAtMost(quiet.millis, 1000)
      const sent = (yield* messenger.sent).length
      const { paused } = yield* (yield* WorkspaceStore).get(workspaceId)
      assert.deepStrictEqual([paused?.lanes, paused?.note], [[spec.lane], "a test"])
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* messenger.sent).length, sent)
      const resumed = yield* askedLanes(only, workspaceId, { _tag: "ResumeLanes", lanes })
      assert.deepStrictEqual(resumed, { millis: 0, escaped: 0 })
      assert.strictEqual((yield* messenger.sent).length, 100)
    })
  ),
  sentence("a command starts the actor that it needs", (runtime) =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const only = yield* node(runtime)
      const campaign = yield* only.use(launchTo(workspaceId, 5, { at: { wallTime: "1970-01-02 00:00", zone: "UTC" } }))
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* running(only), [])
      const silence = yield* asked(only, workspaceId, pause(campaign.id))
      assert.deepStrictEqual(silence, { status: "paused", millis: 0, escaped: 0, cancelled: 0 })
    })
  ),
  sentence("a campaign that does not exist is answered as that", (runtime) =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const only = yield* node(runtime)
      const missing = CampaignId.make(4711)
      const error = yield* Effect.flip(asked(only, workspaceId, pause(missing)))
      assert.deepStrictEqual(error, new CampaignNotFound({ campaignId: missing }))
    })
  ),
  sentence("a workspace that does not exist, or is set aside, answers why", (runtime) =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const only = yield* node(runtime)
      const campaign = yield* only.use(launchTo(workspaceId, 5))
      yield* TestClock.adjust("2 minutes")
      yield* (yield* WorkspaceStore).setQuarantine(workspaceId, "it crashed")
      const unknown = WorkspaceId.make(4711)
      for (const [id, reason] of [
        [workspaceId, "it is set aside: it crashed"],
        [unknown, "there is no such workspace"]
      ] as const) {
        const error = yield* Effect.flip(asked(only, id, pause(campaign.id)))
        assert.deepStrictEqual(error, new WorkspaceUnavailable({ workspaceId: id, reason }))
      }
      assert.deepStrictEqual(yield* running(only), [])
    })
  ),
  (() => {
    let isDown = false
    const down = new LedgerUnavailable({ operation: "answer", cause: new Error("the cable is out") })
    return sentence(
      "a ledger that cannot be reached is answered as that",
      (runtime) =>
        Effect.gen(function* () {
          isDown = false
          const workspaceId = yield* TestEngine.workspace()
          const only = yield* node(runtime)
          isDown = true
          const error = yield* Effect.flip(asked(only, workspaceId, pause(CampaignId.make(1))))
          assert.instanceOf(error, LedgerUnavailable)
          assert.strictEqual(error.message, down.message)
        }),
      () => Effect.suspend(() => (isDown ? Effect.fail(down) : Effect.void))
    )
  })()
]

const endings: ReadonlyArray<Sentence> = [
  (() => {
    let crashes = 0
    let weak: WorkspaceId | null = null
    return sentence(
      "an actor that crashes is restarted on its own, and no other notices",
      (runtime) =>
        Effect.gen(function* () {
          crashes = 0
          weak = yield* TestEngine.workspace("weak")
          const well = yield* TestEngine.workspace("well")
          const only = yield* node(runtime)
          const begun = yield* Clock.currentTimeMillis
          for (let n = 0; n < 3; n++) {
            yield* dispatch(only, weak, n)
            yield* dispatch(only, well, 10 + n)
          }
          yield* TestClock.adjust("20 seconds")
          assert.strictEqual(crashes, 3)
          assert.deepStrictEqual(
            [...(yield* running(only))].toSorted((a, b) => a - b),
            [weak, well]
          )
          const sent = yield* (yield* FakeMessenger.FakeMessenger).sent
          assert.sameMembers(
            sent.map(({ to }) => to),
            [0, 1, 2, 10, 11, 12].map(phone)
          )
          const others = sent.filter(({ to }) => [10, 11, 12].map(phone).includes(to))
          for (const { at } of others) assert.isAtMost(at, begun + 1000)
        }),
      (operation, workspaceId) =>
        Effect.suspend(() => {
          if (operation !== "claim of" || workspaceId !== weak || crashes === 3) return Effect.void
          crashes++
          return Effect.die(new Error("a row that cannot be read"))
        })
    )
  })(),
  (() => {
    let takeOvers = 0
    return sentence(
      "however often it is woken, a workspace has one actor",
      (runtime) =>
        Effect.gen(function* () {
          takeOvers = 0
          const workspaceId = yield* TestEngine.workspace()
          const only = yield* node(runtime)
          yield* only.use(launchTo(workspaceId, 20))
          const { notify } = yield* Signal
          for (let n = 0; n < 50; n++) yield* notify(workspaceId)
          yield* settled
          assert.strictEqual(takeOvers, 1)
          assert.strictEqual((yield* sentTo).length, 20)
        }),
      (operation) => Effect.sync(() => void (takeOvers += operation === "takeOver" ? 1 : 0))
    )
  })(),
  sentence("a runtime that is closed lets its sends end, gives the rest back, and gives its workspaces up", (runtime) =>
    Effect.gen(function* () {
      const workspaceId = yield* TestEngine.workspace()
      const first = yield* node(runtime, { concurrency: 10, drain: 25_000 })
      const campaign = yield* first.use(launchTo(workspaceId, 100, { guarantee: "at-most-once" }))
      yield* TestClock.adjust("2500 millis")
      const stopping = yield* Effect.forkChild(first.stop)
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(stopping)
      const ended = (yield* (yield* FakeMessenger.FakeMessenger).sent).length
      const { counts } = yield* now(campaign)
      assert.deepStrictEqual([counts.completed, counts.unknown, counts.open], [ended, 0, 100 - ended])
      const at = yield* Clock.currentTimeMillis
      const due = yield* (yield* Ledger).dueWorkspaces({ by: at, now: at, limit: 10 })
      assert.deepStrictEqual(due, [{ workspaceId, owner: null, ownedUntil: null }])

      yield* node(runtime, { concurrency: 10 })
      yield* TestClock.adjust("1 minute")
      yield* Expect.balanced(workspaceId, campaign.id)
      assert.strictEqual((yield* now(campaign)).status, "completed")
      assert.strictEqual(new Set(yield* sentTo).size, (yield* sentTo).length)
    })
  )
]

export const sentences: ReadonlyArray<Sentence> = [...beginnings, ...commands, ...endings]

export const suite = (name: string, runtime: Runtime<never>): void => {
  describe(`WorkspaceRuntime (${name})`, () => {
    for (const { holds, says } of sentences) it.effect(says, () => holds(runtime))
  })
}
