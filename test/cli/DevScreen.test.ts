import * as DevScreen from "@fibercast/cli/DevScreen"
import * as Ink from "@fibercast/cli/Ink"
import { assert, describe, it } from "@effect/vitest"

const started: DevScreen.Started = {
  app: "cleaning",
  file: "app.ts",
  example: "services/examples/src/Cleaning.ts",
  roles: ["engine", "sender"],
  environment: "development",
  triggers: ["a", "b", "c", "d", "e", "f"],
  place: "/x/.fibercast",
  address: "http://127.0.0.1:8787",
  command: (words) => `fibercast ${words}`
}

describe("what a developer reads when a node has started", () => {
  it("is what runs, where its health is told, and what to try next", () => {
    assert.deepStrictEqual(DevScreen.lines(started, Ink.plain), [
      "Fibercast is up",
      "",
      "  app       cleaning (app.ts)",
      "  runs      engine, sender and the scheduler, in development",
      "  triggers  6: a, b, c, d, e, …",
      "  database  /x/.fibercast",
      "  health    http://127.0.0.1:8787/health/ready",
      "",
      "Try next, in a second terminal",
      "  fibercast schedule list",
      "  fibercast schedule test a",
      "  fibercast nodes list",
      "",
      "Ctrl-C drains it: what is under way may end, the rest is given back.",
      ""
    ])
  })

  it("is how to have an app, when there is none", () => {
    const lines = DevScreen.lines({ ...started, file: null, triggers: [] }, Ink.plain)
    assert.deepStrictEqual(lines.slice(2, 5), [
      "  app       none",
      "  runs      engine, sender and the scheduler, in development",
      "  triggers  none"
    ])
    assert.include(lines, "  fibercast dev --app services/examples/src/Cleaning.ts")
  })
})
