/**
 * The one meaning of "a WorkStream". Every implementation passes it unchanged, each sentence on one of its own.
 */
import { type WorkStream, type WorkStreamSettings } from "@fibercast/ports/WorkStream"
import { Effect, type Layer } from "effect"
import { quick, type WorkStreamSentence } from "./GivenChunks.ts"
import * as HandOutAgainSentences from "./HandOutAgainSentences.ts"
import * as HandOutSentences from "./HandOutSentences.ts"
import { type Pace } from "./Pace.ts"
import { sentence, type Sentence } from "./Sentence.ts"

/** `runs`: how many random chunks are tried. */
export const sentencesOf = (pace: Pace, runs: number): ReadonlyArray<WorkStreamSentence> => [
  ...HandOutSentences.sentencesOf(pace, runs),
  ...HandOutAgainSentences.sentencesOf(pace)
]

/** The sentence on a WorkStream of its own. */
export const on = <E, R>(
  { holds, says, settings }: WorkStreamSentence,
  make: (settings: WorkStreamSettings) => Layer.Layer<WorkStream, E, R>
): Sentence<R> => sentence(says, Effect.provide(holds, make({ ...quick, ...settings }), { local: true }))
