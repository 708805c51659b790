import * as CsvAudience from "@fibercast/content/CsvAudience"
import * as Template from "@fibercast/content/Template"
import * as Preview from "@fibercast/cli/Preview"
import { CampaignId, type Campaign } from "@fibercast/domain/Campaign"
import { none } from "@fibercast/domain/Counts"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import * as AudienceExpander from "@fibercast/engine/AudienceExpander"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import { Effect, FileSystem, Result, Stream } from "effect"
import { fileURLToPath } from "node:url"

const contacts = fileURLToPath(new URL("../../services/cli/demo/contacts.csv", import.meta.url))
const source = "Halo {{ name }}, {{ child }}"

const campaign: Campaign = {
  id: CampaignId.make(1),
  workspaceId: WorkspaceId.make(1),
  key: "k",
  spec: {
    name: "n",
    pipeline: "p",
    lane: "bulk",
    guarantee: "at-least-once",
    template: source,
    audience: { _tag: "Csv", path: contacts },
    addressColumn: "phone",
    region: "ID",
    rate: null,
    wallTime: null,
    zone: null,
    dueAt: 0,
    deadline: null
  },
  status: "scheduled",
  epoch: 0,
  note: null,
  templateHash: "",
  audienceHash: "",
  expandedRows: 0,
  expanded: false,
  counts: none,
  createdAt: 0,
  startedAt: null,
  completedAt: null
}

it.effect("a dry run judges every row of a dirty file as the engine does", () =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const template = Result.getOrThrow(Template.compile(source))
    const rows = yield* Stream.runCollect(CsvAudience.rows()(files.stream(contacts)))
    const judge = Preview.make({ column: "phone", region: "ID", template })
    const addresses = new Set<string>()
    const reasons = new Map<string, number>()
    for (const row of rows) {
      judge.add(row)
      const judged = AudienceExpander.judge(row, campaign.spec, template)
      const reason =
        "reason" in judged ? judged.reason : addresses.has(judged.address) ? "same number as an earlier row" : null
      if (reason !== null) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
      else if ("address" in judged) addresses.add(judged.address)
    }
    const preview = judge.preview({ startsAt: 0, zone: "UTC", asked: null, rate: undefined })
    assert.isAbove(reasons.size, 5)
    assert.deepStrictEqual(new Map(preview.skipped.map(({ count, reason }) => [reason, count])), reasons)
    assert.deepStrictEqual([preview.rows, preview.sendable], [rows.length, addresses.size])
  }).pipe(Effect.provide(NodeServices.layer))
)
