/**
 * Whatever providers answer, and whatever happens to nodes and campaigns, in whatever order: a campaign's counts
 * add up at every step, everybody gets one final state, and at-most-once never risks a second message.
 */
import { type Guarantee } from "@fibercast/domain/Campaign"
import { DeliveryId } from "@fibercast/domain/Delivery"
import { Campaigns } from "@fibercast/engine/Campaigns"
import * as Deliveries from "@fibercast/engine/Deliveries"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestNode from "@fibercast/testkit/TestNode"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { forAll } from "../conformance/Property.ts"
import { Announce, launchTo, now, world } from "./internal/Broadcasts.ts"
import { answerOf, Kind, refusals } from "./internal/ProviderAnswers.ts"

const people = 12
const settings = { concurrency: 4, window: 8, batch: 4 }

const Step = Schema.Literals([
  "second",
  "minute",
  "pause",
  "resume",
  "kill",
  "stop",
  "freeze",
  "recall",
  "force",
  "second",
  "minute"
])

const History = Schema.Struct({ answers: Schema.Array(Kind), steps: Schema.Array(Step) })
type History = typeof History.Type

const live = Effect.fnUntraced(function* ({ answers, steps }: History, guarantee: Guarantee) {
  const workspaceId = yield* TestEngine.workspace()
  const start = TestNode.make({ pipelines: [Announce], settings, alone: true })
  let node = yield* start
  const { id } = yield* node.use(launchTo(workspaceId, people, { guarantee }))
  const command = (name: "pause" | "resume") =>
    node
      .use(Effect.flatMap(Campaigns, (campaigns) => Effect.asVoid(campaigns[name](workspaceId, id))))
      .pipe(Effect.exit, Effect.forkScoped)
  for (const step of steps) {
    switch (step) {
      case "second":
        yield* TestClock.adjust("1 second")
        break
      case "minute":
        yield* TestClock.adjust("1 minute")
        break
      case "pause":
      case "resume":
        yield* command(step)
        yield* TestEngine.catchUp
        break
      case "recall":
      case "force": {
        const ids = (step === "force" ? [1n, 5n] : [2n, 6n, 10n]).map((id) => DeliveryId.make(id))
        yield* Deliveries.recall(ids, { workspaceId, reason: "a mistake", force: step === "force" })
        break
      }
      case "freeze": {
        const frozen = node
        yield* frozen.freeze
        node = yield* start
        yield* TestClock.adjust("20 seconds")
        yield* frozen.thaw
        yield* TestClock.adjust("1 second")
        yield* frozen.stop
        break
      }
      default:
        yield* node[step]
        node = yield* start
    }
    yield* Expect.balanced(workspaceId, id)
  }
  /** Each answer may hold the campaign once more. */
  for (let round = 0; round < answers.length + 3; round++) {
    if ((yield* now({ id, workspaceId })).status === "completed") break
    yield* command("resume")
    yield* TestClock.adjust("3 minutes")
    yield* Expect.balanced(workspaceId, id)
  }

  const { counts, status } = yield* now({ id, workspaceId })
  const calls = yield* (yield* FakeMessenger.FakeMessenger).sent
  assert.strictEqual(status, "completed")
  assert.deepInclude(counts, { planned: people, open: 0 })
  const accepted = new Set(calls.filter(({ result }) => result === "accepted").map(({ to }) => to))
  if (guarantee === "at-least-once") return assert.isAtLeast(accepted.size, counts.completed)
  for (const call of calls) {
    const isLast = !calls.some(({ number, to }) => to === call.to && number > call.number)
    const kind = answers[call.number - 1] ?? "accept"
    const isRefused = call.result === "failed" && refusals.has(kind)
    assert.isTrue(
      isLast || isRefused,
      `${call.to} was sent to again after call ${call.number} (${kind}, ${call.result})`
    )
  }
})

describe("Whatever happens", () => {
  for (const guarantee of ["at-least-once", "at-most-once"] as const) {
    it.effect(
      `${guarantee}: counts add up at every step, and everybody has one final state in the end`,
      () =>
        forAll(Arbitrary.schema(History), 40, (history) => {
          const script: FakeMessenger.Script = ({ number }) => answerOf(history.answers[number - 1] ?? "accept")
          return Effect.scoped(live(history, guarantee)).pipe(Effect.provide(world(script)))
        }),
      120_000
    )
  }
})
