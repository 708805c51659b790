/**
 * The one meaning of "Records". Every implementation passes it unchanged.
 */
import { type BatchStore } from "@fibercast/ports/BatchStore"
import { type CampaignStore } from "@fibercast/ports/CampaignStore"
import { type Ledger } from "@fibercast/ports/Ledger"
import { type Records } from "@fibercast/ports/Records"
import { type WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { type Layer } from "effect"
import { depthSentences } from "./DepthSentences.ts"
import { findSentences } from "./FindSentences.ts"
import { mendSentences } from "./MendSentences.ts"
import { pruneSentences } from "./PruneSentences.ts"
import { retrySentences } from "./RetrySentences.ts"
import { register, type Sentence } from "./Sentence.ts"

type Used = Records | Ledger | CampaignStore | BatchStore | WorkspaceStore

export const recordsSentences: ReadonlyArray<Sentence<Used>> = [
  ...depthSentences,
  ...findSentences,
  ...retrySentences,
  ...mendSentences,
  ...pruneSentences
]

/** `name` says how the implementation keeps what it keeps. */
export const suite = (name: string, layer: Layer.Layer<Used, unknown>): void =>
  register(`Records (${name})`, layer, recordsSentences)
