import * as SqlCampaignStore from "@fibercast/postgres/SqlCampaignStore"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { Layer } from "effect"
import { suite } from "../conformance/WorkspaceStoreSuite.ts"
import { TestDatabase } from "../support/TestDatabase.ts"

const stores = Layer.mergeAll(SqlLedger.layer, SqlCampaignStore.layer, SqlWorkspaceStore.layer)

suite("Postgres", stores.pipe(Layer.provide(TestDatabase.layer)))
