/**
 * The one meaning of "a TriggerStore". Every implementation passes it unchanged.
 */
import { type Layer } from "effect"
import { pauseSentences } from "./PauseSentences.ts"
import { register, type Sentence, type Stores } from "./Sentence.ts"
import { triggerSentences } from "./TriggerSentences.ts"

/** `runs`: how many random histories are tried. */
export const sentencesOf = (_runs: number): ReadonlyArray<Sentence> => [...triggerSentences, ...pauseSentences]

/** `name` says how the implementation keeps what it keeps; a slow one may ask for fewer random histories. */
export const suite = (
  name: string,
  layer: Layer.Layer<Stores, unknown>,
  options: { readonly runs: number } = { runs: 100 }
): void => register(`TriggerStore (${name})`, layer, sentencesOf(options.runs))
