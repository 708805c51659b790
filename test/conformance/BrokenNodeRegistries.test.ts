import { describe } from "@effect/vitest"
import { brokenNodeRegistries } from "./BrokenNodeRegistries.ts"
import { refusesTwins } from "./BrokenTwin.ts"
import { nodeSentences } from "./NodeRegistrySuite.ts"

describe("the NodeRegistry suite", () => refusesTwins(nodeSentences, brokenNodeRegistries))
