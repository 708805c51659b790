/**
 * The one meaning of "a Ledger". Every implementation passes it unchanged.
 */
import { type CampaignStore } from "@fibercast/ports/CampaignStore"
import { type Ledger } from "@fibercast/ports/Ledger"
import { type WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { type Layer } from "effect"
import { backlogSentences } from "./BacklogSentences.ts"
import { beginClaimSentences } from "./BeginClaimSentences.ts"
import { beginSentences } from "./BeginSentences.ts"
import { cancelSentences } from "./CancelSentences.ts"
import { claimSentences } from "./ClaimSentences.ts"
import { completedClaimSentences } from "./CompletedClaimSentences.ts"
import { ownershipSentences } from "./OwnershipSentences.ts"
import { dispatchKeySentences } from "./DispatchKeySentences.ts"
import { anyDispatches } from "./DispatchProperty.ts"
import { doneSentences } from "./DoneSentences.ts"
import { doubtSentences } from "./DoubtSentences.ts"
import { dueSentences } from "./DueSentences.ts"
import { giveBackSentences } from "./GiveBackSentences.ts"
import { lanePauseSentences } from "./LanePauseSentences.ts"
import { anyHistory } from "./LedgerProperty.ts"
import { putOffSentences } from "./PutOffSentences.ts"
import { replaceSentences } from "./ReplaceSentences.ts"
import { register, type Sentence } from "./Sentence.ts"
import { recallSentences } from "./RecallSentences.ts"
import { rescueSentences } from "./RescueSentences.ts"
import { settleSentences } from "./SettleSentences.ts"
import { standingSentences } from "./StandingSentences.ts"
import { wholeClaimSentences } from "./WholeClaimSentences.ts"

type Used = Ledger | CampaignStore | WorkspaceStore

/** `runs`: how many random histories are tried. */
export const sentencesOf = (runs: number): ReadonlyArray<Sentence<Used>> => [
  ...claimSentences,
  ...dispatchKeySentences,
  ...replaceSentences,
  ...backlogSentences,
  ...beginSentences,
  ...beginClaimSentences,
  ...wholeClaimSentences,
  ...standingSentences,
  ...settleSentences,
  ...completedClaimSentences,
  ...putOffSentences,
  ...giveBackSentences,
  ...doneSentences,
  ...ownershipSentences,
  ...rescueSentences,
  ...doubtSentences,
  ...dueSentences,
  ...cancelSentences,
  ...recallSentences,
  ...lanePauseSentences,
  anyHistory(runs),
  anyDispatches(runs)
]

/** `name` says how the implementation keeps what it keeps; a slow one may ask for fewer random histories. */
export const suite = (
  name: string,
  layer: Layer.Layer<Used, unknown>,
  options: { readonly runs: number } = { runs: 100 }
): void => register(`Ledger (${name})`, layer, sentencesOf(options.runs))
