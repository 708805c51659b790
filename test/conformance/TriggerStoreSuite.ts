/**
 * The one meaning of "a TriggerStore". Every implementation passes it unchanged.
 */
import { type CampaignStore } from "@fibercast/ports/CampaignStore"
import { type Ledger } from "@fibercast/ports/Ledger"
import { type TriggerStore } from "@fibercast/ports/TriggerStore"
import { type WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { type Layer } from "effect"
import { attendanceSentences } from "./AttendanceSentences.ts"
import { campaignRunSentences } from "./CampaignRunSentences.ts"
import { dispatchSentences } from "./DispatchSentences.ts"
import { dueTriggerSentences } from "./DueTriggerSentences.ts"
import { fillSentences } from "./FillSentences.ts"
import { historySentences } from "./HistorySentences.ts"
import { overlapKeySentences } from "./OverlapKeySentences.ts"
import { pauseSentences } from "./PauseSentences.ts"
import { pulseSentences } from "./PulseSentences.ts"
import { recordSentences } from "./RecordSentences.ts"
import { removalSentences } from "./RemovalSentences.ts"
import { runSentences } from "./RunSentences.ts"
import { register, type Sentence } from "./Sentence.ts"
import { anyTriggerHistory } from "./TriggerProperty.ts"
import { triggerSentences } from "./TriggerSentences.ts"
import { waitingSentences } from "./WaitingSentences.ts"

type Used = Ledger | CampaignStore | WorkspaceStore | TriggerStore

/** `runs`: how many random histories are tried. */
export const sentencesOf = (runs: number): ReadonlyArray<Sentence<Used>> => [
  ...triggerSentences,
  ...pauseSentences,
  ...removalSentences,
  ...dueTriggerSentences,
  ...recordSentences,
  ...overlapKeySentences,
  ...dispatchSentences,
  ...runSentences,
  ...campaignRunSentences,
  ...waitingSentences,
  ...fillSentences,
  ...pulseSentences,
  ...attendanceSentences,
  ...historySentences,
  anyTriggerHistory(runs)
]

/** `name` says how the implementation keeps what it keeps; a slow one may ask for fewer random histories. */
export const suite = (
  name: string,
  layer: Layer.Layer<Used, unknown>,
  options: { readonly runs: number } = { runs: 100 }
): void => register(`TriggerStore (${name})`, layer, sentencesOf(options.runs))
