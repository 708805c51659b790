import * as MemoryStore from "@fibercast/ports/MemoryStore"
import { suite } from "./WorkspaceStoreSuite.ts"

suite("memory", MemoryStore.layer)
