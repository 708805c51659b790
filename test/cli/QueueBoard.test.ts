import { assert, describe, it } from "@effect/vitest"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { defaults } from "@fibercast/engine/QueueHealth"
import * as Ink from "@fibercast/cli/Ink"
import * as QueueBoard from "@fibercast/cli/QueueBoard"
import { type NamedLine, type NamedSample } from "@fibercast/cli/NamedSamples"

const line = (varied: Partial<NamedLine> = {}): NamedLine => ({
  workspaceId: WorkspaceId.make(3),
  workspace: "school",
  lane: "normal",
  pipeline: null,
  open: 1240,
  due: 1200,
  claimed: 100,
  age: 72_000,
  in: 12.4,
  out: 11,
  failed: 7,
  growth: 84,
  verdict: "CRITICAL",
  missed: ["size", "growth"],
  course: [100, 900, 1240],
  ...varied
})

const quiet = line({
  lane: "urgent",
  open: 0,
  due: 0,
  claimed: 0,
  age: null,
  in: 0,
  out: 0,
  failed: 0,
  growth: 0,
  verdict: "OK",
  missed: [],
  course: [0, 0, 0]
})

const measured = (varied: Partial<NamedSample> = {}): NamedSample => ({
  at: Date.UTC(2026, 10, 26, 3, 29, 44),
  over: 60_000,
  lines: [quiet, line()],
  findings: [],
  verdict: "CRITICAL",
  spent: 3,
  ...varied
})

const command = (words: string) => `fibercast ${words}`

const shown = (varied: Partial<NamedSample> = {}, wide: number | null = null) =>
  QueueBoard.lines(measured(varied), { targets: defaults, wide, command }, Ink.plain)

describe("the queues on a screen", () => {
  it("are a line for each lane, under the verdict of all", () => {
    assert.deepStrictEqual(shown(), [
      "CRITICAL  03:29:44Z, over 1 min; targets: size ≤ 100, oldest ≤ 5 min, failed ≤ 5, growth ≤ 0/min",
      "",
      "workspace  lane     open    due  claimed      oldest     in    out  failed   growth       verdict",
      "school     urgent      0      0        0           –  0.0/s  0.0/s       0    0/min  ▁▁▁  OK",
      "school     normal  1,240  1,200      100  1 min 12 s   12/s   11/s       7  +84/min  ▂▆█  CRITICAL (size, growth)"
    ])
  })

  it("name the pipelines when they are told apart", () => {
    const [, , titles = "", row = ""] = shown({ lines: [line({ pipeline: "school.report" })] })
    assert.match(titles, /^workspace {2}lane {4}pipeline /u)
    assert.match(row, /^school {5}normal {2}school\.report /u)
  })

  it("leave out what is spare on a narrow terminal, and keep what the verdict is about", () => {
    const narrow = shown({}, 80).slice(2)
    for (const text of narrow) assert.isAtMost(text.length, 80)
    assert.match(narrow[0] ?? "", /open +oldest +failed +verdict$/u)
  })

  it("say what stands in the way of all, with what mends it", () => {
    const lines = shown({ findings: [{ _tag: "NoNode", waiting: 12 }] })
    assert.deepStrictEqual(lines.slice(1, 3), [
      "✗ No node is there, and 12 due deliveries wait.",
      "  fibercast dev --app FILE"
    ])
  })

  it("say so when no work is open", () => {
    assert.deepStrictEqual(shown({ lines: [], verdict: "OK" }).at(-1), "No work is open.")
  })

  it("are one object for programs", () => {
    const { queues, ...rest } = QueueBoard.json(measured({ findings: [{ _tag: "NoNode", waiting: 1 }] }), command)
    assert.deepStrictEqual(rest, {
      verdict: "CRITICAL",
      at: "2026-11-26T03:29:44.000Z",
      overMillis: 60_000,
      findings: [{ code: "NoNode", what: "No node is there, and 1 due delivery waits." }]
    })
    assert.deepStrictEqual(
      queues.map(({ lane, open, verdict }) => [lane, open, verdict]),
      [
        ["urgent", 0, "OK"],
        ["normal", 1240, "CRITICAL"]
      ]
    )
  })
})
