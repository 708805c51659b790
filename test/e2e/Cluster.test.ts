import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Schedule } from "effect"
import { HttpClient } from "effect/http"
import * as Program from "../cli/Program.ts"
import { isThere } from "../support/NatsTestServer.ts"
import { tempFolder } from "../support/TempFolder.ts"

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Waits until none of them is there any more. */
const allGone = (pids: ReadonlyArray<number>) =>
  Effect.repeat(
    Effect.sync(() => pids.filter(isAlive)),
    { schedule: Schedule.spaced("50 millis"), until: (left) => left.length === 0 }
  ).pipe(Effect.timeout("20 seconds"))

/** Of the servers beside the nodes: what they have written down of themselves. */
const serversOf = Effect.fnUntraced(function* (folder: string) {
  const files = yield* FileSystem.FileSystem
  const said = yield* Effect.forEach(["nats/nats-server.pid", "postgres/postmaster.pid"], (file) =>
    files.readFileString(`${folder}/.fibercast/cluster/${file}`)
  )
  return said.map((text) => Number(text.split("\n")[0]))
})

const row = /^ {2}n\d +(\d+) +engine,sender +working +\d+ +\d+ +(http\S+)$/u

const given = Effect.fnUntraced(function* (count: number) {
  const folder = yield* tempFolder
  const child = yield* Program.start({ folder }, ["cluster", "--nodes", String(count)])
  const sees = yield* Program.follow(child.stdout)
  yield* sees(new RegExp(`^Fibercast is up, on ${count} node`, "u"))
  const nodes = yield* Effect.replicateEffect(sees(row), count).pipe(
    Effect.map((lines) => lines.map((line) => row.exec(line) ?? assert.fail(line))),
    Effect.map((all) => all.map(([, pid, health = ""]) => ({ pid: Number(pid), health })))
  )
  return { child, folder, nodes, sees, servers: yield* serversOf(folder) }
})

describe.skipIf(!isThere)("fibercast cluster", () => {
  it.live(
    "runs several nodes that work, tells when one of them dies, and on Ctrl-C ends them all and what they stand on",
    () =>
      Effect.gen(function* () {
        const { child, folder, nodes, sees, servers } = yield* given(3)
        assert.strictEqual(nodes.length, 3)
        for (const { health } of nodes) assert.strictEqual((yield* HttpClient.get(health)).status, 200)
        yield* sees(/^ {2}fibercast nodes drain n2 --folder \.fibercast\/cluster +# /u)
        yield* sees(/^n\d {2}\d\d:\d\d:\d\dZ {2}a letter of Cempaka is sent$/u)
        const listed = yield* Program.run({ folder }, ["nodes", "list", "--folder", ".fibercast/cluster"])
        assert.match(listed.stdout, /\nn1 .*\nn2 .*\nn3 /u)
        const [first] = nodes
        yield* Effect.sync(() => process.kill(first?.pid ?? 0, "SIGKILL"))
        yield* sees(/^n1 {2}was killed by SIGKILL \(pid \d+\)\. The others take over what it had\./u)
        for (const school of ["Melati", "Mawar", "Anggrek", "Teratai", "Cempaka"]) {
          yield* sees(new RegExp(`^n[23] .* a letter of ${school} is sent$`, "u"))
        }
        yield* Effect.sync(() => process.kill(child.pid, "SIGINT"))
        yield* sees(/^Stopping: what is under way may end, the rest is given back\.$/u)
        yield* sees(/^n[23] .*drained in \d\.\d s: \d+ finished, \d+ given back, 0 cut$/u)
        yield* sees(/^Stopped: nodes, NATS and Postgres have ended\.$/u)
        assert.strictEqual(yield* child.exitCode, 130)
        assert.deepStrictEqual([...servers, ...nodes.map(({ pid }) => pid)].filter(isAlive), [])
      }).pipe(Effect.scoped, Effect.provide([NodeServices.layer, NodeHttpClient.layerUndici])),
    90_000
  )

  it.live("leaves nothing running when it is killed", () =>
    Effect.gen(function* () {
      const { child, nodes, servers } = yield* given(2)
      yield* Effect.sync(() => process.kill(child.pid, "SIGKILL"))
      yield* allGone([...servers, ...nodes.map(({ pid }) => pid)])
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("leaves nothing running when it is interrupted a second time", () =>
    Effect.gen(function* () {
      const { child, nodes, servers } = yield* given(1)
      const insist = Effect.repeat(
        Effect.sync(() => process.kill(child.pid, "SIGINT")),
        Schedule.spaced("100 millis")
      )
      // It may have ended in good order before it is told a second time.
      assert.strictEqual(yield* Effect.raceFirst(child.exitCode, Effect.andThen(insist, Effect.never)), 130)
      yield* allGone([...servers, ...nodes.map(({ pid }) => pid)])
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("ends with what a node said when one cannot start", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder
      const place = { folder, env: { FIBERCAST_CONCURRENCY: "none" } }
      const ran = yield* Program.run(place, ["cluster", "--nodes", "1"])
      assert.strictEqual(ran.code, 1)
      assert.match(ran.stderr, /^The node n1 did not start\. It said:\nThe settings of this node are not right:\n/u)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
