import * as MemoryStore from "@fibercast/ports/MemoryStore"
import { suite } from "./TriggerStoreSuite.ts"

suite("memory", MemoryStore.layer)
