import { describe, it } from "@effect/vitest"
import { SenderChannel } from "@fibercast/ports/SenderChannel"
import { Effect } from "effect"
import { virtual } from "./Pace.ts"
import { sentencesOf } from "./SenderChannelSuite.ts"

describe("SenderChannel (memory)", () => {
  for (const { holds, says } of sentencesOf(virtual, 100)) {
    it.effect(says, () => Effect.provide(holds, SenderChannel.layerMemory, { local: true }))
  }
})
