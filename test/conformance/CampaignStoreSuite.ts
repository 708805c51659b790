/**
 * The one meaning of "a CampaignStore". Every implementation passes it unchanged.
 */
import { type Layer } from "effect"
import { anyAudience, appendSentences } from "./AppendSentences.ts"
import { createSentences } from "./CreateSentences.ts"
import { register, type Sentence, type Stores } from "./Sentence.ts"
import { transitionSentences } from "./TransitionSentences.ts"

/** `runs`: how many random audiences are tried. */
export const sentencesOf = (runs: number): ReadonlyArray<Sentence> => [
  ...createSentences,
  ...appendSentences,
  ...transitionSentences,
  anyAudience(runs)
]

/** `name` says how the implementation keeps what it keeps; a slow one may ask for fewer random audiences. */
export const suite = (
  name: string,
  layer: Layer.Layer<Stores, unknown>,
  options: { readonly runs: number } = { runs: 100 }
): void => register(`CampaignStore (${name})`, layer, sentencesOf(options.runs))
