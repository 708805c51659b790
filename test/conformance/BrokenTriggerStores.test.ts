import { describe } from "@effect/vitest"
import { brokenHistories } from "./BrokenHistories.ts"
import { brokenPulses } from "./BrokenPulses.ts"
import { brokenRecords } from "./BrokenRecords.ts"
import { brokenRuns } from "./BrokenRuns.ts"
import { brokenTriggerStores } from "./BrokenTriggerStores.ts"
import { refusesTwins } from "./BrokenTwin.ts"
import { sentencesOf } from "./TriggerStoreSuite.ts"

const twins = [...brokenTriggerStores, ...brokenPulses, ...brokenRecords, ...brokenRuns, ...brokenHistories]

describe("the TriggerStore suite", () => refusesTwins(sentencesOf(5), twins))
