import * as NodeServices from "@effect/platform-node/NodeServices"
import { Triggers } from "@fibercast/engine/Triggers"
import app from "@fibercast/examples/blazz/App"
import * as Message from "@fibercast/examples/blazz/Message"
import { type Request, Requests } from "@fibercast/examples/blazz/Requests"
import * as Weekend from "@fibercast/examples/blazz/Weekend"
import * as Occurrence from "@fibercast/domain/Occurrence"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { FonnteSimulator } from "@fibercast/simulator/Fonnte"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { fileURLToPath } from "node:url"
import * as Program from "../../cli/Program.ts"
import { tempFolder } from "../../support/TempFolder.ts"
import * as OnPostgres from "../OnPostgres.ts"
import { ask } from "./Blazz.ts"

/** The database with Blazz's own table, and no node on it. */
const world = Layer.provideMerge(Requests.layerSql, OnPostgres.machine)

const node = OnPostgres.run(app)

/** A campaign of each of five workspaces in five zones, some of them two seconds ahead and the others two hours ago. */
const soon = Effect.map(Clock.currentTimeMillis, (now) =>
  Weekend.requests("2026-10-25", 5)
    .filter((_, at) => at % 6 === 0)
    .map((request, at): Request => {
      const due = (Math.floor(now / 1000) + 2) * 1000 - (at % 2) * 7_200_000
      return { ...request, at: Occurrence.wallTime(due, request.zone) }
    })
)

/** Has requests planned out of turn, and waits for the end of that run. */
const plan = Effect.gen(function* () {
  const workspace = yield* OnPostgres.until(
    Effect.flatMap(WorkspaceStore, ({ find }) => find("blazz")),
    (found) => found !== null
  )
  if (workspace === null) return assert.fail("no workspace")
  const { history, test } = yield* Triggers
  const nominal = yield* test(workspace.id, "campaigns.plan")
  const recorded = yield* OnPostgres.until(history(workspace.id, "campaigns.plan", 10), (all) =>
    all.some((one) => one.nominal === nominal && one.state !== null)
  )
  return recorded.find((one) => one.nominal === nominal)
})

const campaignsOf = Effect.fnUntraced(function* (requests: ReadonlyArray<Request>) {
  const all = yield* Effect.forEach(requests, ({ workspace: name, zone }) =>
    Effect.gen(function* () {
      const { id } = yield* (yield* WorkspaceStore).ensure({ name, zone, limits: {} })
      return yield* (yield* CampaignStore).list({ workspaceId: id, limit: 10 })
    })
  )
  return all.flat()
})

const received = Effect.flatMap(FonnteSimulator, ({ accepted }) => accepted)

describe("Blazz on Postgres", () => {
  it.live("sends each campaign once, at its time or at once if that has passed, across a change of nodes", () =>
    Effect.gen(function* () {
      const requests = yield* soon
      yield* ask(...requests)
      const first = yield* Effect.provide(plan, node)
      // The scheduler plans each minute as well, and may be the one that came first.
      assert.strictEqual(first?.state, "completed")
      // The node is gone; what had not begun by then is sent by the next.
      yield* Effect.gen(function* () {
        const again = yield* plan
        assert.strictEqual(again?.state, "completed")
        const campaigns = yield* OnPostgres.until(campaignsOf(requests), (all) =>
          all.every(({ status }) => status === "completed")
        )
        assert.strictEqual(campaigns.length, requests.length)
        for (const { counts, spec, startedAt } of campaigns) {
          assert.strictEqual(counts.completed + counts.unknown, 5)
          assert.isAtLeast(startedAt ?? 0, spec.dueAt)
        }
        const numbers = yield* received
        assert.isTrue([...numbers.values()].every((times) => times === 1))
        // Of what is in doubt nobody knows whether it was sent.
        const completed = campaigns.reduce((sum, { counts }) => sum + counts.completed, 0)
        assert.isAtLeast(numbers.size, completed)
      }).pipe(Effect.provide(node))
    }).pipe(Effect.provide(world))
  )

  it.live("is planned by two nodes at once, and every campaign is launched and sent once", () =>
    Effect.gen(function* () {
      const requests = yield* soon
      yield* ask(...requests)
      const other = yield* Layer.build(Layer.fresh(node))
      const both = yield* Effect.all([plan, Effect.provide(plan, other)], { concurrency: 2 })
      assert.deepStrictEqual(
        both.map((run) => run?.state),
        ["completed", "completed"]
      )
      yield* OnPostgres.until(campaignsOf(requests), (all) => all.every(({ status }) => status === "completed"))
      const numbers = yield* received
      assert.strictEqual(numbers.size, requests.length * 5)
      assert.isTrue([...numbers.values()].every((times) => times === 1))
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(node, world)))
  )

  it.live("sends a single message, and has its three triggers planned", () =>
    Effect.gen(function* () {
      const { id } = yield* (yield* WorkspaceStore).ensure({ name: "Toko", zone: "Asia/Jakarta", limits: {} })
      yield* Message.say(id, "code", { to: "+6286010001000", text: "1234" })
      yield* OnPostgres.until(received, (all) => all.size > 0)
      assert.deepStrictEqual([...(yield* received)], [["6286010001000", 1]])
      const triggers = yield* OnPostgres.until(
        Effect.flatMap(TriggerStore, (store) => store.list({ workspaceId: null })),
        (all) => all.length === 3
      )
      assert.sameMembers(
        triggers.map(({ definition }) => definition.trigger.name),
        ["campaigns.plan", "backlog.measure", "requests.prune"]
      )
    }).pipe(Effect.provide(Layer.provideMerge(node, world)))
  )
})

describe("The demo of Blazz", () => {
  it.live("shows a weekend of ten workspaces, and ends by itself", () =>
    Effect.gen(function* () {
      const demo = fileURLToPath(new URL("../../../services/examples/src/blazz/Demo.ts", import.meta.url))
      const shown = yield* Program.run({ folder: yield* tempFolder }, [], demo)
      assert.strictEqual(shown.code, 0, shown.stderr)
      const lines = shown.stdout.split("\n")
      assert.strictEqual(lines.filter((line) => line.endsWith("40 of 40")).length, 30)
      for (const line of [
        "Radhaus Mitte     Europe/Berlin      02:30       02:30:00 +02:00  02:33:00 +02:00  40 of 40",
        "Radhaus Mitte     Europe/Berlin      09:00       09:00:00 +01:00  09:03:00 +01:00  40 of 40",
        "Chai Point        Asia/Kolkata       09:00       09:00:00 +05:30  09:03:00 +05:30  40 of 40",
        "1200 messages sent, 0 of them twice",
        "1560 minutes, 1560 plannings recorded, 1560 fired on time"
      ]) {
        assert.include(lines, line)
      }
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
