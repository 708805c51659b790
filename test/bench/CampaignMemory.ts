/**
 * What a campaign costs in memory: a CSV of a million recipients is read, expanded and drained through a
 * messenger that does nothing, on a durable Postgres of its own.
 * `node --max-semi-space-size=16 test/bench/CampaignMemory.ts [rows]`
 *
 * Prints the largest resident set of this process, the rates, and the counts.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Broadcast from "@fibercast/engine/Broadcast"
import { Campaigns } from "@fibercast/engine/Campaigns"
import { Log } from "@fibercast/messengers/Log"
import * as Database from "@fibercast/node/Database"
import * as LocalNode from "@fibercast/node/LocalNode"
import { Alerts } from "@fibercast/ports/Alerts"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Console, Effect, Layer } from "effect"
import { createWriteStream, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import v8 from "node:v8"

// Of what the launcher sets, what matters once all is loaded.
v8.setFlagsFromString("--heap-growing-percent=60")

const rows = Number(process.argv[2] ?? 1_000_000)
const folder = mkdtempSync(join(tmpdir(), "fibercast-bench-"))
const csv = join(folder, "contacts.csv")

const writeAudience = Effect.promise(async () => {
  const file = createWriteStream(csv)
  file.write("name,phone,city\n")
  for (let at = 0; at < rows; at += 1000) {
    const lines = Array.from({ length: Math.min(1000, rows - at) }, (_, index) => {
      const n = at + index
      return `Orang ${n},0812${String(10_000_000 + n)},Jakarta`
    })
    if (!file.write(`${lines.join("\n")}\n`)) await new Promise<void>((resolve) => file.once("drain", () => resolve()))
  }
  await new Promise<void>((resolve) => file.end(() => resolve()))
})

const program = Effect.gen(function* () {
  yield* writeAudience
  const workspaces = yield* WorkspaceStore
  const campaigns = yield* Campaigns
  const { id: workspaceId } = yield* workspaces.ensure({ name: "bench", zone: "UTC", limits: {} })
  const { campaign } = yield* campaigns.launch({
    workspaceId,
    name: "memory",
    pipeline: "broadcast.log",
    template: "Halo {{ name }} di {{ city }}, rapor sudah terbit.",
    audience: { _tag: "Csv", path: csv },
    addressColumn: "phone",
    region: "ID"
  })
  let peak = 0
  for (;;) {
    yield* Effect.sleep("500 millis")
    const { rss } = process.memoryUsage()
    peak = Math.max(peak, rss)
    const progress = yield* campaigns.progress(workspaceId, campaign.id)
    if (progress.campaign.status !== "completed") continue
    const { completedAt, counts, createdAt } = progress.campaign
    const seconds = ((completedAt ?? 0) - createdAt) / 1000
    return yield* Console.log(
      `${rows} recipients in ${seconds.toFixed(1)} s (${Math.round(rows / seconds)}/s), peak RSS ${Math.round(peak / 1e6)} MB`,
      counts
    )
  }
})

program.pipe(
  Effect.provide(
    LocalNode.layer({ pipelines: [Broadcast.make("log", Log)] }).pipe(
      Layer.provide(Database.layer({ folder: join(folder, "data") })),
      Layer.provide(Layer.mergeAll(Log.layer, Alerts.layerLog)),
      Layer.provide(NodeServices.layer)
    )
  ),
  Effect.ensuring(Effect.sync(() => rmSync(folder, { recursive: true, force: true }))),
  NodeRuntime.runMain
)
