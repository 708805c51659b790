import { describe, it } from "@effect/vitest"
import { WorkStream } from "@fibercast/ports/WorkStream"
import { virtual } from "./Pace.ts"
import { on, sentencesOf } from "./WorkStreamSuite.ts"

describe("WorkStream (memory)", () => {
  for (const one of sentencesOf(virtual, 200)) {
    const { holds, says } = on(one, WorkStream.layerMemory)
    it.effect(says, () => holds)
  }
})
