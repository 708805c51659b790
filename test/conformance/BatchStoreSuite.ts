/**
 * The one meaning of "a BatchStore". Every implementation passes it unchanged.
 */
import { type BatchStore } from "@fibercast/ports/BatchStore"
import { type Ledger } from "@fibercast/ports/Ledger"
import { type WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { type Layer } from "effect"
import { batchCommandSentences } from "./BatchCommandSentences.ts"
import { anyBatchHistory } from "./BatchProperty.ts"
import { batchSentences } from "./BatchSentences.ts"
import { register, type Sentence } from "./Sentence.ts"

type Used = Ledger | BatchStore | WorkspaceStore

/** `runs`: how many random histories are tried. */
export const sentencesOf = (runs: number): ReadonlyArray<Sentence<Used>> => [
  ...batchSentences,
  ...batchCommandSentences,
  anyBatchHistory(runs)
]

/** `name` says how the implementation keeps what it keeps; a slow one may ask for fewer random histories. */
export const suite = (
  name: string,
  layer: Layer.Layer<Used, unknown>,
  options: { readonly runs: number } = { runs: 200 }
): void => register(`BatchStore (${name})`, layer, sentencesOf(options.runs))
