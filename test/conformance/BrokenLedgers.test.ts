import { describe } from "@effect/vitest"
import { brokenBeginClaims } from "./BrokenBeginClaims.ts"
import { brokenBegins } from "./BrokenBegins.ts"
import { brokenCompletedClaims } from "./BrokenCompletedClaims.ts"
import { brokenDispatches } from "./BrokenDispatches.ts"
import { brokenDoubts } from "./BrokenDoubts.ts"
import { brokenLanePauses } from "./BrokenLanePauses.ts"
import { brokenLedgers } from "./BrokenLedgers.ts"
import { brokenOwnerships } from "./BrokenOwnerships.ts"
import { brokenPutOffs } from "./BrokenPutOffs.ts"
import { brokenRecalls } from "./BrokenRecalls.ts"
import { refusesTwins } from "./BrokenTwin.ts"
import { brokenWholeClaims } from "./BrokenWholeClaims.ts"
import { sentencesOf } from "./LedgerSuite.ts"

describe("the Ledger suite", () =>
  refusesTwins(sentencesOf(5), [
    ...brokenLedgers,
    ...brokenCompletedClaims,
    ...brokenDispatches,
    ...brokenBegins,
    ...brokenBeginClaims,
    ...brokenWholeClaims,
    ...brokenPutOffs,
    ...brokenOwnerships,
    ...brokenRecalls,
    ...brokenDoubts,
    ...brokenLanePauses
  ]))
