/**
 * All of it as an app, for a worker: `fibercast dev --app services/examples/src/comingfrom/App.ts`
 */
import * as App from "@fibercast/node/App"
import * as Imports from "./Imports.ts"
import { MakeInvoice } from "./Invoices.ts"
import { CallShop, Recount, Remind } from "./Limits.ts"
import { scheduled } from "./Nightly.ts"
import { AwaitFile, Charge, SyncStock, Wire } from "./Retries.ts"
import { Reindex } from "./Unique.ts"
import { Work } from "./Work.ts"

export const pipelines = [
  MakeInvoice,
  Reindex,
  Charge,
  SyncStock,
  Wire,
  AwaitFile,
  Recount,
  CallShop,
  Remind,
  Imports.Fetch,
  Imports.Part,
  Imports.Publish,
  Imports.Complain,
  Imports.CleanUp
]

export default App.make({ name: "shop", pipelines, scheduled, layer: Work.layerLog })
