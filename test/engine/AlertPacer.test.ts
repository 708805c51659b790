import * as AlertPacer from "@fibercast/engine/AlertPacer"
import { type Alert } from "@fibercast/ports/Alert"
import { type AlertMessage } from "@fibercast/ports/AlertSink"
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"

const hour = 3_600_000
const minute = 60_000

const held = (campaignId: number): Alert => ({
  _tag: "CampaignHeld",
  workspaceId: 1,
  campaignId,
  reason: "no template"
})

const failed = (campaignId: number, deliveryId: bigint): Alert => ({
  _tag: "DeliveryFailed",
  state: "failed",
  workspaceId: 1,
  deliveryId,
  campaignId,
  pipeline: "broadcast",
  reason: `delivery ${deliveryId}`
})

const pacer = (settings: Partial<AlertPacer.Settings> = {}) => {
  let id = 0
  return AlertPacer.make(() => String(++id), { ...AlertPacer.defaults, ...settings })
}

const told = (messages: ReadonlyArray<AlertMessage>) => messages.map(({ count, sentence }) => [count, sentence])

describe("AlertPacer", () => {
  it("a subject is told at once, and then once an hour with how often it came up and the first of them", () => {
    const one = pacer()
    assert.deepStrictEqual(told(one.raise(failed(7, 1n), 0)), [[1, "A delivery of campaign 7 failed: delivery 1"]])
    assert.strictEqual(one.next(), Infinity)
    for (let at = 1; at <= 300; at++) assert.deepStrictEqual(one.raise(failed(7, BigInt(at + 1)), at), [])
    assert.strictEqual(one.next(), hour)
    assert.deepStrictEqual(one.due(hour - 1), [])
    assert.deepStrictEqual(told(one.due(hour)), [
      [300, "300 times in the last 1 h, the first: A delivery of campaign 7 failed: delivery 2"]
    ])
    assert.strictEqual(one.next(), Infinity)
    assert.deepStrictEqual(one.due(3 * hour), [])
    assert.deepStrictEqual(told(one.raise(failed(7, 999n), 3 * hour)), [
      [1, "A delivery of campaign 7 failed: delivery 999"]
    ])
  })

  it("what exceeds the number an hour is told in one digest at the end of the window, the most frequent first", () => {
    const one = pacer({ most: 3 })
    const first = [held(1), held(2), held(3), failed(7, 1n), failed(7, 2n), failed(8, 3n), failed(7, 4n)].flatMap(
      (alert, at) => one.raise(alert, at * minute)
    )
    assert.deepStrictEqual(
      first.map(({ title }) => title),
      ["Campaign 1 is held", "Campaign 2 is held"]
    )
    assert.strictEqual(one.next(), hour)
    const [digest, ...more] = one.due(hour)
    assert.deepStrictEqual(more, [])
    assert.deepInclude(digest, { count: 5, severity: "critical", subject: null, alert: null, title: "5 more alerts" })
    assert.strictEqual(
      digest?.sentence,
      "and 5 more: 3 DeliveryFailed of campaign 7 in workspace 1, 1 CampaignHeld of campaign 3 in workspace 1, 1 DeliveryFailed of campaign 8 in workspace 1"
    )
    assert.deepStrictEqual(
      digest?.parts.map(({ count, subject }) => [count, subject]),
      [
        [3, "DeliveryFailed/1/campaign/7"],
        [1, "CampaignHeld/1/campaign/3"],
        [1, "DeliveryFailed/1/campaign/8"]
      ]
    )
    // Told is told, however: not again before the hour is over.
    assert.deepStrictEqual(one.raise(failed(7, 5n), hour + minute), [])
  })

  it("a digest of one subject is a message about it", () => {
    const one = pacer({ most: 1, again: minute })
    assert.deepStrictEqual(one.raise(held(1), 0), [])
    assert.deepStrictEqual(told(one.due(one.next())), [
      [1, "Campaign 1 was paused and waits for a person: no template"]
    ])
  })

  it("a digest names twenty subjects and counts the others", () => {
    const one = pacer({ most: 1 })
    for (let campaign = 1; campaign <= 30; campaign++) one.raise(held(campaign), 0)
    const [digest] = one.due(0)
    assert.strictEqual(digest?.parts.length, 21)
    assert.deepStrictEqual(digest?.parts.at(-1), { subject: null, label: "of other subjects", count: 10 })
    assert.strictEqual(digest?.count, 30)
  })

  it("keeps no more subjects than it may: forgets who was told, and counts who finds no room", () => {
    const one = pacer({ kept: 2, most: 3 })
    assert.strictEqual(one.raise(held(1), 0).length, 1)
    assert.strictEqual(one.raise(held(2), 1).length, 1)
    // The first is forgotten for the third, and told anew.
    assert.deepStrictEqual(one.raise(held(3), 2), [])
    assert.deepStrictEqual(one.raise(held(1), 3), [])
    // Now both wait: nobody can be forgotten.
    assert.deepStrictEqual(one.raise(held(4), 4), [])
    assert.deepStrictEqual(one.raise(held(2), 5), [])
    const [digest] = one.due(hour)
    assert.deepStrictEqual(
      digest?.parts.map(({ count, subject }) => [count, subject]),
      [
        [1, "CampaignHeld/1/campaign/3"],
        [1, "CampaignHeld/1/campaign/1"],
        [2, null]
      ]
    )
  })

  it("tells at its end what was held back, or says how much nobody was told of", () => {
    const one = pacer({ most: 2 })
    one.raise(held(1), 0)
    one.raise(held(2), 0)
    one.raise(held(2), 0)
    one.raise(held(1), 0)
    const { messages, untold } = one.close(minute)
    assert.deepStrictEqual([messages.map(({ count }) => count), untold], [[3], 0])
    const other = pacer({ most: 1 })
    other.raise(held(1), 0)
    other.due(0)
    other.raise(held(1), 1)
    other.raise(held(2), 1)
    assert.deepStrictEqual(other.close(minute), { messages: [], untold: 2 })
  })

  it("refuses settings under which nothing could be told", () => {
    for (const settings of [{ most: 0 }, { kept: 0 }, { most: Number.NaN }]) {
      assert.throws(() => pacer(settings), RangeError)
    }
  })

  it("no window ever holds more than the number, and every alert is counted in one message", () => {
    const settings = FastCheck.record({
      most: FastCheck.integer({ min: 1, max: 6 }),
      kept: FastCheck.integer({ min: 1, max: 8 }),
      per: FastCheck.constantFrom(1000, 60_000),
      again: FastCheck.constantFrom(1, 700, 60_000, 200_000)
    })
    const step = FastCheck.record({
      wait: FastCheck.oneof(FastCheck.constant(0), FastCheck.integer({ min: 1, max: 400 }), FastCheck.constant(30_000)),
      subject: FastCheck.integer({ min: 1, max: 6 }),
      looks: FastCheck.boolean()
    })
    let digests = 0
    let repeats = 0
    FastCheck.assert(
      FastCheck.property(settings, FastCheck.array(step, { maxLength: 300 }), (settings, steps) => {
        const one = pacer(settings)
        const messages: Array<AlertMessage> = []
        let now = 0
        for (const { looks, subject, wait } of steps) {
          // Whoever looks after it may be late, and then looks once.
          const until = now + wait
          while (one.next() <= (looks ? until : -Infinity)) {
            now = Math.max(now, one.next())
            messages.push(...one.due(now))
          }
          now = until
          messages.push(...one.raise(held(subject), now))
        }
        const beforeEnd = [...messages]
        const closed = one.close(now)
        messages.push(...closed.messages)
        const counted = messages.reduce((sum, { count }) => sum + count, closed.untold)
        assert.strictEqual(counted, steps.length)
        for (const { at } of messages) {
          const within = messages.filter((other) => other.at >= at && other.at < at + settings.per)
          assert.isAtMost(within.length, settings.most)
        }
        assert.strictEqual(new Set(messages.map(({ id }) => id)).size, messages.length)
        for (const { count, parts } of messages) {
          if (parts.length > 0)
            assert.strictEqual(
              parts.reduce((sum, part) => sum + part.count, 0),
              count
            )
          digests += parts.length > 0 ? 1 : 0
          repeats += parts.length === 0 && count > 1 ? 1 : 0
        }
        // While nobody has to be forgotten, nobody is told of a subject too soon, but at the end.
        const lastTold = new Map<string | null, number>()
        for (const { at, parts, subject } of settings.kept >= 6 ? beforeEnd : []) {
          for (const key of parts.length > 0 ? parts.map((part) => part.subject) : [subject]) {
            assert.isAtLeast(at - (lastTold.get(key) ?? -Infinity), settings.again)
            lastTold.set(key, at)
          }
        }
      })
    )
    assert.isAbove(Math.min(digests, repeats), 0)
  })
})
