import { AccountGates } from "@fibercast/engine/AccountGates"
import { type Limits } from "@fibercast/domain/Limits"
import { type Alert } from "@fibercast/ports/Alert"
import { Alerts } from "@fibercast/ports/Alerts"
import { type Accepted, type Messenger, SendFailed } from "@fibercast/ports/Messenger"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Context, Effect, Exit, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"

type Answer = Effect.Effect<Accepted, SendFailed>

const accepted: Answer = Effect.succeed({ providerId: "p1" })
const refused = (errorClass: SendFailed["errorClass"], retryAfter?: number) =>
  Effect.fail(
    new SendFailed({ errorClass, reason: `said ${errorClass}`, ...(retryAfter === undefined ? {} : { retryAfter }) })
  )

/** A provider that answers what the test tells it to, and remembers when it was asked. */
const provider = (limits: Limits = {}, account = "fonnte:default") => {
  const script: { answer: Answer; probe: Effect.Effect<void, SendFailed> } = { answer: accepted, probe: Effect.void }
  const sends: Array<number> = []
  const probes: Array<number> = []
  let open = 0
  let mostOpen = 0
  const messenger: Messenger = {
    provider: "fonnte",
    account,
    limits,
    send: () =>
      Effect.gen(function* () {
        sends.push(yield* Clock.currentTimeMillis)
        mostOpen = Math.max(mostOpen, ++open)
        return yield* script.answer
      }).pipe(Effect.ensuring(Effect.sync(() => open--))),
    probe: Effect.gen(function* () {
      probes.push(yield* Clock.currentTimeMillis)
      yield* script.probe
    })
  }
  return { messenger, script, sends, probes, open: () => open, mostOpen: () => mostOpen }
}

/** Gates of their own for each test, the alerts they raised, and a send whose answer is one word. */
const makeGates = Effect.gen(function* () {
  const alerts: Array<Alert> = []
  const layer = Layer.succeed(
    Alerts,
    Alerts.of({
      raise: (alert) =>
        Effect.sync(() => {
          alerts.push(alert)
        })
    })
  )
  const gates = Context.get(yield* Layer.build(Layer.provide(AccountGates.layer, layer)), AccountGates)
  const send = (messenger: Messenger) =>
    gates.send(messenger, { to: "+6281234567890", text: "Hello" }, { deliveryId: 1n, attempt: 1, workspaceId: 7 })
  /** `sent`, the class of the failure, or until when the account is closed. */
  const word = (messenger: Messenger) =>
    Effect.match(send(messenger), {
      onSuccess: () => "sent",
      onFailure: (error) => (error._tag === "AccountClosed" ? `closed until ${error.until}` : error.errorClass)
    })
  const words = (messenger: Messenger, count: number) =>
    Effect.forEach(
      Array.from({ length: count }, (_, index) => index),
      () => word(messenger)
    )
  return { gates, alerts, send, word, words }
})

describe("AccountGates", () => {
  it.effect("passes the messenger's answer through", () =>
    Effect.gen(function* () {
      const { send, word, alerts } = yield* makeGates
      const { messenger, script } = provider()
      assert.deepStrictEqual(yield* send(messenger), { providerId: "p1" })
      script.answer = refused("recipientPermanent")
      assert.strictEqual(yield* word(messenger), "recipientPermanent")
      assert.deepStrictEqual(alerts, [])
    })
  )

  it.effect("an unreachable device costs two sends, not a campaign, and raises one alert", () =>
    Effect.gen(function* () {
      const { words, alerts, gates } = yield* makeGates
      const { messenger, script, sends } = provider()
      script.answer = refused("accountTransient")
      const answers = yield* words(messenger, 244)
      assert.deepStrictEqual(answers.slice(0, 3), ["accountTransient", "accountTransient", "closed until 5000"])
      assert.strictEqual(sends.length, 2)
      assert.deepStrictEqual(alerts, [
        { _tag: "AccountBroken", workspaceId: 7, account: "fonnte:default", reason: "said accountTransient" }
      ])
      assert.deepStrictEqual(yield* gates.status, [
        { account: "fonnte:default", state: "open", until: 5000, reason: "said accountTransient" }
      ])
    })
  )

  it.effect("it costs two sends also when the campaign starts all at once", () =>
    Effect.gen(function* () {
      const { word } = yield* makeGates
      const { messenger, script, sends } = provider()
      script.answer = Effect.andThen(Effect.sleep(100), refused("accountTransient"))
      const senders = yield* Effect.forEach(Array.from({ length: 244 }), () => Effect.forkChild(word(messenger)))
      yield* TestClock.adjust(200)
      const answers = yield* Fiber.joinAll(senders)
      assert.strictEqual(sends.length, 2)
      assert.strictEqual(answers.filter((answer) => answer === "closed until 5100").length, 242)
    })
  )

  it.effect("once a send succeeded the account takes as many at once as its limit says", () =>
    Effect.gen(function* () {
      const { word } = yield* makeGates
      const { messenger, script, mostOpen } = provider({ inFlight: 5 })
      script.answer = Effect.andThen(Effect.sleep(10), accepted)
      const senders = yield* Effect.forEach(Array.from({ length: 50 }), () => Effect.forkChild(word(messenger)))
      yield* TestClock.adjust(9)
      assert.strictEqual(mostOpen(), 2)
      yield* TestClock.adjust(1000)
      const answers = yield* Fiber.joinAll(senders)
      assert.isTrue(answers.every((answer) => answer === "sent"))
      assert.strictEqual(mostOpen(), 5)
    })
  )

  it.effect("when the wait is over exactly one caller probes, the others are refused", () =>
    Effect.gen(function* () {
      const { word, words } = yield* makeGates
      const { messenger, script, sends, probes } = provider()
      script.answer = refused("accountTransient")
      yield* words(messenger, 3)
      script.answer = accepted
      script.probe = Effect.sleep(50)
      yield* TestClock.adjust(4999)
      assert.strictEqual(yield* word(messenger), "closed until 5000")
      assert.deepStrictEqual(probes, [])
      yield* TestClock.adjust(1)
      const callers = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(word(messenger)))
      yield* TestClock.adjust(50)
      assert.deepStrictEqual(yield* Fiber.joinAll(callers), ["sent", "closed until 6000", "closed until 6000"])
      assert.deepStrictEqual(probes, [5000])
      assert.strictEqual(sends.length, 3)
      assert.deepStrictEqual(yield* words(messenger, 3), ["sent", "sent", "sent"])
    })
  )

  it.effect("a failed probe sends nothing, doubles the wait and raises no second alert", () =>
    Effect.gen(function* () {
      const { word, words, alerts } = yield* makeGates
      const { messenger, script, sends, probes } = provider()
      script.answer = refused("accountTransient")
      script.probe = refused("accountTransient")
      yield* words(messenger, 2)
      yield* TestClock.setTime(5000)
      assert.strictEqual(yield* word(messenger), "closed until 15000")
      yield* TestClock.setTime(15_000)
      assert.strictEqual(yield* word(messenger), "closed until 35000")
      assert.deepStrictEqual(probes, [5000, 15_000])
      assert.strictEqual(sends.length, 2)
      assert.strictEqual(alerts.length, 1)
    })
  )

  it.effect("a probe that never answers counts as failed after ten seconds", () =>
    Effect.gen(function* () {
      const { word, words } = yield* makeGates
      const { messenger, script } = provider()
      script.answer = refused("accountTransient")
      script.probe = Effect.never
      yield* words(messenger, 2)
      yield* TestClock.setTime(5000)
      const prober = yield* Effect.forkChild(word(messenger))
      yield* TestClock.adjust(10_000)
      assert.strictEqual(yield* Fiber.join(prober), "closed until 25000")
    })
  )

  it.effect("a probe that crashes counts as failed", () =>
    Effect.gen(function* () {
      const { word, words } = yield* makeGates
      const { messenger, script } = provider()
      script.answer = refused("accountTransient")
      script.probe = Effect.die("bug")
      yield* words(messenger, 2)
      yield* TestClock.setTime(5000)
      assert.strictEqual(yield* word(messenger), "closed until 15000")
    })
  )

  it.effect("an interrupted probe leaves the next caller to probe", () =>
    Effect.gen(function* () {
      const { word, words } = yield* makeGates
      const { messenger, script, probes } = provider()
      script.answer = refused("accountTransient")
      script.probe = Effect.never
      yield* words(messenger, 2)
      yield* TestClock.setTime(5000)
      const prober = yield* Effect.forkChild(word(messenger))
      yield* TestClock.adjust(10)
      yield* Fiber.interrupt(prober)
      script.probe = Effect.void
      script.answer = accepted
      assert.strictEqual(yield* word(messenger), "sent")
      assert.deepStrictEqual(probes, [5000, 5010])
    })
  )

  it.effect("a new outage after a success raises a new alert", () =>
    Effect.gen(function* () {
      const { words, alerts } = yield* makeGates
      const { messenger, script } = provider()
      script.answer = refused("accountTransient")
      yield* words(messenger, 2)
      yield* TestClock.setTime(5000)
      script.answer = accepted
      yield* words(messenger, 1)
      script.answer = refused("accountTransient")
      yield* words(messenger, 3)
      assert.strictEqual(alerts.length, 2)
    })
  )

  it.effect("a refused account stays closed until an operator resets it", () =>
    Effect.gen(function* () {
      const { send, word, alerts, gates } = yield* makeGates
      const { messenger, script, sends, probes } = provider()
      script.answer = refused("accountFatal")
      assert.strictEqual(yield* word(messenger), "accountFatal")
      yield* TestClock.adjust("30 days")
      const error = yield* Effect.flip(send(messenger))
      assert.strictEqual(error._tag, "AccountClosed")
      assert.deepInclude(error, {
        errorClass: "accountFatal",
        until: Infinity,
        account: "fonnte:default",
        reason: "said accountFatal"
      })
      assert.strictEqual(sends.length + probes.length, 1)
      assert.strictEqual(alerts.length, 1)
      yield* gates.reset("fonnte:default")
      yield* gates.reset("nobody:knows")
      script.answer = accepted
      assert.strictEqual(yield* word(messenger), "sent")
      assert.deepStrictEqual(yield* gates.status, [
        { account: "fonnte:default", state: "closed", until: null, reason: "" }
      ])
    })
  )

  it.effect("twenty failures in a row that are nobody's fault close the account for a while", () =>
    Effect.gen(function* () {
      const { words } = yield* makeGates
      const { messenger, script, sends } = provider()
      script.answer = refused("transient")
      const answers = yield* words(messenger, 21)
      assert.strictEqual(sends.length, 20)
      assert.strictEqual(answers.at(-1), "closed until 5000")
    })
  )

  it.effect("accounts do not disturb each other", () =>
    Effect.gen(function* () {
      const { word, words } = yield* makeGates
      const broken = provider({}, "fonnte:broken")
      const fine = provider({}, "fonnte:fine")
      broken.script.answer = refused("accountFatal")
      yield* words(broken.messenger, 2)
      assert.strictEqual(yield* word(fine.messenger), "sent")
    })
  )

  it.effect("a rateLimited answer pauses the whole account until the provider wants it again", () =>
    Effect.gen(function* () {
      const { word, words } = yield* makeGates
      const { messenger, script, sends } = provider()
      script.answer = refused("rateLimited", 30_000)
      assert.deepStrictEqual(yield* words(messenger, 3), ["rateLimited", "closed until 30000", "closed until 30000"])
      script.answer = accepted
      yield* TestClock.adjust(30_000)
      assert.strictEqual(yield* word(messenger), "sent")
      assert.deepStrictEqual(sends, [0, 30_000])
    })
  )

  it.effect("the account's rate holds over concurrent senders", () =>
    Effect.gen(function* () {
      const { word } = yield* makeGates
      const { messenger, sends } = provider({ rate: { permits: 10, per: 1000 } })
      const senders = yield* Effect.forEach(Array.from({ length: 8 }), () => Effect.forkChild(word(messenger)))
      yield* TestClock.adjust(1000)
      const answers = yield* Fiber.joinAll(senders)
      assert.isTrue(answers.every((answer) => answer === "sent"))
      assert.deepStrictEqual(sends, [0, 100, 200, 300, 400, 500, 600, 700])
    })
  )

  it.effect("a send that would wait more than a second for the rate is refused at once, uncharged", () =>
    Effect.gen(function* () {
      const { word, words } = yield* makeGates
      const slow = provider({ rate: { permits: 1, per: 2000 } })
      assert.deepStrictEqual(yield* words(slow.messenger, 3), ["sent", "closed until 2000", "closed until 2000"])
      yield* TestClock.adjust(2000)
      assert.strictEqual(yield* word(slow.messenger), "sent")
      assert.deepStrictEqual(slow.sends, [0, 2000])
    })
  )

  it.effect("no more senders wait for the rate than it lets through in a second", () =>
    Effect.gen(function* () {
      const { word } = yield* makeGates
      const { messenger, script, sends } = provider({ rate: { permits: 4, per: 1000 } })
      yield* word(messenger)
      script.answer = Effect.andThen(Effect.sleep(1), accepted)
      const senders = yield* Effect.forEach(Array.from({ length: 20 }), () => Effect.forkChild(word(messenger)))
      yield* TestClock.adjust(2000)
      const answers = yield* Fiber.joinAll(senders)
      assert.strictEqual(answers.filter((answer) => answer === "sent").length, 4)
      assert.deepStrictEqual(sends, [0, 250, 500, 750, 1000])
    })
  )

  it.effect("who waits for the rate when the account breaks is refused without a send", () =>
    Effect.gen(function* () {
      const { word } = yield* makeGates
      const { messenger, script, sends } = provider({ rate: { permits: 10, per: 1000 } })
      yield* word(messenger)
      script.answer = refused("accountFatal")
      const senders = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(word(messenger)))
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(yield* Fiber.joinAll(senders), [
        "accountFatal",
        "closed until Infinity",
        "closed until Infinity"
      ])
      assert.strictEqual(sends.length, 2)
    })
  )

  it.effect("an interrupted send gives its place back and says nothing about the account", () =>
    Effect.gen(function* () {
      const { word, gates } = yield* makeGates
      const { messenger, script, open } = provider({ inFlight: 1 })
      script.answer = Effect.never
      const sending = yield* Effect.forkChild(word(messenger))
      const waiting = yield* Effect.forkChild(word(messenger))
      yield* TestClock.adjust(1)
      assert.strictEqual(open(), 1)
      yield* Fiber.interrupt(waiting)
      yield* Fiber.interrupt(sending)
      script.answer = accepted
      assert.strictEqual(yield* word(messenger), "sent")
      const [status] = yield* gates.status
      assert.strictEqual(status?.state, "closed")
    })
  )

  it.effect("who is interrupted while waiting for the rate was not charged and leaves its turn to others", () =>
    Effect.gen(function* () {
      const { word } = yield* makeGates
      const { messenger, sends } = provider({ rate: { permits: 2, per: 1000 } })
      yield* word(messenger)
      const waiting = yield* Effect.forEach([1, 2], () => Effect.forkChild(word(messenger)))
      yield* TestClock.adjust(100)
      yield* Fiber.interruptAll(waiting)
      const next = yield* Effect.forkChild(word(messenger))
      yield* TestClock.adjust(400)
      assert.strictEqual(yield* Fiber.join(next), "sent")
      assert.deepStrictEqual(sends, [0, 500])
    })
  )

  it.effect("changed limits hold from the next send on", () =>
    Effect.gen(function* () {
      const { word, words } = yield* makeGates
      const before = provider()
      yield* words(before.messenger, 3)
      const after = provider({ rate: { permits: 1, per: 5000 } })
      assert.strictEqual(yield* word(after.messenger), "sent")
      assert.strictEqual(yield* word(after.messenger), "closed until 5000")
      assert.strictEqual(yield* word(before.messenger), "sent")
    })
  )

  it.effect("a messenger that crashes is a defect of that send alone", () =>
    Effect.gen(function* () {
      const { send, word } = yield* makeGates
      const { messenger, script } = provider({ inFlight: 1 })
      script.answer = Effect.die("bug")
      const exit = yield* Effect.exit(send(messenger))
      assert.deepStrictEqual(Exit.isFailure(exit) ? exit.cause : null, Cause.die("bug"))
      script.answer = accepted
      assert.strictEqual(yield* word(messenger), "sent")
    })
  )
})
