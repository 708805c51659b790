import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, Schedule, Schema } from "effect"
import { HttpClient } from "effect/http"
import { appFolder, cleaning } from "../cli/AppFolder.ts"
import * as Program from "../cli/Program.ts"
import { TestDatabase } from "../support/TestDatabase.ts"

const signal = (pid: number, which: NodeJS.Signals) => Effect.sync(() => process.kill(pid, which))

/** A heartbeat each second, and each of its runs takes a while. */
const slow = (millis: number) =>
  cleaning
    .replace("everyTenSeconds", "everySecond")
    .replace(
      'Effect.logInfo("still here")',
      `Effect.logInfo("begun").pipe(Effect.delay(1), Effect.andThen(Effect.sleep(${millis})), Effect.andThen(Effect.logInfo("still here")))`
    )

const given = Effect.fnUntraced(function* (app: string) {
  const { url } = yield* TestDatabase
  const folder = yield* appFolder
  yield* Program.write(`${folder}/app.ts`, app)
  const place = { folder, env: { DATABASE_URL: url, FIBERCAST_HEALTH_PORT: "0", FIBERCAST_LOG: "logfmt" } }
  return {
    folder,
    cli: (...args: ReadonlyArray<string>) => Program.run(place, args),
    node: (...args: ReadonlyArray<string>) => Program.start(place, ["--app", "app.ts", ...args], Program.nodeLauncher),
    ended: (...args: ReadonlyArray<string>) => Program.run(place, ["--app", "app.ts", ...args], Program.nodeLauncher)
  }
})

const addressOf = Effect.fnUntraced(function* (sees: (pattern: RegExp) => Effect.Effect<string, unknown>) {
  const line = yield* sees(/its health is at /u)
  return /http:\/\/127\.0\.0\.1:\d+/u.exec(line)?.[0] ?? assert.fail(line)
})

const Nodes = Schema.Array(
  Schema.Struct({
    name: Schema.String,
    state: Schema.String,
    app: Schema.String,
    address: Schema.String,
    silent: Schema.Boolean
  })
)
const Outcomes = Schema.Array(Schema.Struct({ outcome: Schema.String, state: Schema.NullOr(Schema.String) }))

describe("fibercast-node", () => {
  it.live("works an app, tells its health, and on SIGTERM finishes what is under way, says so and ends with 0", () =>
    Effect.gen(function* () {
      const { cli, node } = yield* given(slow(1500))
      const child = yield* node("--name", "one")
      const sees = yield* Program.follow(child.stdout)
      const address = yield* addressOf(sees)
      const ready = yield* HttpClient.get(`${address}/health/ready`)
      assert.strictEqual(ready.status, 200)
      assert.strictEqual((yield* HttpClient.get(`${address}/health/scheduler`)).status, 200)
      yield* sees(/message="?still here/u)
      const [known] = yield* Schema.decodeUnknownEffect(Nodes)(Program.lastJson(yield* cli("nodes", "list", "--json")))
      assert.deepInclude(known, { name: "one", state: "working", app: "cleaning", address, silent: false })
      assert.match((yield* cli("nodes", "list")).stdout, /^name .*\none +[0-9a-f]{8} +engine,sender +working /u)
      yield* signal(child.pid, "SIGTERM")
      yield* sees(/draining: what is under way may end/u)
      const drained = yield* sees(/drained in /u)
      assert.match(drained, /drained in \d\.\d s: [12] finished, 0 given back, 0 cut/u)
      assert.strictEqual(yield* child.exitCode, 0)
      assert.match((yield* cli("nodes", "list")).stdout, /\none +[0-9a-f]{8} +engine,sender +gone /u)
      const history = yield* cli("schedule", "history", "heartbeat", "--json")
      const outcomes = yield* Schema.decodeUnknownEffect(Outcomes)(Program.lastJson(history))
      assert.isAtLeast(outcomes.length, 2)
    }).pipe(Effect.scoped, Effect.provide([NodeServices.layer, NodeHttpClient.layerUndici, TestDatabase.layer]))
  )

  it.live("cuts what is under way when the time to drain has passed", () =>
    Effect.gen(function* () {
      const { node } = yield* given(slow(60_000))
      const child = yield* node("--drain-seconds", "1")
      const sees = yield* Program.follow(child.stdout)
      yield* sees(/message="?begun/u)
      yield* signal(child.pid, "SIGINT")
      yield* sees(/drained in \d\.\d s: 0 finished, 0 given back, 1 cut/u)
      assert.strictEqual(yield* child.exitCode, 0)
    }).pipe(Effect.scoped, Effect.provide([NodeServices.layer, TestDatabase.layer]))
  )

  it.live("ends at once when it is told a second time, and says what that means", () =>
    Effect.gen(function* () {
      const { node } = yield* given(slow(60_000))
      const child = yield* node()
      const sees = yield* Program.follow(child.stdout)
      yield* sees(/message="?begun/u)
      const complaint = yield* Effect.forkChild(
        Program.lineOf(child.stderr, /^Ended at once\. What was under way is taken/u)
      )
      const insist = Effect.repeat(signal(child.pid, "SIGTERM"), Schedule.spaced("100 millis"))
      assert.strictEqual(yield* Effect.raceFirst(child.exitCode, Effect.andThen(insist, Effect.never)), 143)
      assert.isTrue(Option.isSome(yield* Fiber.join(complaint)))
    }).pipe(Effect.scoped, Effect.provide([NodeServices.layer, TestDatabase.layer]))
  )

  it.live("does what operators wish: it is cordoned, works again, and ends when it is drained", () =>
    Effect.gen(function* () {
      const { cli, node } = yield* given(slow(1))
      const child = yield* node("--name", "one")
      const sees = yield* Program.follow(child.stdout)
      yield* sees(/message="?still here/u)
      const refused = yield* cli("nodes", "cordon", "eno")
      assert.deepStrictEqual([refused.code, refused.stdout], [1, ""])
      assert.match(refused.stderr, /^There is no node "eno"\. .*\n +name .*\n +one /u)
      const cordoned = yield* cli("nodes", "cordon", "one")
      assert.match(cordoned.stdout, /^one \([0-9a-f]{8}\) gives back what it holds and takes no more/u)
      yield* sees(/cordoned in /u)
      assert.match((yield* cli("nodes", "uncordon", "one")).stdout, /^one \([0-9a-f]{8}\) takes work again/u)
      yield* sees(/working again/u)
      yield* sees(/message="?still here/u)
      const drained = yield* cli("nodes", "drain", "one", "--wait")
      assert.deepStrictEqual([drained.code, drained.stderr], [0, ""])
      assert.match(drained.stdout, /\nIt is gone after \d/u)
      assert.strictEqual(yield* child.exitCode, 0)
    }).pipe(Effect.scoped, Effect.provide([NodeServices.layer, TestDatabase.layer]))
  )

  it.live("sends campaigns that were added on the command line, whatever its app", () =>
    Effect.gen(function* () {
      const { cli, folder, node } = yield* given(cleaning)
      yield* Program.write(`${folder}/contacts.csv`, Program.contacts(3))
      const whom = ["--audience", "contacts.csv", "--to", "phone", "--region", "ID", "--template", "Hi"]
      const added = yield* cli("schedule", "add", "hello", "--cron", "* * * * * *", ...whom, "--provider", "log")
      assert.strictEqual(added.code, 0, added.stderr)
      yield* node()
      yield* Effect.repeat(cli("schedule", "history", "hello"), { until: ({ stdout }) => /✓ completed/u.test(stdout) })
    }).pipe(Effect.scoped, Effect.provide([NodeServices.layer, TestDatabase.layer]))
  )

  it.live("knows its version, and answers a flag that it does not know with 2", () =>
    Effect.gen(function* () {
      const { ended } = yield* given(cleaning)
      const version = yield* ended("--version")
      assert.match(version.stdout, /^fibercast-node v\d+\.\d+\.\d+\n$/u)
      assert.strictEqual((yield* ended("--rolls", "engine")).code, 2)
    }).pipe(Effect.scoped, Effect.provide([NodeServices.layer, TestDatabase.layer]))
  )

  it.live("says everything that is wrong with its settings, and ends with 1", () =>
    Effect.gen(function* () {
      const { ended } = yield* given("export default 1")
      const ran = yield* ended("--roles", "gateway", "--concurrency", "0")
      assert.deepStrictEqual([ran.code, ran.stdout], [1, ""])
      assert.match(
        ran.stderr,
        /^The settings of this node are not right:\n {2}--roles has the role gateway.*\n {2}--concurrency is "0".*\n {2}--app is no app: .*\n$/u
      )
    }).pipe(Effect.scoped, Effect.provide([NodeServices.layer, TestDatabase.layer]))
  )

  it.live("shows its settings, with secrets only as set, and starts nothing, when it is told to check them", () =>
    Effect.gen(function* () {
      const { ended } = yield* given(cleaning)
      const ran = yield* ended("--check")
      assert.deepStrictEqual([ran.code, ran.stderr], [0, ""])
      assert.match(ran.stdout, /^FIBERCAST_ROLES +engine,sender\n/u)
      assert.match(ran.stdout, /\nDATABASE_URL +set\n[^]*\nThe settings are right\.\n$/u)
      assert.notInclude(ran.stdout, "postgres://")
      const wrong = yield* ended("--check", "--log", "xml")
      assert.deepStrictEqual([wrong.code, wrong.stdout.startsWith("FIBERCAST_ROLES")], [1, true])
    }).pipe(Effect.scoped, Effect.provide([NodeServices.layer, TestDatabase.layer]))
  )
})
