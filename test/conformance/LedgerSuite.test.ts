import * as MemoryStore from "@fibercast/ports/MemoryStore"
import { suite } from "./LedgerSuite.ts"

suite("memory", MemoryStore.layer)
