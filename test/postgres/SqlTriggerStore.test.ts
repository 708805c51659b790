import * as SqlCampaignStore from "@fibercast/postgres/SqlCampaignStore"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlTriggerStore from "@fibercast/postgres/SqlTriggerStore"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { Layer } from "effect"
import { suite } from "../conformance/TriggerStoreSuite.ts"
import { TestDatabase } from "../support/TestDatabase.ts"

const stores = Layer.mergeAll(SqlLedger.layer, SqlCampaignStore.layer, SqlWorkspaceStore.layer, SqlTriggerStore.layer)

suite("Postgres", stores.pipe(Layer.provide(TestDatabase.layer)), { runs: 25 })
