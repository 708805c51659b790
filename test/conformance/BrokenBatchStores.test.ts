import { describe } from "@effect/vitest"
import { sentencesOf } from "./BatchStoreSuite.ts"
import { brokenBatchStores } from "./BrokenBatchStores.ts"
import { refusesTwins } from "./BrokenTwin.ts"

describe("the BatchStore suite", () => refusesTwins(sentencesOf(30), brokenBatchStores))
