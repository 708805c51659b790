import { assert, describe, it } from "@effect/vitest"
import { DeliveryId, type NewDelivery } from "@fibercast/domain/Delivery"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as SqlCampaignStore from "@fibercast/postgres/SqlCampaignStore"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlNodeRegistry from "@fibercast/postgres/SqlNodeRegistry"
import * as SqlTriggerStore from "@fibercast/postgres/SqlTriggerStore"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { Clock, Effect, Layer, Schema } from "effect"
import { spec } from "../conformance/Given.ts"
import { asked, defined, filled, firedAt, freshTrigger } from "../conformance/GivenTriggers.ts"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { tempFolder } from "../support/TempFolder.ts"
import { TestDatabase } from "../support/TestDatabase.ts"
import { known } from "./Nodes.ts"
import * as Program from "./Program.ts"

const minute = 60_000

const layer = Layer.mergeAll(
  SqlLedger.layer,
  SqlCampaignStore.layer,
  SqlWorkspaceStore.layer,
  SqlTriggerStore.layer,
  SqlNodeRegistry.layer
).pipe(Layer.provideMerge(TestDatabase.layer))

const Report = Schema.Struct({
  verdict: Schema.String,
  findings: Schema.Array(Schema.Struct({ code: Schema.String, command: Schema.NullOr(Schema.String) }))
})

/** The doctor of this database, and the program. */
const given = Effect.gen(function* () {
  const place = { folder: yield* tempFolder, env: { DATABASE_URL: (yield* TestDatabase).url } }
  const run = (...args: ReadonlyArray<string>) => Program.run(place, args)
  const doctor = Effect.gen(function* () {
    const ran = yield* run("doctor", "--json")
    const report = yield* Schema.decodeUnknownEffect(Report)(Program.lastJson(ran))
    return { ...report, exit: ran.code, codes: report.findings.map(({ code }) => code) }
  })
  return { place, run, doctor }
})

/** A node that works, and is not silent however slow this machine is. */
const node = Effect.fnUntraced(function* (varied: Parameters<typeof known>[0] = {}) {
  const now = yield* Clock.currentTimeMillis
  const alive = known({ pipelines: ["jobs", spec.pipeline], clockAhead: 0, ...varied })
  yield* (yield* NodeRegistry).beat(alive, now + 10 * minute)
})

/** A workspace with so many jobs that are due. */
const due = Effect.fnUntraced(function* (count: number, varied: Partial<NewDelivery> = {}) {
  const now = yield* Clock.currentTimeMillis
  const { id: workspaceId } = yield* (yield* WorkspaceStore).ensure({ name: "acme", zone: "UTC", limits: {} })
  const job: NewDelivery = {
    pipeline: "jobs",
    lane: "normal",
    campaignId: null,
    dueAt: now,
    deadline: null,
    payload: "{}",
    ...varied
  }
  yield* (yield* Ledger).insert({ workspaceId, now, deliveries: Array.from({ length: count }, () => job) })
  return { now, workspaceId }
})

const campaign = Effect.fnUntraced(function* (workspaceId: WorkspaceId, now: number) {
  const campaigns = yield* CampaignStore
  const made = { workspaceId, key: "may", spec: { ...spec, name: "May" }, templateHash: "t", audienceHash: "a", now }
  const { campaign } = yield* campaigns.create(made)
  const recipients = [{ row: 1, address: "0811", identity: "0811", payload: "{}" }]
  yield* campaigns.append({ campaignId: campaign.id, from: 0, to: 1, last: true, recipients, skipped: [], now })
  return { campaigns, id: campaign.id }
})

type Stores = Ledger | CampaignStore | WorkspaceStore | TriggerStore | NodeRegistry

interface Fault {
  /** As in "finds …". */
  readonly name: string
  readonly inject: Effect.Effect<unknown, unknown, Stores>
  readonly code: string
  readonly exit: 1 | 2
  /** The command that the doctor gives mends it. */
  readonly mends: boolean
}

const faults: ReadonlyArray<Fault> = [
  { name: "that no node is there while work is due", inject: due(3), code: "NoNode", exit: 2, mends: false },
  {
    name: "a lane that no node serves",
    inject: Effect.andThen(node({ lanes: ["urgent"] }), due(3)),
    code: "LaneUnserved",
    exit: 2,
    mends: false
  },
  {
    name: "a pipeline that no node knows",
    inject: Effect.andThen(node(), due(3, { pipeline: "renamed" })),
    code: "PipelineUnknown",
    exit: 2,
    mends: true
  },
  {
    name: "a node that is gone without a word",
    inject: Effect.gen(function* () {
      yield* node()
      const now = yield* Clock.currentTimeMillis
      yield* (yield* NodeRegistry).beat(known({ id: "silent-node", name: "quiet" }), now - minute)
    }),
    code: "NodeSilent",
    exit: 1,
    mends: false
  },
  {
    name: "a workspace that was set aside",
    inject: Effect.gen(function* () {
      yield* node()
      const { workspaceId } = yield* due(3)
      yield* (yield* WorkspaceStore).setQuarantine(workspaceId, "it crashed five times")
    }),
    code: "WorkspaceQuarantined",
    exit: 2,
    mends: true
  },
  {
    name: "a lane that is paused while work of it is due",
    inject: Effect.gen(function* () {
      yield* node()
      const { now, workspaceId } = yield* due(3)
      yield* (yield* WorkspaceStore).pauseLanes(workspaceId, { lanes: ["normal"], note: "wrong price", now })
    }),
    code: "LanePaused",
    exit: 1,
    mends: true
  },
  {
    name: "a campaign that is paused",
    inject: Effect.gen(function* () {
      yield* node()
      const { now, workspaceId } = yield* due(0)
      const { campaigns, id } = yield* campaign(workspaceId, now)
      yield* campaigns.transition({
        workspaceId,
        campaignId: id,
        from: ["scheduled"],
        to: "paused",
        note: "held: 403",
        now
      })
    }),
    code: "CampaignPaused",
    exit: 1,
    mends: false
  },
  {
    name: "triggers that no scheduler looks after",
    inject: Effect.gen(function* () {
      yield* node()
      const { now, workspaceId } = yield* due(0)
      const long = now - 60 * minute
      const trigger = asked(workspaceId, "school", { definition: defined("report"), cursor: now + minute, now: long })
      yield* (yield* TriggerStore).put({ ...trigger, nextDue: now + 60 * minute })
    }),
    code: "SchedulerDead",
    exit: 2,
    mends: false
  },
  {
    name: "claims of an owner that is gone",
    inject: Effect.gen(function* () {
      yield* node()
      const { now, workspaceId } = yield* due(3)
      const ledger = yield* Ledger
      const then = now - 10 * minute
      const { epoch } = yield* ledger.takeOver({ workspaceId, owner: "gone", now: then, lease: 1000, force: false })
      const source = { lane: "normal", campaignId: null } as const
      yield* ledger.claim({ workspaceId, epoch, now, source, limit: 10, after: null })
    }),
    code: "ClaimsStuck",
    exit: 2,
    mends: true
  },
  {
    name: "an account that takes nothing",
    inject: node({ brokenAccounts: [{ account: "fonnte:main", reason: "device disconnected", isFatal: false }] }),
    code: "AccountBroken",
    exit: 2,
    mends: false
  },
  {
    name: "a node whose clock is wrong",
    inject: node({ clockAhead: 4000 }),
    code: "ClockWrong",
    exit: 1,
    mends: false
  },
  {
    name: "a rate that lets out less than is due",
    inject: Effect.gen(function* () {
      yield* node()
      const { workspaceId } = yield* due(30)
      yield* (yield* WorkspaceStore).setLimits(workspaceId, { rate: { permits: 1, per: minute } })
    }),
    code: "Throttled",
    exit: 1,
    mends: false
  },
  {
    name: "a backlog at its cap",
    inject: Effect.gen(function* () {
      yield* node()
      const { workspaceId } = yield* due(3)
      yield* (yield* WorkspaceStore).setLimits(workspaceId, { backlog: 3 })
    }),
    code: "BacklogFull",
    exit: 2,
    mends: false
  }
]

describe("fibercast doctor", () => {
  it.live("finds nothing where all is well, and ends with 0", () =>
    Effect.gen(function* () {
      yield* node()
      yield* due(3)
      const { doctor, run } = yield* given
      assert.deepInclude(yield* doctor, { verdict: "ok", codes: [], exit: 0 })
      assert.match((yield* run("doctor")).stdout, /^✓ Nothing is in the way of what is due\.\n.*3 open/u)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live.each(faults)("finds $name, and nothing else", ({ code, exit, inject, mends }) =>
    Effect.gen(function* () {
      yield* inject
      const { doctor, run } = yield* given
      const found = yield* doctor
      assert.deepStrictEqual([found.codes, found.exit], [[code], exit])
      const command = found.findings[0]?.command ?? null
      if (!mends) return
      // As a person would paste it.
      const words = command?.split(" ").slice(1) ?? []
      const yes = words[0] === "queue" && (words[1] === "clear" || words[1] === "rescue") ? ["--yes"] : []
      const mended = yield* run(...words, ...yes)
      assert.strictEqual(mended.code, 0, mended.stderr)
      const { codes } = yield* doctor
      assert.notInclude(codes, code)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("finds a database that does not answer, and one that is not migrated, which its command mends", () =>
    Effect.gen(function* () {
      const { url } = yield* TestDatabase
      const { doctor, place, run } = yield* given
      const away = yield* Program.run({ ...place, env: { DATABASE_URL: "postgres://nobody@127.0.0.1:1/nothing" } }, [
        "doctor",
        "--json"
      ])
      assert.strictEqual(away.code, 2)
      assert.include(away.stdout, `"code":"DatabaseAway"`)
      assert.notInclude(away.stdout, new URL(url).password || "no password")
      assert.deepInclude(yield* doctor, { codes: ["NotMigrated"], exit: 2 })
      assert.strictEqual((yield* run("migrate")).code, 0)
      assert.deepInclude(yield* doctor, { codes: [], exit: 0 })
    }).pipe(Effect.scoped, Effect.provide(TestDatabase.layerEmpty))
  )

  it.live("looks at one workspace alone when it is told to, and says so when there is none of that name", () =>
    Effect.gen(function* () {
      yield* due(3)
      yield* (yield* WorkspaceStore).ensure({ name: "quiet", zone: "UTC", limits: {} })
      const { run } = yield* given
      assert.strictEqual((yield* run("doctor", "--workspace", "quiet")).code, 0)
      const strange = yield* run("doctor", "--workspace", "nobody")
      assert.strictEqual(strange.code, 1)
      assert.match(strange.stderr, /nobody/u)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )
})

describe("fibercast explain", () => {
  it.live("tells the course of a delivery and what stands in its way", () =>
    Effect.gen(function* () {
      const { workspaceId } = yield* due(2, { tags: ["import"] })
      const { run } = yield* given
      const [, second] = [DeliveryId.make(1n), DeliveryId.make(2n)]
      const told = yield* run("explain", String(second))
      assert.strictEqual(told.code, 0, told.stderr)
      assert.match(told.stdout, /^Delivery 2 of acme: jobs, lane normal, tags import\n/u)
      assert.match(told.stdout, /\+ dispatched as a background job/u)
      assert.match(
        told.stdout,
        /▸ No node is there that works\.\n.*fibercast doctor\n.*· 1 of its lane and campaign come/u
      )
      yield* (yield* WorkspaceStore).setQuarantine(workspaceId, "it crashed")
      assert.match((yield* run("explain", "2")).stdout, /▸ Its workspace is set aside: it crashed\./u)
      const strange = yield* run("explain", "4711")
      assert.strictEqual(strange.code, 1)
      assert.match(strange.stderr, /^Nothing is known of delivery 4711: /u)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("says of a trigger's run which trigger it is of, and for which time", () =>
    Effect.gen(function* () {
      const { run } = yield* given
      const trigger = yield* freshTrigger({ definition: defined("report") })
      const nominal = Date.UTC(2026, 0, 1)
      const late = { outcome: "late", reason: "backfill", zone: "Asia/Jakarta" } as const
      assert.deepStrictEqual(yield* filled(trigger, firedAt(nominal, late)), [nominal])
      const told = yield* run("explain", "1")
      assert.strictEqual(told.code, 0, told.stderr)
      const words = "dispatched by trigger report for 2026-01-01 07:00:00 +07:00 (backfill)"
      assert.include(told.stdout, `+ ${words}`)
      const { course } = JSON.parse((yield* run("explain", "1", "--json")).stdout)
      const by = { _tag: "Trigger", name: "report", nominal: "2026-01-01T00:00:00.000Z", zone: "Asia/Jakarta" }
      assert.deepInclude(course[0], { text: words, by: { ...by, reason: "backfill" } })
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("tells why a trigger fires when it does, and what keeps it from that", () =>
    Effect.gen(function* () {
      const { run } = yield* given
      const added = yield* run("schedule", "add", "report", "--every", "1h", "--pipeline", "jobs")
      assert.strictEqual(added.code, 0, added.stderr)
      const told = yield* run("explain", "report")
      assert.strictEqual(told.code, 0, told.stderr)
      assert.match(told.stdout, /^report of global: every hour → jobs\nIt fires next at /u)
      assert.match(told.stdout, /▸ no scheduler is running/u)
      const strange = yield* run("explain", "rapport")
      assert.strictEqual(strange.code, 1)
      assert.match(strange.stderr, /Did you mean "report"\?/u)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )
})

describe("fibercast queue monitor --once", () => {
  it.live("is OK where the targets are met, and ends with the verdict where they are not", () =>
    Effect.gen(function* () {
      yield* node()
      yield* due(3)
      const { run } = yield* given
      const fine = yield* run("queue", "monitor", "--once", "--over", "1s")
      assert.strictEqual(fine.code, 0, fine.stdout)
      assert.match(fine.stdout, /^OK .*targets: size ≤ 100/u)
      assert.match(fine.stdout, /\nacme +normal +3 +3 +0 /u)
      const strict = yield* run("queue", "monitor", "--once", "--over", "1s", "--max-size", "2")
      assert.deepStrictEqual([strict.code, strict.stdout.slice(0, 4)], [1, "WARN"])
      const json = yield* run("queue", "monitor", "--once", "--over", "1s", "--max-size", "0", "--json")
      assert.strictEqual(json.code, 2)
      assert.deepInclude(Program.lastJson(json), { verdict: "CRITICAL" })
    }).pipe(Effect.scoped, Effect.provide(layer))
  )
})
