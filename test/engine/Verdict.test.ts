import { CampaignId, type Guarantee } from "@fibercast/domain/Campaign"
import { type ClaimedDelivery, DeliveryId } from "@fibercast/domain/Delivery"
import { ErrorClass } from "@fibercast/domain/ErrorClass"
import { Outcome } from "@fibercast/domain/Outcome"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { type Try, verdict } from "@fibercast/engine/Verdict"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Exit } from "effect"
import * as fc from "fast-check"

const now = 1_700_000_000_000

const delivery: ClaimedDelivery = {
  id: DeliveryId.make(1n),
  pipeline: "test",
  lane: "normal",
  campaignId: null,
  attempt: 0,
  rescues: 0,
  batchId: null,
  dueAt: now,
  deadline: null,
  payload: "null"
}

const ofCampaign = { ...delivery, campaignId: CampaignId.make(3) }

const tried = (exit: Exit.Exit<unknown, unknown>, options: Partial<Try> = {}): Try => ({
  exit,
  timedOut: false,
  guarantee: "at-least-once",
  retry: RetryPolicy.after("1 minute", { tries: 2 }),
  delivery,
  now,
  chance: 0,
  ...options
})

const outcomeOf = (exit: Exit.Exit<unknown, unknown>, options: Partial<Try> = {}) =>
  verdict(tried(exit, options)).outcome

const failedWith = (errorClass: ErrorClass, more: object = {}) =>
  Exit.fail({ _tag: "Odd", errorClass, message: "it went wrong", ...more })

const atMostOnce: Partial<Try> = { guarantee: "at-most-once" }

const retriedBy = (deadline: number) => outcomeOf(failedWith("transient"), { delivery: { ...delivery, deadline } })._tag

const snoozeOf = (retryAfter: number | undefined, deadline: number | null = null) => {
  const outcome = outcomeOf(failedWith("rateLimited", { retryAfter }), { delivery: { ...delivery, deadline } })
  return outcome._tag === "Snoozed" ? outcome.after : outcome._tag
}

describe("Verdict", () => {
  it("completes with the provider's id, if the value has one", () => {
    assert.deepStrictEqual(outcomeOf(Exit.succeed({ providerId: "p" })), Outcome.Completed({ providerId: "p" }))
    for (const value of [undefined, null, 5, {}, { providerId: undefined }]) {
      assert.deepStrictEqual(outcomeOf(Exit.succeed(value)), Outcome.Completed({ providerId: null }))
    }
  })

  it("leaves in doubt what nobody answered, when the tries run out: it may have been done", () => {
    const last = { delivery: { ...delivery, attempt: 1 }, retry: RetryPolicy.after("1 second", { tries: 2 }) }
    assert.deepStrictEqual(outcomeOf(failedWith("unknown"), last), Outcome.Unknown({ reason: "it went wrong" }))
    assert.strictEqual(outcomeOf(failedWith("transient"), last)._tag, "Failed")
  })

  it("retries what is transient until the tries are used up, then fails with the last reason", () => {
    const again = Outcome.Retry({ after: 60_000, errorClass: "transient", reason: "it went wrong" })
    const last = Outcome.Failed({ errorClass: "transient", reason: "it went wrong" })
    for (const guarantee of ["at-least-once", "at-most-once"] as const) {
      assert.deepStrictEqual(outcomeOf(failedWith("transient"), { guarantee }), again)
      assert.deepStrictEqual(
        outcomeOf(failedWith("transient"), { guarantee, delivery: { ...delivery, attempt: 1 } }),
        last
      )
    }
  })

  it("never retries at or after the deadline: what was tried has failed", () => {
    assert.strictEqual(retriedBy(now + 60_000), "Failed")
    assert.strictEqual(retriedBy(now + 60_001), "Retry")
  })

  it("is in doubt after a timeout, a crash or an unknown answer: retried, or never again at-most-once", () => {
    const doubts = [
      { exit: Exit.interrupt(), timedOut: true, reason: "not done in time" },
      { exit: Exit.die(new Error("a bug")), timedOut: false, reason: "crashed: a bug" },
      { exit: failedWith("unknown"), timedOut: false, reason: "it went wrong" }
    ]
    for (const { exit, timedOut, reason } of doubts) {
      assert.deepStrictEqual(
        outcomeOf(exit, { timedOut }),
        Outcome.Retry({ after: 60_000, errorClass: "unknown", reason })
      )
      assert.deepStrictEqual(outcomeOf(exit, { timedOut, ...atMostOnce }), Outcome.Unknown({ reason }))
    }
  })

  it("is put off at once, uncharged, when interrupted, but in doubt at-most-once", () => {
    const drained = Outcome.Snoozed({ after: 1, reason: "interrupted before it was done" })
    assert.deepStrictEqual(outcomeOf(Exit.interrupt()), drained)
    assert.deepStrictEqual(
      outcomeOf(Exit.interrupt(), atMostOnce),
      Outcome.Unknown({ reason: "interrupted while being sent" })
    )
  })

  it("believes an answer that came in spite of the timeout", () => {
    assert.strictEqual(outcomeOf(Exit.succeed(1), { timedOut: true, ...atMostOnce })._tag, "Completed")
    assert.strictEqual(outcomeOf(failedWith("messagePermanent"), { timedOut: true, ...atMostOnce })._tag, "Failed")
  })

  it("waits as long as a provider asks, but expires by the deadline and within a day", () => {
    assert.strictEqual(snoozeOf(undefined), 1000)
    assert.strictEqual(snoozeOf(2500), 2500)
    assert.strictEqual(snoozeOf(2500, now + 700), 700)
    assert.strictEqual(snoozeOf(0), 1)
    assert.strictEqual(snoozeOf(Number.NaN), 1000)
    assert.strictEqual(snoozeOf(Infinity), 86_400_000)
  })

  it("fails what can never succeed and skips a recipient that was refused before a send", () => {
    const reason = "it went wrong"
    assert.deepStrictEqual(outcomeOf(failedWith("recipientPermanent")), Outcome.Skipped({ reason }))
    assert.deepStrictEqual(
      outcomeOf(failedWith("messagePermanent")),
      Outcome.Failed({ errorClass: "messagePermanent", reason })
    )
  })

  it("holds the campaign when it, or its account, is broken; background jobs have none to hold", () => {
    const holds = (errorClass: ErrorClass, of: ClaimedDelivery) =>
      verdict(tried(failedWith(errorClass), { delivery: of })).hold
    for (const errorClass of ErrorClass.literals) {
      const expected = errorClass === "campaignPermanent" || errorClass === "accountFatal" ? "it went wrong" : null
      assert.strictEqual(holds(errorClass, ofCampaign), expected, errorClass)
      assert.isNull(holds(errorClass, delivery))
    }
    assert.strictEqual(outcomeOf(failedWith("campaignPermanent"))._tag, "Failed")
    assert.deepStrictEqual(
      outcomeOf(failedWith("accountFatal")),
      Outcome.Snoozed({ after: 30_000, reason: "it went wrong" })
    )
    assert.deepStrictEqual(
      outcomeOf(failedWith("accountFatal"), { delivery: ofCampaign }),
      Outcome.Snoozed({ after: 1, reason: "it went wrong" })
    )
  })

  it("survives an error that crashes when it is read", () => {
    const hostile = {
      _tag: "Hostile",
      get message(): string {
        throw new Error("no")
      }
    }
    assert.deepInclude(outcomeOf(Exit.fail(hostile)), { _tag: "Retry", reason: "Hostile" })
    assert.deepInclude(outcomeOf(Exit.die(hostile)), { _tag: "Retry", reason: "crashed: Hostile" })
  })

  const exits = fc.oneof(
    fc.anything().map((value) => Exit.succeed(value)),
    fc.anything().map((error) => Exit.fail(error)),
    fc
      .tuple(fc.constantFrom(...ErrorClass.literals), fc.option(fc.double(), { nil: undefined }))
      .map(([errorClass, retryAfter]) => failedWith(errorClass, { retryAfter })),
    fc.anything().map((defect) => Exit.die(defect)),
    fc.constant(Exit.interrupt()),
    fc.anything().map((error) => Exit.failCause(Cause.combine(Cause.interrupt(), Cause.fail(error)))),
    fc.constant(Exit.failCause(Cause.empty))
  )
  const tries = fc.record({
    exit: exits,
    timedOut: fc.boolean(),
    guarantee: fc.constantFrom<Guarantee>("at-least-once", "at-most-once"),
    policy: fc.constantFrom(
      RetryPolicy.never,
      RetryPolicy.after("1 second", { tries: 3 }),
      RetryPolicy.exponential("1 second", { tries: 5, until: "1 hour" }),
      RetryPolicy.until("10 minutes", ["1 minute"])
    ),
    attempt: fc.nat({ max: 6 }),
    deadline: fc.option(fc.integer({ min: now - 100_000, max: now + 100_000 })),
    chance: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  })

  it("has an answer to everything, with bounded waits and text", () => {
    fc.assert(
      fc.property(tries, ({ attempt, chance, deadline, exit, guarantee, policy, timedOut }) => {
        const { outcome } = verdict({
          exit,
          timedOut,
          guarantee,
          retry: policy,
          delivery: { ...ofCampaign, attempt, deadline },
          now,
          chance
        })
        if (outcome._tag === "Retry") {
          assert.isBelow(attempt + 1, policy.tries)
          if (deadline !== null) assert.isBelow(now + outcome.after, deadline)
        }
        if (outcome._tag === "Retry" || outcome._tag === "Snoozed") {
          assert.isTrue(Number.isInteger(outcome.after) && outcome.after >= 1, `${outcome.after}`)
        }
        if (outcome._tag === "Snoozed" && deadline !== null) {
          assert.isAtMost(outcome.after, Math.max(1, deadline - now))
        }
        if ("reason" in outcome) assert.isTrue(outcome.reason.length > 0 && outcome.reason.length <= 520)
        if (guarantee === "at-most-once" && (timedOut || Exit.hasDies(exit)) && !Exit.hasFails(exit)) {
          assert.isTrue(outcome._tag === "Unknown" || outcome._tag === "Completed", outcome._tag)
        }
      }),
      { numRuns: 2000 }
    )
  })

  it("over a delivery's life tries never exceed the policy, and what is put off is not charged", () => {
    fc.assert(
      fc.property(fc.array(exits, { minLength: 30, maxLength: 60 }), fc.integer({ min: 1, max: 6 }), (ends, most) => {
        const retry = RetryPolicy.after("1 second", { tries: most })
        let attempt = 0
        for (const exit of ends) {
          const outcome = outcomeOf(exit, { retry, delivery: { ...delivery, attempt } })
          if (outcome._tag === "Retry") attempt++
          else if (outcome._tag !== "Snoozed") break
        }
        assert.isBelow(attempt, most)
      })
    )
  })
})
