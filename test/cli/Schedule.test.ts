import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Schedule from "@fibercast/cli/commands/Schedule"
import * as Ending from "@fibercast/cli/Ending"
import * as ScheduleLines from "@fibercast/cli/ScheduleLines"
import { assert, describe, it } from "@effect/vitest"
import { Console, Effect, PlatformError, Sink, Stdio, Stream } from "effect"
import { Command } from "effect/cli"

interface Input {
  readonly stdin?: ReadonlyArray<string>
  readonly stdout?: Stdio.Stdio["stdout"]
}

/** Runs `schedule next <args>`; gives what it printed and how it ended. */
const run = (args: ReadonlyArray<string>, { stdin = [], stdout }: Input = {}) =>
  Effect.gen(function* () {
    const printed: Array<string> = []
    const complaints: Array<string> = []
    const keep = Sink.forEach((piece: string | Uint8Array) => Effect.sync(() => void printed.push(String(piece))))
    const console = yield* Console.Console
    const exit = yield* Command.runWith(Schedule.command, { version: "1.0.0" })(["next", ...args]).pipe(
      Effect.provideService(Console.Console, {
        ...console,
        log: (line: string) => void printed.push(`${line}\n`),
        error: (line: string) => void complaints.push(line)
      }),
      Effect.provide(Ending.layer),
      Effect.provide(
        Stdio.layerTest({
          stdin: Stream.fromIterable(
            stdin.map((text) => new TextEncoder().encode(text)),
            { chunkSize: 1 }
          ),
          stdout: stdout ?? (() => keep)
        })
      ),
      Effect.exit
    )
    return { exit, stdout: printed.join(""), complaint: complaints.join("\n") }
  }).pipe(Effect.provide(NodeServices.layer))

const berlin = ["--zone", "Europe/Berlin"]
const question = (more: object = {}) =>
  JSON.stringify({ expr: "0 9 * * *", zone: "Asia/Jakarta", from: "2026-12-01T00:00:00Z", count: 2, ...more })

describe("schedule next", () => {
  it.effect("tells in words and times when an expression fires, and marks what a change of the clock moved", () =>
    Effect.gen(function* () {
      const { stdout } = yield* run(["30 2 * * *", ...berlin, "--from", "2026-03-28", "--count", "2"])
      assert.match(stdout, /fires at 02:30 .*Europe\/Berlin/u)
      assert.match(stdout, /^Sat 2026-03-28 02:30 {2}\+01:00 {2}2026-03-28T01:30:00Z {2}2 h 30 min$/mu)
      assert.match(stdout, /^Sun 2026-03-29 03:30 {2}\+02:00 .* ! moved: 02:30 does not exist$/mu)
    })
  )

  it.effect("follows the rules given for times that do not exist", () =>
    Effect.gen(function* () {
      const args = ["30 2 * * *", ...berlin, "--from", "2026-03-28T12:00", "--count", "1"]
      assert.match((yield* run([...args, "--gap", "skip"])).stdout, /^Mon 2026-03-30 02:30/mu)
      const atEnd = (yield* run([...args, "--gap", "at-end"])).stdout
      assert.match(atEnd, /^Sun 2026-03-29 03:00 .* ! moved: the clock skips 02:00 to 03:00$/mu)
    })
  )

  it.effect("tells the first from the second of a time that comes twice", () =>
    Effect.gen(function* () {
      const args = ["30 2 * * *", ...berlin, "--from", "2026-10-25", "--count", "2", "--fold", "both"]
      const { stdout } = yield* run(args)
      assert.match(stdout, /^Sun 2026-10-25 02:30 {2}\+02:00 .* ! first of two: 02:30 comes twice$/mu)
      assert.match(stdout, /^Sun 2026-10-25 02:30 {2}\+01:00 .* ! second of two: 02:30 comes twice$/mu)
    })
  )

  it.effect("prints one JSON object with UTC instants strictly after the given one", () =>
    Effect.gen(function* () {
      const args = ["0 3 29 3 *", ...berlin, "--from", "2026-03-29T03:00:00+02:00", "--count", "1", "--json"]
      assert.deepStrictEqual(JSON.parse((yield* run(args)).stdout), {
        expr: "0 3 29 3 *",
        zone: "Europe/Berlin",
        from: "2026-03-29T01:00:00.000Z",
        next: ["2027-03-29T01:00:00.000Z"]
      })
    })
  )

  it.effect("refuses what it cannot use, and says why", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
        [["61 * * * *"], /character 1: minute 61/u],
        [["0 0 31 2 *"], /never fire/u],
        [["* * * * *", "--zone", "Mars/X"], /IANA time zone/u],
        [["* * * * *", "--from", "2026-02-30T00:00:00Z"], /ISO 8601/u],
        [["* * * * *", "--count", "0"], /1 to 1000/u],
        [["* * * * *", "--count", "1001"], /1 to 1000/u],
        [["--zone", "UTC"], /each line has its own "zone"/u]
      ]
      for (const [args, reason] of cases) {
        const { complaint, exit, stdout } = yield* run(args)
        assert.strictEqual(exit._tag, "Failure", args.join(" "))
        assert.match(complaint, reason)
        assert.strictEqual(stdout, "")
      }
    })
  )

  it.effect("answers each line of stdin with one line, in order, wherever the input is cut", () =>
    Effect.gen(function* () {
      const text = [question(), "{", "[]", question({ count: 0 }), question({ expr: 7 }), "", question({ zone: "X/Y" })]
      const whole = text.join("\n")
      const { exit, stdout } = yield* run([], { stdin: [whole] })
      assert.strictEqual(exit._tag, "Success")
      const answers = stdout.trimEnd().split("\n")
      assert.strictEqual(answers.length, text.length)
      assert.deepStrictEqual(JSON.parse(answers[0] ?? ""), {
        expr: "0 9 * * *",
        next: ["2026-12-01T02:00:00.000Z", "2026-12-02T02:00:00.000Z"]
      })
      assert.match(answers[1] ?? "", /^\{"expr":null,"error":".*not JSON/u)
      assert.match(answers[3] ?? "", /^\{"expr":"0 9 \* \* \*","error":".*1 to 1000/u)
      assert.match(answers[4] ?? "", /^\{"expr":null,"error":/u)
      assert.match(answers[6] ?? "", /X\/Y.*not a time zone/u)
      assert.strictEqual((yield* run([], { stdin: [...whole] })).stdout, stdout)
    })
  )

  it.effect("answers a line that is too long without keeping it, and goes on", () =>
    Effect.gen(function* () {
      const long = Array.from({ length: 10 }, () => "x".repeat(ScheduleLines.longest / 4))
      const { stdout } = yield* run([], { stdin: [...long, `\n${question()}\n`] })
      const [first = "", second = ""] = stdout.split("\n")
      assert.match(first, /longer than/u)
      assert.match(second, /"next":\["2026-12-01T02/u)
    })
  )

  it.effect("ends quietly, and reads no further, when the reader of stdout went away", () =>
    Effect.gen(function* () {
      const cause = Object.assign(new Error("write EPIPE"), { code: "EPIPE" })
      const gone = PlatformError.systemError({ _tag: "Unknown", module: "Stdio", method: "stdout", cause })
      const { complaint, exit } = yield* run([], { stdin: [`${question()}\n`], stdout: () => Sink.fail(gone) })
      assert.strictEqual(exit._tag, "Success")
      assert.strictEqual(complaint, "")
    })
  )
})
