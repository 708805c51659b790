import { describe } from "@effect/vitest"
import { brokenWorkspaceStores } from "./BrokenWorkspaceStores.ts"
import { refusesTwins } from "./BrokenTwin.ts"
import { sentencesOf } from "./WorkspaceStoreSuite.ts"

describe("the WorkspaceStore suite", () => refusesTwins(sentencesOf(20), brokenWorkspaceStores))
