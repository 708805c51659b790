import * as Breaker from "@fibercast/domain/Breaker"
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import { assert, describe, it } from "@effect/vitest"

const fail = (breaker: Breaker.Breaker, errorClass: ErrorClass, now = 0) =>
  Breaker.failed(breaker, errorClass, "device disconnected", now)

const times = (count: number, errorClass: ErrorClass, from = Breaker.initial) =>
  Array.from({ length: count }).reduce<Breaker.Breaker>((breaker) => fail(breaker, errorClass), from)

const openAt = (now: number) => fail(fail(Breaker.initial, "accountTransient", now), "accountTransient", now)

describe("Breaker", () => {
  it("opens at the second unreachable answer in a row, for five seconds, with its reason", () => {
    const once = fail(Breaker.initial, "accountTransient", 1000)
    const twice = fail(once, "accountTransient", 1000)
    assert.strictEqual(once.state, "closed")
    assert.strictEqual(twice.state, "open")
    assert.strictEqual(twice.until, 6000)
    assert.strictEqual(twice.reason, "device disconnected")
  })

  it("a success between failures starts the count anew", () => {
    const interrupted = Breaker.succeeded(times(1, "accountTransient"))
    assert.strictEqual(fail(interrupted, "accountTransient").state, "closed")
    const almost = Breaker.succeeded(times(19, "transient"))
    assert.strictEqual(times(19, "transient", almost).state, "closed")
  })

  it("opens after twenty transient or unknown failures in a row", () => {
    assert.strictEqual(times(19, "transient").state, "closed")
    assert.strictEqual(times(20, "transient").state, "open")
    assert.strictEqual(fail(times(19, "transient"), "unknown").state, "open")
  })

  it.each<ErrorClass>(["recipientPermanent", "messagePermanent", "campaignPermanent", "rateLimited"])(
    "%s says nothing about the account",
    (errorClass) => {
      assert.deepStrictEqual(times(100, errorClass), Breaker.initial)
    }
  )

  it("a refused account opens at once and for good; only a new breaker closes it", () => {
    const broken = fail(Breaker.initial, "accountFatal")
    assert.isTrue(Breaker.isFatal(broken))
    assert.strictEqual(Breaker.probing(broken, Number.MAX_SAFE_INTEGER).state, "open")
    assert.strictEqual(Breaker.succeeded(broken).state, "open")
    assert.isTrue(Breaker.isFatal(fail(openAt(0), "accountFatal")))
  })

  it("lets a probe through when its wait is over, and not before", () => {
    const open = openAt(0)
    assert.strictEqual(Breaker.probing(open, 4999).state, "open")
    assert.strictEqual(Breaker.probing(open, 5000).state, "half-open")
    assert.strictEqual(Breaker.probing(Breaker.initial, 5000).state, "closed")
  })

  it("each failed probe doubles the wait, up to five minutes", () => {
    const waits: Array<number> = []
    let breaker = openAt(0)
    for (let round = 0; round < 8; round++) {
      const now = breaker.until
      breaker = Breaker.probeFailed(Breaker.probing(breaker, now), "accountTransient", "still off", now)
      waits.push(breaker.until - now)
    }
    assert.deepStrictEqual(waits, [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000])
    assert.strictEqual(breaker.reason, "still off")
  })

  it("a probe that says the account is refused opens it for good", () => {
    const refused = Breaker.probeFailed(Breaker.probing(openAt(0), 5000), "accountFatal", "token revoked", 5000)
    assert.isTrue(Breaker.isFatal(refused))
  })

  it("after an answered probe one failure opens again, for longer; one success ends the outage", () => {
    const answered = Breaker.probeSucceeded(Breaker.probing(openAt(0), 5000))
    assert.strictEqual(answered.state, "closed")
    const again = fail(answered, "accountTransient", 6000)
    assert.strictEqual(again.state, "open")
    assert.strictEqual(again.until, 16_000)
    assert.strictEqual(fail(answered, "transient", 6000).state, "open")
    const over = Breaker.succeeded(answered)
    assert.strictEqual(fail(over, "accountTransient").state, "closed")
    assert.strictEqual(fail(fail(over, "accountTransient", 0), "accountTransient", 0).until, 5000)
  })

  it("an abandoned probe leaves the next caller to probe", () => {
    const abandoned = Breaker.probeAbandoned(Breaker.probing(openAt(0), 5000))
    assert.strictEqual(Breaker.probing(abandoned, 5000).state, "half-open")
  })

  it("while open, ends of earlier sends change nothing", () => {
    const open = openAt(0)
    assert.strictEqual(fail(open, "accountTransient", 3000), open)
    assert.strictEqual(Breaker.succeeded(open), open)
  })

  it("an account that is not trusted gets no more open sends than it takes to find out", () => {
    assert.strictEqual(Breaker.openSends(Breaker.initial), 2)
    assert.strictEqual(Breaker.openSends(times(1, "accountTransient")), 1)
    const trusted = Breaker.succeeded(Breaker.initial)
    assert.strictEqual(Breaker.openSends(trusted), Infinity)
    assert.strictEqual(Breaker.openSends(fail(trusted, "accountTransient")), 1)
    assert.strictEqual(Breaker.openSends(Breaker.probeSucceeded(Breaker.probing(openAt(0), 5000))), 1)
  })

  it("an outage begins once: at its first opening, and when it turns out to be for good", () => {
    const before = times(1, "accountTransient")
    const open = fail(before, "accountTransient")
    assert.isFalse(Breaker.isOutage(Breaker.initial, before))
    assert.isTrue(Breaker.isOutage(before, open))
    const halfOpen = Breaker.probing(open, open.until)
    assert.isFalse(Breaker.isOutage(halfOpen, Breaker.probeFailed(halfOpen, "accountTransient", "off", 5000)))
    const answered = Breaker.probeSucceeded(halfOpen)
    assert.isFalse(Breaker.isOutage(answered, fail(answered, "accountTransient")))
    const refused = fail(open, "accountFatal")
    assert.isTrue(Breaker.isOutage(open, refused))
    assert.isFalse(Breaker.isOutage(refused, fail(refused, "accountFatal")))
  })
})
