import { assert, describe, it } from "@effect/vitest"
import { Counts } from "@fibercast/domain/Counts"
import { FonnteSimulator } from "@fibercast/simulator/Fonnte"
import { Effect, FileSystem, Option, Schema } from "effect"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Program from "../cli/Program.ts"
import { tempFolder } from "../support/TempFolder.ts"

const Report = Schema.Struct({
  campaign: Schema.Struct({ id: Schema.Int, status: Schema.String, note: Schema.NullOr(Schema.String) }),
  counts: Counts,
  balanced: Schema.Boolean,
  notSent: Schema.Struct({ file: Schema.NullOr(Schema.String), rows: Schema.Int })
})
const reportOf = (ran: Program.Ran) => Schema.decodeUnknownEffect(Report)(Program.lastJson(ran))

/** A folder with 120 people and 4 rows that cannot be written to, and a provider. */
const given = Effect.gen(function* () {
  const folder = yield* tempFolder
  const { token, url } = yield* FonnteSimulator
  const dirt = ",0860-7777-0001\nAni,not a number\nBudi,0860-1000-1000\nragged\n"
  yield* Program.write(`${folder}/contacts.csv`, Program.contacts(120) + dirt)
  const flags = [
    "--to",
    "phone",
    "--region",
    "ID",
    "--template",
    "Halo {{ name }}",
    "--provider",
    "fonnte",
    "--url",
    url
  ]
  const place = { folder, env: { FONNTE_TOKEN: token } }
  const send = (rate: string, ...more: ReadonlyArray<string>) => [
    "send",
    "--audience",
    "contacts.csv",
    ...flags,
    "--rate",
    rate,
    "--json",
    ...more
  ]
  return { place, folder, send }
})

const simulator = FonnteSimulator.layer({ keepTexts: 200 })

describe("send, on an embedded database", () => {
  it.live("sends each person one message, accounts for every row, and never does it twice by accident", () =>
    Effect.gen(function* () {
      const { folder, place, send } = yield* given
      const provider = yield* FonnteSimulator
      const ran = yield* Program.run(place, send("200/s"))
      const report = yield* reportOf(ran)
      assert.deepStrictEqual([ran.code, report.campaign.status, report.balanced], [0, "completed", true])
      const { completed, open, planned, skipped } = report.counts
      assert.deepStrictEqual(
        { planned, completed, skipped, open },
        { planned: 124, completed: 120, skipped: 4, open: 0 }
      )
      const accepted = yield* provider.accepted
      assert.deepStrictEqual([accepted.size, yield* provider.acceptedTotal], [120, 120])
      assert.deepStrictEqual(yield* provider.messages("6286010001000"), ["Halo Person 1"])
      const files = yield* FileSystem.FileSystem
      const file = yield* files.readFileString(`${folder}/.fibercast/reports/campaign-1-not-sent.csv`)
      assert.deepStrictEqual(file.trimEnd().split("\n"), [
        "row,input,state,reason,class",
        "121,0860-7777-0001,skipped,no value for {{ name }},",
        "122,not a number,skipped,not a number,",
        "123,+6286010001000,skipped,same number as row 1,",
        '124,ragged,skipped,"1 field, but the header has 2",'
      ])

      const dry = yield* Program.run(
        place,
        send("200/s", "--dry-run").filter((word) => word !== "--json")
      )
      assert.match(
        dry.stdout,
        /campaign 1 did this before \(completed, 120 sent\): nothing would be sent without --again/u
      )

      const second = yield* Program.run(place, send("200/s"))
      assert.deepStrictEqual([second.code, (yield* reportOf(second)).campaign.id], [0, 1])
      assert.match(second.stderr, /Campaign 1 .* is completed\. Nothing is sent twice\.[^]*--again/u)
      assert.strictEqual(yield* provider.acceptedTotal, 120)
    }).pipe(Effect.provide(simulator), Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("goes on where it was after kill -9, and the law holds", () =>
    Effect.gen(function* () {
      const { place, send } = yield* given
      const provider = yield* FonnteSimulator
      yield* Effect.scoped(
        Effect.gen(function* () {
          const child = yield* Program.start(place, send("30/s"))
          const line = yield* Program.lineOf(child.stderr, / sent [1-9]/u)
          assert.isTrue(Option.isSome(line))
          yield* Effect.sync(() => process.kill(child.pid, "SIGKILL"))
          yield* Effect.exit(child.exitCode)
        })
      )
      const before = yield* provider.acceptedTotal
      assert.isTrue(before > 0 && before < 120)

      const ran = yield* Program.run(place, send("30/s"))
      const report = yield* reportOf(ran)
      assert.match(ran.stderr, /Going on with campaign 1 /u)
      assert.deepStrictEqual([ran.code, report.campaign.status, report.balanced], [0, "completed", true])
      assert.deepStrictEqual([report.counts.planned, report.counts.completed, report.counts.open], [124, 120, 0])
      assert.strictEqual((yield* provider.accepted).size, 120)
      // At-least-once: only what was under way at the moment of the kill may have gone out twice.
      assert.isAtMost((yield* provider.acceptedTotal) - 120, 30)
    }).pipe(Effect.provide(simulator), Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live(
    "refuses another message to the same file while a campaign killed half-way is not over, and sends nothing",
    () =>
      Effect.gen(function* () {
        const { place, send } = yield* given
        const provider = yield* FonnteSimulator
        yield* Effect.scoped(
          Effect.gen(function* () {
            const child = yield* Program.start(place, send("10/s"))
            yield* Program.lineOf(child.stderr, / sent [1-9]/u)
            yield* Effect.sync(() => process.kill(child.pid, "SIGKILL"))
            yield* Effect.exit(child.exitCode)
          })
        )
        const before = yield* provider.acceptedTotal
        const otherwise = send("10/s").map((word) => (word === "Halo {{ name }}" ? "Hello {{ name }}" : word))
        const dry = yield* Program.run(place, [...otherwise, "--dry-run"])
        assert.match(dry.stdout, /It would be refused: Campaign 1 /u)
        const refused = yield* Program.run(place, otherwise)
        assert.deepStrictEqual([refused.code, refused.stdout], [1, ""])
        assert.match(
          refused.stderr,
          /Campaign 1 .*running, \d+ sent.*`fibercast campaign cancel 1`.*Nothing was sent\./u
        )
        assert.strictEqual(yield* provider.acceptedTotal, before)
      }).pipe(Effect.provide(simulator), Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("ends with 1 and a reason when the provider refuses the account, and keeps its state", () =>
    Effect.gen(function* () {
      const { place, send } = yield* given
      const provider = yield* FonnteSimulator
      yield* provider.setQuota(50)
      const held = yield* Program.run(place, send("200/s"))
      const report = yield* reportOf(held)
      assert.deepStrictEqual([held.code, report.campaign.status, report.balanced], [1, "paused", true])
      assert.match(held.stderr, /It is held: insufficient quota\. Once that is put right, the same command goes on/u)
      assert.deepStrictEqual([report.counts.completed, yield* provider.acceptedTotal], [50, 50])
    }).pipe(Effect.provide(simulator), Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
