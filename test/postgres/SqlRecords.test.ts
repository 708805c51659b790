import * as SqlBatchStore from "@fibercast/postgres/SqlBatchStore"
import * as SqlCampaignStore from "@fibercast/postgres/SqlCampaignStore"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlRecords from "@fibercast/postgres/SqlRecords"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { Layer } from "effect"
import { suite } from "../conformance/RecordsSuite.ts"
import { TestDatabase } from "../support/TestDatabase.ts"

const stores = Layer.mergeAll(
  SqlLedger.layer,
  SqlCampaignStore.layer,
  SqlBatchStore.layer,
  SqlWorkspaceStore.layer,
  SqlRecords.layer
)

suite("Postgres", stores.pipe(Layer.provide(TestDatabase.layer)))
