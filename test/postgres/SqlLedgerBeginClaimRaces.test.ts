/**
 * A question about claims as a whole, beside whatever changes the answer: it waits for nobody, and nobody waits for it.
 */
import { assert, it } from "@effect/vitest"
import * as SqlCampaignStore from "@fibercast/postgres/SqlCampaignStore"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Ledger } from "@fibercast/ports/Ledger"
import { type Settle } from "@fibercast/ports/Settlement"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect, Fiber, Layer, Struct } from "effect"
import { SqlClient } from "effect/sql"
import {
  base,
  claimed,
  claimedMore,
  claimsOf,
  givenBack,
  heldOf,
  jobs,
  lease,
  ownedWorkspace,
  putOff,
  runningCampaign,
  second,
  start,
  wholeOf
} from "../conformance/Given.ts"
import { TestDatabase } from "../support/TestDatabase.ts"
import { heldOpen, someoneWaits } from "./internal/Sessions.ts"

const stores = Layer.mergeAll(SqlLedger.layer, SqlCampaignStore.layer, SqlWorkspaceStore.layer).pipe(
  Layer.provideMerge(TestDatabase.layer)
)

/** What is answered once the change has come: of both claims, of the second alone, of neither, or the epoch is lost. */
const afterwards = {
  "a take-over": "lost",
  "an owner that gives up": "lost",
  "a heartbeat": "both",
  "a pause": "neither",
  "the end of the campaign": "neither",
  "a pause of the lane": "neither",
  "a recall": "neither",
  "a recall by force": "neither",
  "what is given back": "second",
  "what is put off": "second",
  "the end of a claim": "second",
  "a claim that completes": "second",
  "a rescue": "second",
  "a started mark": "second",
  "who begins some of it with the mark": "second",
  "who begins some of it without the mark": "both",
  "whoever locks the workspace": "both",
  "whoever locks the campaign": "both",
  "whoever locks the claims": "both"
} as const
type Change = keyof typeof afterwards

/** Two claims of a running campaign, the question about them, and what may change the answer. */
const given = Effect.gen(function* () {
  const ledger = yield* Ledger
  const campaigns = yield* CampaignStore
  const workspaces = yield* WorkspaceStore
  const sql = yield* SqlClient.SqlClient
  const found = yield* runningCampaign(2)
  const { batch, ids, owned, running, source } = found
  const more = yield* claimedMore(owned, 2, source)
  const { workspaceId } = owned
  const settle = (changes: Partial<Settle>) =>
    ledger.settle({ ...owned, settlements: [], finishedClaims: [], ...changes })
  const moved = (to: "paused" | "cancelled") =>
    campaigns.transition({ workspaceId, campaignId: running.id, from: ["running"], to, note: null, now: base })
  const recall = (force: boolean) => ledger.recall({ ...owned, ids: ids.slice(0, 1), reason: "a mistake", force })
  const first = batch.deliveries.slice(0, 1)
  const held = heldOf(batch).slice(0, 1)
  const changes: Record<Change, Effect.Effect<unknown, unknown, Ledger>> = {
    "a take-over": ledger.takeOver({ ...owned, owner: "node-b", lease, force: true }),
    "an owner that gives up": ledger.abandon(owned),
    "a heartbeat": ledger.heartbeat({ ...owned, lease }),
    "a pause": moved("paused"),
    "the end of the campaign": moved("cancelled"),
    "a pause of the lane": workspaces.pauseLanes(workspaceId, { lanes: [source.lane], note: null, now: base }),
    "a recall": recall(false),
    "a recall by force": recall(true),
    "what is given back": settle({ givenBack: givenBack(batch, first) }),
    "what is put off": settle({ settlements: first.map((delivery) => putOff(delivery, "retry", base + second)) }),
    "the end of a claim": settle({ finishedClaims: [batch.claimId] }),
    "a claim that completes": settle({ completedClaims: [batch.claimId] }),
    "a rescue": ledger.rescue({ ...owned, held }),
    "a started mark": start(owned, batch, first),
    "who begins some of it with the mark": ledger.begin({ ...owned, held, campaign: running, mark: true }),
    "who begins some of it without the mark": ledger.begin({ ...owned, held, campaign: running, mark: false }),
    "whoever locks the workspace": sql`SELECT 1 FROM workspaces WHERE id = ${workspaceId} FOR UPDATE`,
    "whoever locks the campaign": sql`SELECT 1 FROM campaigns WHERE id = ${running.id} FOR UPDATE`,
    "whoever locks the claims": sql`SELECT 1 FROM claims WHERE workspace_id = ${workspaceId} FOR UPDATE`
  }
  const both = claimsOf([batch, more])
  return { ...found, more, both, ask: wholeOf(owned, [batch, more], running), changes }
})

it.layer(stores, { timeout: "30 seconds" })("SqlLedger's beginClaims, with several connections", (it) => {
  it.effect.each(Struct.keys(afterwards))("who asks does not wait for %s: it comes after, and is seen then", (change) =>
    Effect.gen(function* () {
      const { ask, both, changes, more } = yield* given
      const running = yield* heldOpen(changes[change])
      assert.deepStrictEqual(yield* ask, both)
      yield* running.release
      const expected = { both, second: claimsOf([more]), neither: [], lost: "EpochLost" }[afterwards[change]]
      const answer = yield* Effect.catchTag(ask, "EpochLost", ({ _tag }) => Effect.succeed(_tag))
      assert.deepStrictEqual<unknown>(answer, expected)
    })
  )

  it.effect.each(Struct.keys(afterwards))("%s does not wait for who has asked", (change) =>
    Effect.gen(function* () {
      const { ask, both, changes } = yield* given
      const running = yield* heldOpen(ask)
      yield* changes[change]
      yield* running.release
      assert.deepStrictEqual(running.value, both)
    })
  )

  it.effect("who asks writes nothing and takes no lock, where who begins without the mark does", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const ledger = yield* Ledger
      const { ask, batch, both, owned, running } = yield* given
      const hasWritten = Effect.map(
        sql<{ readonly written: boolean }>`SELECT pg_current_xact_id_if_assigned() IS NOT NULL AS written`,
        ([row]) => row?.written
      )
      const begin = ledger.begin({ ...owned, held: heldOf(batch), campaign: running, mark: false })
      yield* sql.withTransaction(
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* ask, both)
          assert.isFalse(yield* hasWritten)
          yield* begin
          assert.isTrue(yield* hasWritten)
        })
      )
    })
  )

  it.effect("a claim that had to wait for a recall is made after it, and is whole", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const before = yield* claimedMore(owned, 1)
      yield* ledger.insert({ ...owned, deliveries: jobs(2) })
      const ids = before.deliveries.map(({ id }) => id)
      const recalling = yield* heldOpen(ledger.recall({ ...owned, ids, reason: "a mistake", force: false }))
      const claiming = yield* Effect.forkChild(claimed(owned))
      yield* someoneWaits
      yield* recalling.release
      const after = yield* Fiber.join(claiming)
      assert.deepStrictEqual(yield* wholeOf(owned, [before, after]), claimsOf([after]))
    })
  )

  it.effect("a recall that had to wait for a claim comes after it: the claim is not whole", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      const owned = yield* ownedWorkspace()
      const ids = yield* ledger.insert({ ...owned, deliveries: jobs(2) })
      const claiming = yield* heldOpen(claimed(owned, undefined, 1))
      const recall = ledger.recall({ ...owned, ids: ids.slice(1), reason: "a mistake", force: false })
      const recalling = yield* Effect.forkChild(recall)
      yield* someoneWaits
      yield* claiming.release
      assert.deepStrictEqual(yield* Fiber.join(recalling), { cancelled: ids.slice(1), asked: [] })
      assert.deepStrictEqual(yield* wholeOf(owned, [claiming.value]), [])
    })
  )
})
