import { assert, describe, it } from "@effect/vitest"
import { none } from "@fibercast/domain/Counts"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { DeliveryId } from "@fibercast/domain/Delivery"
import { Records } from "@fibercast/ports/Records"
import { Effect, FileSystem } from "effect"
import { NodeServices } from "@effect/platform-node"
import { tempFolder } from "../support/TempFolder.ts"
import { given, listed, stores } from "./GivenQueue.ts"
import * as Program from "./Program.ts"

const stateOf = Effect.fnUntraced(function* (id: string | undefined) {
  const found = yield* (yield* Records).find({ workspaceId: null, id: DeliveryId.make(BigInt(id ?? 0)) })
  return found?.record.state
})

describe("fibercast queue", () => {
  it.live("stats: what is open and due, and what came and ended, by workspace, lane and pipeline", () =>
    Effect.gen(function* () {
      const { queue } = yield* given
      const { code, stdout } = yield* queue("stats")
      assert.strictEqual(code, 0)
      const [titles = "", ...rows] = stdout.trimEnd().split("\n")
      assert.match(
        titles,
        /^workspace +lane +pipeline +open +due +claimed +waits +next in +1 min: in +out +failed +1 h: in/u
      )
      assert.match(rows[0] ?? "", /^school +urgent +jobs +2 +2 +· +1 min/u)
      assert.match(rows[1] ?? "", /^school +normal +jobs +· .* 4 +4 +3$/u)
      assert.match(rows[2] ?? "", /^school +bulk +reports +2 +2 +· +1 min.* 4 +2 +2$/u)
      assert.match(rows[3] ?? "", /^shop +normal +orders +1 +1 /u)
      assert.match(rows[4] ?? "", /^all +5 +5 /u)
      const one = Program.lastJson(yield* queue("stats", "--pipeline", "orders", "--json"))
      assert.deepNestedPropertyVal(one, "[0].open", 1)
      const nothing = yield* queue("stats", "--workspace", "shop", "--lane", "bulk")
      assert.strictEqual(
        nothing.stdout,
        "Nothing is open of workspace shop in lane bulk, and nothing came or ended within the hour.\n"
      )
    }).pipe(Effect.scoped, Effect.provide(stores))
  )

  it.live("failed: what failed or is in doubt, by each flag, as a table and as JSON lines", () =>
    Effect.gen(function* () {
      const { campaign, jobs, ofCampaign, queue } = yield* given
      const found = (...flags: ReadonlyArray<string>) =>
        Effect.flatMap(queue("failed", "--json", ...flags), (ran) =>
          Effect.map(listed(ran), (rows) => rows.map(({ id }) => id))
        )
      assert.deepStrictEqual(yield* found(), [...jobs.slice(0, 3), ...ofCampaign.slice(0, 2)])
      const doubtful = ["--state", "unknown", "--since", "1h", "--pipeline", "jobs"]
      assert.deepStrictEqual(yield* found(...doubtful), jobs.slice(2, 3))
      assert.deepStrictEqual(yield* found("--tag", "import", "--class", "transient"), jobs.slice(0, 1))
      const why = ["--reason", "TOO", "--lane", "bulk", "--campaign", String(campaign.id)]
      assert.deepStrictEqual(yield* found(...why), ofCampaign.slice(1, 2))
      assert.deepStrictEqual(yield* found("--since", "1s", "--limit", "1"), [])
      const table = yield* queue("failed", "--workspace", "school", "--limit", "2")
      assert.match(table.stdout, /^id +ended +pipeline +campaign +state +class +tries +reason\n/u)
      assert.match(table.stdout, /\n *\d+ .* \+07:00 +jobs +failed +transient +1 +503: try again\n/u)
      assert.match(
        table.stdout,
        /\n\n5 failed or doubtful deliveries of workspace school\. The first 2 are shown; .*\n`fibercast queue show \d+` tells/u
      )
    }).pipe(Effect.scoped, Effect.provide(stores))
  )

  it.live("failed --csv: with the rows they came from, in which no cell is a formula", () =>
    Effect.gen(function* () {
      const { campaign, ofCampaign, place, queue } = yield* given
      const file = `${place.folder}/failed.csv`
      const ran = yield* queue("failed", "--csv", file)
      assert.strictEqual(ran.stdout, `5 rows in ${file}\n`)
      const files = yield* FileSystem.FileSystem
      const [header, ...rows] = (yield* files.readFileString(file)).trimEnd().split("\n")
      assert.strictEqual(
        header,
        "id,ended,workspace,pipeline,campaign,state,class,attempts,reason,index,row,address,name,phone"
      )
      const [, , , first = ""] = rows
      const [id, , ...cells] = first.split(",")
      assert.deepStrictEqual(
        [id, ...cells],
        [
          ofCampaign[0],
          "school",
          "reports",
          String(campaign.id),
          "failed",
          "transient",
          "1",
          "503: try again",
          "",
          "1",
          "+62811",
          "'=1+1",
          "0811"
        ]
      )
      const printed = yield* queue("failed", "--csv", "-", "--campaign", String(campaign.id))
      assert.lengthOf(printed.stdout.trimEnd().split("\n"), 3)
      const nowhere = yield* queue("failed", "--csv", `${place.folder}/missing/failed.csv`)
      assert.deepStrictEqual([nowhere.code, nowhere.stdout], [1, ""])
      assert.match(nowhere.stderr, /missing\/failed\.csv: there is no such file or folder\n$/u)
      assert.strictEqual((yield* queue("failed", "--csv", "-", "--json")).code, 2)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer), Effect.provide(stores))
  )

  it.live("show: all that is known of one, on its workspace's clock", () =>
    Effect.gen(function* () {
      const {
        jobs: [first = ""],
        queue,
        waiting: [urgent = ""]
      } = yield* given
      const { stdout } = yield* queue("show", first)
      assert.match(stdout, new RegExp(`^Delivery ${first} failed 1 min.* ago \\(transient\\)\n`, "u"))
      assert.match(stdout, /\n {2}reason +503: try again\n/u)
      assert.match(stdout, /\n {2}tags +import\n {2}dispatched +\d{4}-.* \+07:00\n/u)
      assert.match(stdout, /Tries that did not complete\n\n +try .*\n +1 .* failed +transient +503: try again\n/u)
      assert.match(stdout, /Payload\n\n {2}\{\n {4}"index": 0\n {2}\}\n$/u)
      assert.match((yield* queue("show", urgent)).stdout, /^Delivery \d+ waits for 1 min/u)
      const json = Program.lastJson(yield* queue("show", first, "--json"))
      assert.deepInclude(json, { id: first, workspace: "school", state: "failed", payload: { index: 0 } })
      const unknown = yield* queue("show", "999999")
      assert.deepStrictEqual([unknown.code, unknown.stdout], [1, ""])
      assert.match(
        unknown.stderr,
        /^Nothing is known of delivery 999999: there was none of that number, its record was pruned/u
      )
      for (const wrong of ["abc", "99999999999999999999"]) {
        assert.strictEqual((yield* queue("show", wrong)).code, 2, wrong)
      }
    }).pipe(Effect.scoped, Effect.provide(stores))
  )

  it.live("retry by number: opens what failed, and says why it leaves the others", () =>
    Effect.gen(function* () {
      const { jobs, ofCampaign, queue, school, campaign } = yield* given
      const [failed = "", , doubtful = "", completed = ""] = jobs
      const [ofFees = ""] = ofCampaign
      const ran = yield* queue("retry", failed, ofFees, doubtful, completed, "999999")
      assert.deepStrictEqual([ran.code, ran.stdout], [1, `Open again, to be tried now: ${failed}, ${ofFees}.\n`])
      assert.deepStrictEqual(ran.stderr.trimEnd().split("\n"), [
        `Delivery ${doubtful} is in doubt: it may have been sent. To send it again nevertheless, add --state unknown.`,
        `Delivery ${completed} has completed: there is nothing to try again.`,
        "Delivery 999999 is not known: there was none of that number, its record was pruned, or it was temporary and completed."
      ])
      assert.strictEqual(yield* stateOf(failed), "scheduled")
      const campaigns = yield* CampaignStore
      const { counts } = yield* campaigns.get(school.workspaceId, campaign.id)
      assert.deepStrictEqual(counts, { ...none, planned: 4, open: 3, failed: 1 })
      const again = yield* queue("retry", failed)
      assert.match(again.stderr, /is scheduled: it is open already\.\n$/u)
      const meant = yield* queue("retry", doubtful, "--state", "unknown", "--json")
      assert.deepStrictEqual([meant.code, Program.lastJson(meant)], [0, { matched: 1, retried: 1 }])
    }).pipe(Effect.scoped, Effect.provide(stores))
  )

  it.live("retry by flags: says how many, asks, and does not touch what is in doubt unless told to", () =>
    Effect.gen(function* () {
      const { campaign, jobs, queue } = yield* given
      for (const args of [
        ["forget", "--state", "failed"],
        ["retry", jobs[0] ?? "", "--all"]
      ]) {
        const { code, stderr } = yield* queue(...args)
        assert.strictEqual(code, 2)
        assert.match(stderr, /^(?:Say which deliveries|Name the deliveries) to (?:retry|forget)/u)
      }
      const unasked = yield* queue("retry", "--campaign", String(campaign.id))
      assert.deepStrictEqual([unasked.code, unasked.stdout], [2, ""])
      assert.strictEqual(
        unasked.stderr,
        `2 failed deliveries of campaign ${campaign.id} would be tried again. Nobody can be asked here: add --yes.\n`
      )
      const all = yield* queue("retry", "--all", "--yes")
      assert.deepStrictEqual([all.code, all.stdout], [0, "4 open again, to be tried now.\n"])
      assert.strictEqual(yield* stateOf(jobs[2]), "unknown")
      const doubt = yield* queue("retry", "--state", "unknown", "--workspace", "school")
      assert.match(
        doubt.stderr,
        /^1 doubtful delivery .* It may have been sent, and would be sent a second time then\./u
      )
      const none = yield* queue("retry", "--all")
      assert.deepStrictEqual([none.code, none.stdout], [0, "There is no failed delivery: nothing to retry.\n"])
    }).pipe(Effect.scoped, Effect.provide(stores))
  )

  it.live("forget and flush: delete what failed deliveries carry, so that they cannot be retried", () =>
    Effect.gen(function* () {
      const {
        jobs: [first = "", second = "", third = ""],
        queue
      } = yield* given
      const one = yield* queue("forget", first, second)
      assert.deepStrictEqual([one.code, one.stdout], [0, "Forgotten: 2 of 2.\n"])
      assert.match((yield* queue("show", first)).stdout, /^Delivery \d+ failed .*, and was forgotten\n/u)
      assert.match((yield* queue("retry", first)).stderr, /was forgotten: its payload is gone\.\n$/u)
      assert.match((yield* queue("forget", first)).stderr, /was forgotten before\.\n$/u)
      assert.strictEqual((yield* queue("flush")).code, 2)
      const rest = yield* queue("flush", "--yes", "--json")
      assert.deepStrictEqual(Program.lastJson(rest), { matched: 2, forgotten: 2 })
      assert.deepStrictEqual(
        (yield* listed(yield* queue("failed", "--json"))).map(({ id }) => id),
        [third]
      )
    }).pipe(Effect.scoped, Effect.provide(stores))
  )

  it.live("clear: cancels what waits in a workspace, and nothing of another", () =>
    Effect.gen(function* () {
      const { queue, waiting } = yield* given
      assert.strictEqual((yield* queue("clear")).code, 2)
      const asked = yield* queue("clear", "--workspace", "school")
      assert.match(
        asked.stderr,
        /^4 open deliveries of workspace school would be cancelled, but for those under way\. Nobody/u
      )
      const urgent = yield* queue("clear", "--workspace", "school", "--lane", "urgent", "--note", "a mistake", "--yes")
      assert.strictEqual(urgent.stdout, "2 cancelled.\n")
      assert.match((yield* queue("show", waiting[0] ?? "")).stdout, /cancelled .*\n\n {2}reason +a mistake\n/u)
      const rest = yield* queue("clear", "--workspace", "school", "--yes", "--json")
      assert.deepStrictEqual(Program.lastJson(rest), { open: 2, cancelled: 2, left: 0 })
      assert.strictEqual(yield* (yield* Records).countOpen({ workspaceId: null }), 1)
      const none = yield* queue("clear", "--workspace", "school")
      assert.strictEqual(none.stdout, "There is no open delivery of workspace school: nothing to cancel.\n")
    }).pipe(Effect.scoped, Effect.provide(stores))
  )

  it.live("prune: drops what is older than it is to be kept", () =>
    Effect.gen(function* () {
      const { queue } = yield* given
      assert.strictEqual((yield* queue("prune")).stdout, "Nothing was older than it is kept.\n")
      // Six records, and the tries of the five that did not complete.
      assert.strictEqual((yield* queue("prune", "--keep", "1s")).stdout, "Dropped 11 records.\n")
      assert.strictEqual((yield* queue("failed")).stdout, "There is no failed or doubtful delivery.\n")
    }).pipe(Effect.scoped, Effect.provide(stores))
  )

  it.live("names that nobody has are told, with what was probably meant", () =>
    Effect.gen(function* () {
      const { queue } = yield* given
      const said = (...args: ReadonlyArray<string>) => Effect.map(queue(...args), ({ code, stderr }) => [code, stderr])
      assert.deepStrictEqual(yield* said("failed", "--workspace", "schol"), [
        1,
        'There is no workspace "schol" here. Did you mean "school"? Name one with --workspace.\n'
      ])
      assert.deepStrictEqual(yield* said("stats", "--pipeline", "invoices"), [
        1,
        'There is no pipeline "invoices". There are: "jobs", "orders", "reports".\n'
      ])
      const [code, stderr] = yield* said("retry", "--class", "transent", "--yes")
      assert.strictEqual(code, 2)
      assert.match(String(stderr), /"transient" \| "rateLimited"/u)
      const elsewhere = yield* Program.run({ folder: yield* tempFolder }, ["queue", "stats"])
      assert.strictEqual(elsewhere.code, 1)
      assert.match(elsewhere.stderr, /^There is no database in /u)
    }).pipe(Effect.scoped, Effect.provide(stores))
  )
})
