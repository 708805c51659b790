import * as MemoryStore from "@fibercast/ports/MemoryStore"
import { suite } from "./CampaignStoreSuite.ts"

suite("memory", MemoryStore.layer)
