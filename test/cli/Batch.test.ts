import * as NodeServices from "@effect/platform-node/NodeServices"
import { type Job } from "@fibercast/domain/Job"
import { BatchStore } from "@fibercast/ports/BatchStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as SqlBatchStore from "@fibercast/postgres/SqlBatchStore"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Schema } from "effect"
import { TestDatabase } from "../support/TestDatabase.ts"
import { tempFolder } from "../support/TempFolder.ts"
import * as Program from "./Program.ts"

const layer = Layer.mergeAll(SqlBatchStore.layer, SqlLedger.layer, SqlWorkspaceStore.layer).pipe(
  Layer.provideMerge(TestDatabase.layer),
  Layer.merge(NodeServices.layer)
)

const Shown = Schema.Struct({
  id: Schema.Int,
  name: Schema.String,
  status: Schema.String,
  note: Schema.NullOr(Schema.String),
  share: Schema.Finite,
  counts: Schema.Struct({ planned: Schema.Int, open: Schema.Int, cancelled: Schema.Int })
})

const job: Job = {
  pipeline: "resize",
  lane: "normal",
  delay: 0,
  notBefore: null,
  expiresAfter: null,
  deadline: null,
  payload: "{}",
  tags: [],
  temporary: false
}

/** A batch of three jobs in two stages, one of the jobs claimed. */
const given = Effect.gen(function* () {
  const batches = yield* BatchStore
  const ledger = yield* Ledger
  const { id: workspaceId } = yield* (yield* WorkspaceStore).ensure({ name: "default", zone: "UTC", limits: {} })
  const now = yield* Clock.currentTimeMillis
  const follows = { then: null, catch: null, finally: null, allowFailures: 0 }
  yield* batches.create({ workspaceId, name: "photos", ...follows, stages: [[job, job], [job]], now })
  const { epoch } = yield* ledger.takeOver({ workspaceId, owner: "a", now, lease: 60_000, force: true })
  const owned = { workspaceId, epoch, now }
  yield* ledger.claim({ ...owned, source: { lane: "normal", campaignId: null }, limit: 1, after: null })
  return owned
})

describe("batch", () => {
  it.live("shows batches that another process works, and cancels one", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder
      const { url } = yield* TestDatabase
      const batch = (...args: ReadonlyArray<string>) =>
        Program.run({ folder, env: { DATABASE_URL: url } }, ["batch", ...args])
      const decoded = (ran: Program.Ran) => Schema.decodeUnknownEffect(Shown)(Program.lastJson(ran))
      const owned = yield* given

      const listed = yield* batch("list", "--json")
      const [first] = yield* Schema.decodeUnknownEffect(Schema.Array(Shown))(Program.lastJson(listed))
      assert.deepInclude(first, { id: 1, name: "photos", status: "running", share: 0 })
      assert.match((yield* batch("list")).stdout, /1 {2}photos {2}running {4}1\/2 /u)
      assert.match((yield* batch("show", "1")).stdout, /photos \(batch 1\) is running/u)

      const watching = yield* Effect.forkChild(batch("show", "1", "--watch", "--json"))
      const cancelled = yield* batch("cancel", "1", "--note", "wrong photos")
      const said = "Batch 1 is cancelled: 0 done. 1 job that had begun will be stopped.\n"
      assert.deepStrictEqual([cancelled.code, cancelled.stdout], [0, said])
      const again = yield* batch("cancel", "1")
      assert.deepStrictEqual([again.code, again.stderr], [1, "Batch 1 is cancelled; there is nothing to cancel.\n"])

      const ledger = yield* Ledger
      yield* ledger.giveBack({ ...owned, except: [] })
      assert.deepStrictEqual(yield* ledger.recalled(owned), [])
      yield* (yield* BatchStore).advance({ ...owned, limit: 10 })
      const over = yield* decoded(yield* Fiber.join(watching))
      assert.deepInclude(over, { status: "cancelled", note: "by hand: wrong photos" })
      assert.deepStrictEqual(over.counts, { planned: 2, open: 0, cancelled: 2 })

      const absent = yield* batch("show", "7")
      assert.deepStrictEqual([absent.code, absent.stderr], [1, "there is no batch 7 in this workspace\n"])
    }).pipe(Effect.scoped, Effect.provide(layer))
  )
})
