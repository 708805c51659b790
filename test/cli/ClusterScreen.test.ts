import * as ClusterScreen from "@fibercast/cli/ClusterScreen"
import * as Ink from "@fibercast/cli/Ink"
import { assert, describe, it } from "@effect/vitest"
import { known, now } from "./Nodes.ts"

const member = (at: number): ClusterScreen.Member => ({
  name: `n${at}`,
  pid: 100 + at,
  known: known({ name: `n${at}`, address: `http://127.0.0.1:900${at}`, workspaces: at, sending: 0 }),
  ended: null
})
const killed = { code: null, signal: "SIGKILL", at: now, said: "" }

const started: ClusterScreen.Started = {
  app: "letters",
  file: "app.ts",
  folder: "/x/cluster",
  nats: "nats://127.0.0.1:4222 (nats-server 2.9.10)",
  members: [member(1), member(2)],
  isAddressSet: false,
  command: (words) => `fibercast ${words} --folder cluster`
}

describe("what is shown of several nodes", () => {
  it("is what runs, how each node stands, and what to try", () => {
    assert.deepStrictEqual(ClusterScreen.lines(started, now, Ink.plain), [
      "",
      "Fibercast is up, on 2 nodes",
      "",
      "  app       letters (app.ts)",
      "  database  /x/cluster",
      "  nats      nats://127.0.0.1:4222 (nats-server 2.9.10)",
      "",
      "  node  pid  roles          state    workspaces  sending  health",
      "  n1    101  engine,sender  working           1        0  http://127.0.0.1:9001/health/ready",
      "  n2    102  engine,sender  working           2        0  http://127.0.0.1:9002/health/ready",
      "",
      "Try next, in a second terminal",
      "  fibercast nodes list --folder cluster      # how they stand",
      "  kill -9 101                                # n1 dies; others go on with its work",
      "  fibercast nodes drain n2 --folder cluster  # n2 ends in good order",
      "",
      "Ctrl-C drains all nodes, then ends NATS and Postgres; a second one ends everything at once.",
      ""
    ])
  })

  it("warns of an address of a database that other commands would look at", () => {
    assert.isTrue(
      ClusterScreen.lines({ ...started, isAddressSet: true }, now, Ink.plain).some((line) => /DATABASE_URL/u.test(line))
    )
  })

  it("tells a node that was killed from one that ended by itself", () => {
    const [, first, second] = ClusterScreen.board(
      [
        { ...member(1), ended: killed },
        { ...member(2), ended: { ...killed, code: 0, signal: null } }
      ],
      now,
      Ink.plain
    )
    assert.match(first ?? "", /^n1 +– +engine,sender +killed +– +– +–$/u)
    assert.match(second ?? "", /^n2 +– +engine,sender +ended \(0\) +– +– +–$/u)
    assert.strictEqual(
      ClusterScreen.ending(0, member(1), killed, 1, Ink.plain),
      "n1  was killed by SIGKILL (pid 101). The others take over what it had. It is not started again."
    )
    assert.strictEqual(
      ClusterScreen.ending(0, member(1), { ...killed, code: 1, signal: null }, 0, Ink.plain),
      "n1  has ended with exit code 1 (pid 101). No node is left."
    )
    assert.strictEqual(
      ClusterScreen.ending(1, member(2), { ...killed, code: 0, signal: null }, 1, Ink.plain),
      "n2  has ended in good order. It is not started again."
    )
  })
})
