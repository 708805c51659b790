import { describe } from "@effect/vitest"
import { brokenOccurrences } from "./BrokenOccurrences.ts"
import { brokenTriggerStores } from "./BrokenTriggerStores.ts"
import { refusesTwins } from "./BrokenTwin.ts"
import { sentencesOf } from "./TriggerStoreSuite.ts"

describe("the TriggerStore suite", () => refusesTwins(sentencesOf(5), [...brokenTriggerStores, ...brokenOccurrences]))
