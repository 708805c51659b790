import { describe } from "@effect/vitest"
import { brokenRecordStores } from "./BrokenRecordStores.ts"
import { refusesTwins } from "./BrokenTwin.ts"
import { recordsSentences } from "./RecordsSuite.ts"

describe("the Records suite", () => refusesTwins(recordsSentences, brokenRecordStores))
