import * as Ink from "@fibercast/cli/Ink"
import * as NodeList from "@fibercast/cli/NodeList"
import * as Table from "@fibercast/cli/Table"
import { assert, describe, it } from "@effect/vitest"
import { known, now } from "./Nodes.ts"

const two = known({ id: "ffee0000-0000-4000-8000-000000000000", name: "two", release: null, seenAt: now - 11_000 })

describe("nodes in a table", () => {
  it("have a line each: what they do, how they stand and when they were seen", () => {
    assert.deepStrictEqual(NodeList.lines([known(), two], now, null, Ink.plain), [
      "name  id        roles          state    workspaces  sending  release  up since           last seen",
      "one   11aa22bb  engine,sender  working           3   12/300  v7       2026-11-25T11:00Z  1 s ago",
      "two   ffee0000  engine,sender  silent            3   12/300  –        2026-11-25T11:00Z  11 s ago"
    ])
  })

  it("say which lanes they serve where one does not serve all", () => {
    const some = known({ name: "some", lanes: ["urgent", "high"] })
    const [titles, one, other] = NodeList.lines([known(), some], now, null, Ink.plain)
    assert.match(titles ?? "", /^name  id +roles +lanes +state/u)
    assert.match(one ?? "", /engine,sender  all +working/u)
    assert.match(other ?? "", /engine,sender  urgent,high  working/u)
  })

  it.each([
    [{}, "working"],
    [{ state: "starting" }, "starting"],
    [{ wish: "cordoned" }, "working → cordoned"],
    [{ wish: "cordoned", state: "draining" }, "draining → cordoned"],
    [{ wish: "cordoned", state: "cordoned" }, "cordoned"],
    [{ wish: "working", state: "cordoned" }, "cordoned → working"],
    [{ wish: "drained" }, "working → drained"],
    [{ wish: "drained", state: "draining" }, "draining"],
    [{ wish: "drained", state: "gone", seenAt: now - 60_000 }, "gone"],
    [{ state: "draining" }, "draining"],
    [{ seenAt: now - 10_000 }, "working"],
    [{ wish: "cordoned", seenAt: now - 10_001 }, "silent → cordoned"]
  ] as const)("%j: it is shown as %s", (varied, standing) =>
    assert.strictEqual(NodeList.standing(known(varied), now), standing)
  )

  it("tell by colour who needs a look", () => {
    const marks = { ...Ink.plain, red: (line: string) => `red ${line}`, yellow: (line: string) => `yellow ${line}` }
    const nodes = [known(), two, known({ state: "cordoned", wish: "cordoned" }), known({ wish: "drained" })]
    const colours = NodeList.lines(nodes, now, null, marks).map((line) => /^(?:red|yellow)/u.exec(line)?.[0] ?? "")
    assert.deepStrictEqual(colours, ["", "", "red", "yellow", "yellow"])
  })

  it.each([100, 80, 60, 45])("fit in %d columns, leaving out what matters least", (wide) => {
    const lines = NodeList.lines([known(), two], now, wide, Ink.plain)
    for (const line of lines) assert.isAtMost(Table.width(line), wide)
    for (const title of ["name", "id", "state", "last seen"]) assert.include(lines[0], title)
  })

  it("say in JSON whether they are silent, with instants that programs read", () => {
    const { seenAt, silent, startedAt, state } = NodeList.json(two, now)
    assert.deepStrictEqual(
      { seenAt, silent, startedAt, state },
      { seenAt: "2026-11-25T11:59:49.000Z", silent: true, startedAt: "2026-11-25T11:00:00.000Z", state: "working" }
    )
  })
})
