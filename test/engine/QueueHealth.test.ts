import { assert, describe, it } from "@effect/vitest"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import * as QueueHealth from "@fibercast/engine/QueueHealth"
import { type Depth, type Passage } from "@fibercast/ports/Records"
import * as fc from "fast-check"

const workspaceId = WorkspaceId.make(3)
const at = Date.UTC(2026, 10, 26, 9)
const minute = 60_000

const depth = (varied: Partial<Depth> = {}): Depth => ({
  workspaceId,
  lane: "normal",
  pipeline: "checks",
  open: 40,
  due: 30,
  claimed: 10,
  oldestDue: at - 2000,
  nextDue: null,
  paused: 0,
  ...varied
})

const none = { completed: 0, failed: 0, skipped: 0, cancelled: 0, expired: 0, unknown: 0 }

const passage = (ended: Partial<Passage["ended"]>, varied: Partial<Passage> = {}): Passage => ({
  workspaceId,
  lane: "normal",
  pipeline: "checks",
  dispatched: 0,
  ended: { ...none, ...ended },
  ...varied
})

const linesOf = (options: {
  readonly before?: ReadonlyArray<Depth>
  readonly now?: ReadonlyArray<Depth>
  readonly passages?: ReadonlyArray<Passage>
  readonly vanished?: readonly [QueueHealth.Sample["vanished"], QueueHealth.Sample["vanished"]]
  readonly byPipeline?: boolean
}) =>
  QueueHealth.lines({
    before: { at: at - minute, depths: options.before ?? [depth()], vanished: options.vanished?.[0] ?? [] },
    now: { at, depths: options.now ?? [depth()], vanished: options.vanished?.[1] ?? [] },
    passages: options.passages ?? [],
    targets: QueueHealth.defaults,
    byPipeline: options.byPipeline ?? false
  })

const verdict = (varied: Partial<QueueHealth.QueueLine>) =>
  QueueHealth.judge({ open: 50, age: null, failed: 0, growth: 0, ...varied }, QueueHealth.defaults)

/** So much has vanished on a node. */
const vanished = (count: number, varied: Partial<QueueHealth.Sample["vanished"][number]> = {}) => ({
  node: "a",
  workspaceId,
  lane: "normal" as const,
  pipeline: "checks",
  count,
  ...varied
})

/** The growth of a lane with so much open in samples that are spread over a minute. */
const grownBy = (...opens: ReadonlyArray<number>) => {
  const samples = opens.map((open, n) => ({
    at: at - minute + (n * minute) / (opens.length - 1),
    depths: [depth({ open })],
    vanished: []
  }))
  const [before, ...others] = samples
  const now = others.pop()
  if (before === undefined || now === undefined) return assert.fail("two samples at least")
  const options = { passages: [], targets: QueueHealth.defaults, byPipeline: false }
  return QueueHealth.lines({ ...options, before, between: others, now })[0]?.growth
}

describe("the health of queues", () => {
  it("counts temporary work that left no record by what nodes say of it, each since the sample before", () => {
    const [line] = linesOf({
      passages: [passage({ failed: 60 })],
      vanished: [
        [vanished(1000), vanished(500, { node: "b" }), vanished(70, { node: "gone" })],
        [vanished(1120), vanished(60, { node: "b" }), vanished(60, { node: "new" })]
      ]
    })
    assert.deepInclude(line, { out: 5, in: 5, failed: 60 })
  })

  it("lists a lane through which nothing but temporary work went", () => {
    const [, other, ...more] = linesOf({
      byPipeline: true,
      vanished: [[], [vanished(60, { lane: "high", pipeline: "uptime.check" })]]
    })
    assert.deepInclude(other, { lane: "high", pipeline: "uptime.check", open: 0, out: 1, in: 1, verdict: "OK" })
    assert.deepStrictEqual(more, [])
  })

  it("measures a lane: what is open, who waits longest, what came, went and failed, and its growth", () => {
    const [line] = linesOf({
      before: [depth({ open: 10 })],
      passages: [passage({ completed: 110, failed: 8, unknown: 2 })]
    })
    assert.deepStrictEqual(line, {
      workspaceId,
      lane: "normal",
      pipeline: null,
      open: 40,
      due: 30,
      claimed: 10,
      age: 2000,
      in: 150 / 60,
      out: 2,
      failed: 10,
      growth: 30,
      verdict: "CRITICAL",
      missed: ["failed", "growth"]
    })
  })

  it("adds up the pipelines of a lane, or tells them apart", () => {
    const now = [depth(), depth({ pipeline: "reports", open: 2, oldestDue: at - 9000 })]
    assert.deepStrictEqual(
      linesOf({ now }).map(({ age, open, pipeline }) => [pipeline, open, age]),
      [[null, 42, 9000]]
    )
    assert.deepStrictEqual(
      linesOf({ now, byPipeline: true }).map(({ age, open, pipeline }) => [pipeline, open, age]),
      [
        ["checks", 40, 2000],
        ["reports", 2, 9000]
      ]
    )
  })

  it("tells of a lane that was emptied, and of one in which something ended unseen", () => {
    assert.deepStrictEqual(
      linesOf({ now: [], passages: [passage({ completed: 60 }, { lane: "bulk" })] }).map(
        ({ growth, lane, open, out }) => [lane, open, out, growth]
      ),
      [
        ["normal", 0, 0, -40],
        ["bulk", 0, 1, 0]
      ]
    )
  })

  it("is OK within the targets, WARN beyond one, CRITICAL far beyond one", () => {
    assert.deepStrictEqual(verdict({ open: 100, age: 5 * minute, failed: 5 }), { verdict: "OK", missed: [] })
    assert.deepStrictEqual(verdict({ open: 101 }), { verdict: "WARN", missed: ["size"] })
    assert.deepStrictEqual(verdict({ open: 1000 }), { verdict: "CRITICAL", missed: ["size"] })
    assert.deepStrictEqual(verdict({ age: 5 * minute + 1 }), { verdict: "WARN", missed: ["age"] })
    assert.deepStrictEqual(verdict({ age: 30 * minute }), { verdict: "CRITICAL", missed: ["age"] })
    assert.deepStrictEqual(verdict({ failed: 6 }), { verdict: "WARN", missed: ["failed"] })
    assert.deepStrictEqual(verdict({ failed: 100 }), { verdict: "CRITICAL", missed: ["failed"] })
    assert.deepStrictEqual(verdict({ growth: 1 }), { verdict: "WARN", missed: ["growth"] })
    assert.deepStrictEqual(verdict({ growth: 10 }), { verdict: "CRITICAL", missed: ["growth"] })
  })

  it("lets a queue breathe that is nearly empty", () => {
    const grown = { age: null, failed: 0, growth: 60 }
    assert.strictEqual(QueueHealth.judge({ ...grown, open: 10 }, QueueHealth.defaults).verdict, "OK")
    assert.strictEqual(QueueHealth.judge({ ...grown, open: 11 }, QueueHealth.defaults).verdict, "CRITICAL")
  })

  it("lets a queue breathe that is filled and emptied again and again, and sees one that grows beneath", () => {
    assert.strictEqual(grownBy(0, 90, 0, 70, 0, 100), 0)
    assert.strictEqual(grownBy(90, 0, 80, 100, 0, 90), 0)
    assert.isAtLeast(grownBy(10, 100, 20, 100, 30, 100, 40) ?? 0, 30)
    assert.strictEqual(grownBy(10, 20, 30, 40, 50, 60), 50)
    assert.strictEqual(grownBy(10, 60), 50)
  })

  it("says the worst of several verdicts", () => {
    assert.strictEqual(QueueHealth.worstOf([]), "OK")
    assert.strictEqual(QueueHealth.worstOf(["OK", "CRITICAL", "WARN"]), "CRITICAL")
    assert.strictEqual(QueueHealth.worstOf(["WARN", "OK"]), "WARN")
  })

  it("never judges more work milder, whatever the targets", () => {
    const count = fc.nat({ max: 5000 })
    const severity = ["OK", "WARN", "CRITICAL"]
    fc.assert(
      fc.property(
        fc.record({ size: count, age: count, failed: count, growth: count }),
        fc.record({ open: count, age: count, failed: count, growth: count }),
        count,
        (targets, measured, more) => {
          const judged = QueueHealth.judge(measured, targets)
          for (const name of ["open", "age", "failed", "growth"] as const) {
            const worse = QueueHealth.judge({ ...measured, [name]: measured[name] + more }, targets)
            assert.isAtLeast(severity.indexOf(worse.verdict), severity.indexOf(judged.verdict), name)
          }
        }
      )
    )
  })
})
