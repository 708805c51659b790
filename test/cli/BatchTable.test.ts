import * as BatchTable from "@fibercast/cli/BatchTable"
import * as Ink from "@fibercast/cli/Ink"
import { BatchId } from "@fibercast/domain/Batch"
import { none } from "@fibercast/domain/Counts"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { type Batch } from "@fibercast/ports/BatchStore"
import { assert, describe, it } from "@effect/vitest"

const batch: Batch = {
  id: BatchId.make(7),
  workspaceId: WorkspaceId.make(1),
  name: "import",
  status: "running",
  allowFailures: 0,
  stage: 1,
  stages: 2,
  counts: { ...none, planned: 1200, open: 200, completed: 1000 },
  waiting: 800,
  note: null,
  createdAt: 0,
  endedAt: null
}
const words = (line: string | undefined) => line?.replaceAll(/ +/gu, " ").trim()

describe("the table of batches", () => {
  it("says of each how its jobs stand, and how many wait for their stage", () => {
    const counts = { ...batch.counts, planned: 1203, skipped: 1, cancelled: 1, expired: 1 }
    const [title, row] = BatchTable.lines([{ ...batch, counts }])
    assert.strictEqual(words(title), "id name status stage done open failed unknown other waiting")
    assert.strictEqual(words(row), "7 import running 1/2 1,000 200 0 0 3 800")
  })

  it("says that what is stopped has not ended yet, and why it is, below", () => {
    const stopping = { ...batch, status: "failed" as const, note: "too much failed" }
    const [, row, note] = BatchTable.lines([stopping])
    assert.match(row ?? "", /failed, ending/u)
    assert.strictEqual(words(note), "too much failed")
    const [, over] = BatchTable.lines([{ ...stopping, endedAt: 5 }])
    assert.notMatch(over ?? "", /ending/u)
  })

  it("says of one how far it is of all its jobs, and how long it will take", () => {
    const lines = BatchTable.view(batch, 10_000, Ink.plain, 80)
    assert.match(lines[2] ?? "", /^ {2}━{25}─{25} 50\.0 %$/u)
    assert.strictEqual(words(lines[3]), "1,200 planned = 1,000 done + 200 open · 800 waiting · 100/s · 10 s left")
    assert.include(BatchTable.line(batch, 10_000), "batch 7 running, stage 1/2, 50.0 %")
    const full = BatchTable.full(batch, 10_000, Ink.plain).map(words)
    assert.include(full, "stage 1 of 2; 800 jobs wait for theirs")
    assert.include(full, "allows 0 failures")
    assert.include(full, "ended not yet")
  })

  it("shows nothing of a name that could move the cursor", () => {
    const hostile = { ...batch, name: "a\u001B[2Jb", note: "c\nd" }
    const printed = [
      ...BatchTable.lines([hostile]),
      ...BatchTable.full(hostile, 0, Ink.plain),
      ...BatchTable.view(hostile, 0, Ink.plain, 80),
      BatchTable.line(hostile, 0)
    ]
    for (const line of printed) assert.notMatch(line, /\p{Cc}/u)
  })

  it("shows instants as ISO 8601, and the share from 0 to 1, in JSON", () => {
    const json = BatchTable.json({ ...batch, endedAt: 1000 }, 2000)
    assert.deepInclude(json, { createdAt: "1970-01-01T00:00:00.000Z", endedAt: "1970-01-01T00:00:01.000Z", share: 0.5 })
  })
})
