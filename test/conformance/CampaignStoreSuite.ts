/**
 * The one meaning of "a CampaignStore". Every implementation passes it unchanged.
 */
import { type CampaignStore } from "@fibercast/ports/CampaignStore"
import { type Ledger } from "@fibercast/ports/Ledger"
import { type WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { type Layer } from "effect"
import { anyAudience, appendSentences } from "./AppendSentences.ts"
import { consequenceSentences } from "./ConsequenceSentences.ts"
import { createSentences } from "./CreateSentences.ts"
import { register, type Sentence } from "./Sentence.ts"
import { transitionSentences } from "./TransitionSentences.ts"

type Used = Ledger | CampaignStore | WorkspaceStore

/** `runs`: how many random audiences are tried. */
export const sentencesOf = (runs: number): ReadonlyArray<Sentence<Used>> => [
  ...createSentences,
  ...appendSentences,
  ...transitionSentences,
  ...consequenceSentences,
  anyAudience(runs)
]

/** `name` says how the implementation keeps what it keeps; a slow one may ask for fewer random audiences. */
export const suite = (
  name: string,
  layer: Layer.Layer<Used, unknown>,
  options: { readonly runs: number } = { runs: 100 }
): void => register(`CampaignStore (${name})`, layer, sentencesOf(options.runs))
