import * as MemoryStore from "@fibercast/ports/MemoryStore"
import { suite } from "./RecordsSuite.ts"

suite("memory", MemoryStore.layer)
