import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { appFolder, cleaning } from "../cli/AppFolder.ts"
import * as Program from "../cli/Program.ts"

/** The app of the examples, with a heartbeat each second. */
const quick = cleaning.replace("everyTenSeconds", "everySecond")

const given = Effect.gen(function* () {
  const folder = yield* appFolder
  yield* Program.write(`${folder}/app.ts`, quick)
  const place = { folder }
  return {
    schedule: (...args: ReadonlyArray<string>) => Program.run(place, ["schedule", ...args]),
    work: Program.start(place, ["schedule", "work", "--app", "app.ts"])
  }
})

const interrupt = (pid: number, signal: NodeJS.Signals) => Effect.sync(() => process.kill(pid, signal))

const Run = Schema.Struct({
  outcome: Schema.String,
  reason: Schema.String,
  state: Schema.String,
  output: Schema.String
})

describe("schedule work, on an embedded database", () => {
  it.live("fires the triggers of an app, says what became of each, and stops in good order on SIGINT", () =>
    Effect.gen(function* () {
      const { schedule, work } = yield* given
      const child = yield* work
      const sees = yield* Program.follow(child.stdout)
      yield* sees(/^Scheduling the app cleaning, and what was defined at run time: 2 triggers, in production$/u)
      yield* sees(/^ {2}added {4}heartbeat, sessions\.expire$/u)
      yield* sees(/^\d\d:\d\d:\d\dZ {2}heartbeat +▸ fired/u)
      yield* sees(/^\d\d:\d\d:\d\dZ {2}heartbeat +✓ completed in .*: still here$/u)

      const listed = yield* schedule("list")
      assert.match(listed.stdout, /^name .*\nheartbeat +every second +code of cleaning .* in \d s /u)
      assert.match((yield* schedule("status")).stdout, /^green: every trigger is looked after\n\napp .*\ncleaning /u)
      const tested = yield* schedule("test", "sessions.expire", "--json")
      const { outcome, output, reason, state } = yield* Schema.decodeUnknownEffect(Run)(Program.lastJson(tested))
      assert.deepStrictEqual([outcome, reason, state, output], ["late", "test", "completed", "0 sessions expired"])
      yield* sees(/sessions\.expire +✓ completed in .*: 0 sessions expired$/u)
      assert.strictEqual((yield* schedule("history", "sessions.expire", "--output")).stdout, "0 sessions expired\n")
      yield* schedule("pause", "heartbeat")
      yield* sees(/heartbeat +– skipped \(paused\) for /u)

      yield* interrupt(child.pid, "SIGINT")
      yield* sees(/^Stopped\./u)
      assert.strictEqual(yield* child.exitCode, 130)
      assert.match(
        (yield* schedule("list")).stdout,
        /^No scheduler is running since \d{4}-.*Z \(.*\): nothing fires\.\nStart one: `fibercast schedule work --app FILE`\n/u
      )
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("shares a folder with another of its kind, which takes the database over when the first is gone", () =>
    Effect.gen(function* () {
      const { schedule, work } = yield* given
      const first = yield* work
      const seesFirst = yield* Program.follow(first.stdout)
      yield* seesFirst(/heartbeat +✓ completed/u)
      const second = yield* work
      const seesSecond = yield* Program.follow(second.stdout)
      yield* seesSecond(/^on .*\. Ctrl-C stops it\.$/u)
      yield* interrupt(first.pid, "SIGKILL")
      yield* seesSecond(/^Postgres in .* runs in this process now$/u)
      yield* seesSecond(/heartbeat +▸ fired/u)
      yield* seesSecond(/heartbeat +✓ completed/u)
      assert.match((yield* schedule("status")).stdout, /^green/u)
      yield* interrupt(second.pid, "SIGTERM")
      assert.strictEqual(yield* second.exitCode, 130)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("runs one trigger in the process that asks for it, with the app it is of", () =>
    Effect.gen(function* () {
      const { schedule } = yield* given
      const tested = yield* schedule("test", "sessions.expire", "--app", "app.ts")
      assert.deepStrictEqual([tested.code, tested.stdout], [0, "0 sessions expired\n"], tested.stderr)
      assert.match(tested.stderr, /^sessions\.expire runs now …\n✓ completed in /mu)
      const alone = yield* schedule("test", "sessions.expire")
      assert.strictEqual(alone.code, 1)
      assert.match(
        alone.stderr,
        /^No scheduler of cleaning is running, .*`fibercast schedule test sessions\.expire --app FILE`\.\n$/u
      )
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
