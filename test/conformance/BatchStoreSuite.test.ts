import * as MemoryStore from "@fibercast/ports/MemoryStore"
import { suite } from "./BatchStoreSuite.ts"

suite("memory", MemoryStore.layer)
