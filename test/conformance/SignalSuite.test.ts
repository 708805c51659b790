import { describe, it } from "@effect/vitest"
import { Signal } from "@fibercast/ports/Signal"
import { Effect } from "effect"
import { virtual } from "./Pace.ts"
import { sentencesOf } from "./SignalSuite.ts"

describe("Signal (memory)", () => {
  for (const { holds, says } of sentencesOf(virtual)) {
    it.effect(says, () => Effect.provide(holds, Signal.layerMemory, { local: true }))
  }
})
