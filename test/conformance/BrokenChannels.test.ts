import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { type BrokenChannel, brokenSenderChannels, brokenSignals } from "./BrokenChannels.ts"
import { virtual } from "./Pace.ts"
import * as SenderChannelSuite from "./SenderChannelSuite.ts"
import { type Sentence } from "./Sentence.ts"
import * as SignalSuite from "./SignalSuite.ts"

const refuses = <Service>(
  sentences: ReadonlyArray<Sentence<Service>>,
  twins: ReadonlyArray<BrokenChannel<Service>>
) => {
  for (const { breaks, does, layer } of twins) {
    it.effect(`refuses a twin that ${does}`, () =>
      Effect.gen(function* () {
        const broken: Array<string> = []
        for (const { holds, says } of sentences) {
          if (Exit.isFailure(yield* Effect.exit(Effect.provide(holds, layer, { local: true })))) broken.push(says)
        }
        assert.include(broken, breaks)
        assert.isBelow(broken.length, sentences.length)
      })
    )
  }
}

describe("the Signal suite", () => refuses(SignalSuite.sentencesOf(virtual), brokenSignals))
describe("the SenderChannel suite", () => refuses(SenderChannelSuite.sentencesOf(virtual, 30), brokenSenderChannels))
