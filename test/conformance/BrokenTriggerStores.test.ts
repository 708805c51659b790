import { describe } from "@effect/vitest"
import { brokenRecords } from "./BrokenRecords.ts"
import { brokenRuns } from "./BrokenRuns.ts"
import { brokenTriggerStores } from "./BrokenTriggerStores.ts"
import { refusesTwins } from "./BrokenTwin.ts"
import { sentencesOf } from "./TriggerStoreSuite.ts"

const twins = [...brokenTriggerStores, ...brokenRecords, ...brokenRuns]

describe("the TriggerStore suite", () => refusesTwins(sentencesOf(5), twins))
