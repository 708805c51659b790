import * as Ink from "@fibercast/cli/Ink"
import * as NodeLogLine from "@fibercast/cli/NodeLogLine"
import { assert, describe, it } from "@effect/vitest"

const entry = (level: string, message: unknown, annotations: Readonly<Record<string, unknown>> = {}) =>
  JSON.stringify({ timestamp: "2026-11-25T12:00:01.234Z", level, message, annotations, spans: {}, fiberId: "#1" })

describe("what a node among others logs", () => {
  it("is a time and the words, with what they are about", () => {
    const shown = NodeLogLine.make(Ink.plain)
    assert.strictEqual(shown(entry("INFO", "a letter is sent")), "12:00:01Z  a letter is sent")
    assert.strictEqual(
      shown(entry("INFO", ["sent", { to: 1 }], { workspaceId: 3 })),
      '12:00:01Z  sent {"to":1} workspaceId=3'
    )
    assert.strictEqual(shown(entry("INFO", "Listening", { package: "x", service: "y" })), "12:00:01Z  Listening")
  })

  it("is shown as it is when it is no entry, with nothing that moves the cursor", () => {
    assert.strictEqual(NodeLogLine.make(Ink.plain)("oh\u001B[2J"), "oh\\u{1b}[2J")
  })

  it("has warnings and errors in their colours, the first of many alike", () => {
    const shown = NodeLogLine.make(Ink.coloured)
    assert.include(shown(entry("WARN", "hm")), Ink.coloured.yellow("hm"))
    assert.isNull(shown(entry("WARN", "hm")))
    assert.include(shown(entry("ERROR", "no")), Ink.coloured.red("no"))
  })
})
