import * as Ink from "@fibercast/cli/Ink"
import * as ProgressView from "@fibercast/cli/ProgressView"
import { assert, describe, it } from "@effect/vitest"
import { campaign } from "./Samples.ts"

const snapshot: ProgressView.Snapshot = {
  campaign,
  now: 0,
  recent: null,
  still: 0,
  obstacle: null,
  elsewhere: false,
  command: (words) => `fibercast ${words} --folder /x`
}

/** The line that says which campaign it is. */
const at = (columns: number) => ProgressView.lines(snapshot, Ink.plain, columns)[1]

describe("the view of a campaign under way", () => {
  it("leaves out the pipeline first when the terminal is narrow", () => {
    assert.strictEqual(at(80), "  contacts campaign 1 · broadcast.fonnte · at-least-once · at most 20/s")
    assert.strictEqual(at(60), "  contacts campaign 1 · at-least-once · at most 20/s")
    assert.strictEqual(at(30), "  contacts campaign 1")
  })

  it("parts a long line at words, none wider than the terminal", () => {
    const why = "the device behind this token is not connected to any phone at the moment"
    const obstacle = { what: "fonnte cannot send", why, since: 0, retryAt: null }
    const lines = ProgressView.lines({ ...snapshot, obstacle }, Ink.plain, 60)
    for (const line of lines) assert.isBelow(line.length, 60)
    assert.include(lines.map((line) => line.trim()).join(" "), `fonnte cannot send since`)
    assert.include(lines.map((line) => line.trim()).join(" "), why)
  })

  it("names the command that resumes a campaign paused by hand, as it can be pasted", () => {
    const paused = { ...campaign, status: "paused" as const, note: "by hand" }
    const line = ProgressView.line({ ...snapshot, campaign: paused })
    assert.include(line, "`fibercast campaign resume 1 --folder /x`")
  })
})
