/**
 * Whatever providers answer, and whatever happens to engines, senders and campaigns, in whatever order: counts add up at
 * every step, everybody gets one final state, at-most-once never risks a second message, and at-least-once sends one only
 * where something crashed or an answer left it in doubt.
 */
import { type Guarantee } from "@fibercast/domain/Campaign"
import { DeliveryId } from "@fibercast/domain/Delivery"
import { Campaigns } from "@fibercast/engine/Campaigns"
import * as Deliveries from "@fibercast/engine/Deliveries"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import * as TestSenders from "@fibercast/testkit/TestSenders"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Fiber, Layer, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"
import { forAll } from "../conformance/Property.ts"
import { Announce, launchTo, now, world } from "./internal/Broadcasts.ts"
import { answerOf, Kind, refusals } from "./internal/ProviderAnswers.ts"

const people = 12
const settings = { concurrency: 4, window: 8, batch: 4, drain: 6000 }
const sender = { capacity: 4, drain: 3000 }

const Step = Schema.Literals([
  "second",
  "half a minute",
  "pause",
  "resume",
  "kill the engine",
  "stop the engine",
  "freeze the engine",
  "kill a sender",
  "stop a sender",
  "freeze a sender",
  "recall",
  "force",
  "second",
  "half a minute"
])

const History = Schema.Struct({
  answers: Schema.Array(Kind).check(Schema.isMaxLength(16)),
  steps: Schema.Array(Step).check(Schema.isMaxLength(16))
})
type History = typeof History.Type

const crashes: ReadonlySet<string> = new Set([
  "kill the engine",
  "freeze the engine",
  "kill a sender",
  "freeze a sender",
  "hang"
])

/** In steps that leave what goes from node to node time to arrive. */
const pass = (seconds: number) =>
  Effect.repeat(Effect.andThen(TestClock.adjust("1 second"), TestEngine.catchUp), { times: seconds - 1 })

/** Time goes on while what still runs comes to its end. */
const drained = Effect.fnUntraced(function* <A, E, R>(effect: Effect.Effect<A, E, R>) {
  const scope = yield* Scope.make()
  const exit = yield* Effect.exit(Scope.provide(effect, scope))
  const closing = yield* Effect.forkChild(Scope.close(scope, exit))
  yield* pass(40)
  yield* Fiber.join(closing)
  return yield* exit
})

const live = Effect.fnUntraced(function* ({ answers, steps }: History, guarantee: Guarantee) {
  const workspaceId = yield* TestEngine.workspace()
  const startEngine = TestSenders.makeEngine({ pipelines: [Announce], settings })
  const startSender = TestSenders.makeSender({ pipelines: [Announce], sender })
  let engine = yield* startEngine
  const senders = [yield* startSender, yield* startSender]
  const { id } = yield* engine.use(launchTo(workspaceId, people, { guarantee }))
  const command = (name: "pause" | "resume") =>
    engine
      .use(Effect.flatMap(Campaigns, (campaigns) => Effect.asVoid(campaigns[name](workspaceId, id))))
      .pipe(Effect.exit, Effect.forkScoped)
  const replaceSender = Effect.gen(function* () {
    const old = senders.shift()
    senders.push(yield* startSender)
    if (old === undefined) return yield* Effect.die(new Error("there is always a sender"))
    return old
  })
  for (const step of steps) {
    switch (step) {
      case "second":
        yield* pass(1)
        break
      case "half a minute":
        yield* pass(30)
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
      case "kill the engine":
        yield* Effect.forkScoped(engine.kill)
        yield* TestEngine.catchUp
        engine = yield* startEngine
        break
      case "stop the engine":
        yield* Effect.forkScoped(engine.stop)
        yield* TestEngine.catchUp
        engine = yield* startEngine
        break
      case "freeze the engine": {
        const frozen = engine
        yield* frozen.freeze
        engine = yield* startEngine
        yield* pass(20)
        yield* frozen.thaw
        yield* pass(1)
        yield* Effect.forkScoped(frozen.stop)
        break
      }
      case "kill a sender":
        yield* Effect.forkScoped((yield* replaceSender).kill)
        yield* TestEngine.catchUp
        break
      case "stop a sender":
        yield* Effect.forkScoped((yield* replaceSender).stop)
        yield* TestEngine.catchUp
        break
      case "freeze a sender": {
        const frozen = yield* replaceSender
        yield* frozen.freeze
        yield* pass(15)
        yield* frozen.thaw
        yield* pass(15)
        yield* Effect.forkScoped(frozen.stop)
        break
      }
    }
    yield* Expect.balanced(workspaceId, id)
  }
  /** Each answer may hold the campaign once more. */
  for (let round = 0; round < answers.length + 6; round++) {
    if ((yield* now({ id, workspaceId })).status === "completed") break
    yield* command("resume")
    yield* pass(90)
    yield* Expect.balanced(workspaceId, id)
  }

  const { counts, status } = yield* now({ id, workspaceId })
  const calls = yield* (yield* FakeMessenger.FakeMessenger).sent
  assert.strictEqual(status, "completed", JSON.stringify(counts))
  assert.deepInclude(counts, { planned: people, open: 0 })
  const accepted = calls.filter(({ result }) => result === "accepted").map(({ to }) => to)
  if (guarantee === "at-least-once") {
    assert.isAtLeast(new Set(accepted).size, counts.completed)
    if (![...steps, ...answers].some((what) => crashes.has(what))) {
      assert.strictEqual(new Set(accepted).size, accepted.length, "sent twice although nothing crashed")
    }
    return
  }
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

describe("Whatever happens to engines and senders", () => {
  for (const guarantee of ["at-least-once", "at-most-once"] as const) {
    it.effect(
      `${guarantee}: counts add up at every step, and everybody has one final state in the end`,
      () =>
        forAll(Arbitrary.schema(History), 12, (history) => {
          const script: FakeMessenger.Script = ({ number }) => answerOf(history.answers[number - 1] ?? "accept")
          const apart = Layer.merge(world(script), TestSenders.layerBetween)
          return drained(live(history, guarantee)).pipe(Effect.provide(apart))
        }),
      120_000
    )
  }
})
