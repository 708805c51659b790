import * as SqlBatchStore from "@fibercast/postgres/SqlBatchStore"
import * as SqlLedger from "@fibercast/postgres/SqlLedger"
import * as SqlWorkspaceStore from "@fibercast/postgres/SqlWorkspaceStore"
import { Layer } from "effect"
import { suite } from "../conformance/BatchStoreSuite.ts"
import { TestDatabase } from "../support/TestDatabase.ts"

const stores = Layer.mergeAll(SqlLedger.layer, SqlBatchStore.layer, SqlWorkspaceStore.layer)

suite("Postgres", stores.pipe(Layer.provide(TestDatabase.layer)), { runs: 15 })
