import { describe } from "@effect/vitest"
import { brokenCampaignStores } from "./BrokenCampaignStores.ts"
import { refusesTwins } from "./BrokenTwin.ts"
import { sentencesOf } from "./CampaignStoreSuite.ts"

describe("the CampaignStore suite", () => refusesTwins(sentencesOf(20), brokenCampaignStores))
