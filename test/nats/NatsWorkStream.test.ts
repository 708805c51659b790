import { describe, it } from "@effect/vitest"
import { real } from "../conformance/Pace.ts"
import { on, sentencesOf } from "../conformance/WorkStreamSuite.ts"
import * as NatsTestServer from "../support/NatsTestServer.ts"

describe.skipIf(!NatsTestServer.isThere)("WorkStream (NATS)", () => {
  it.layer(
    NatsTestServer.layer,
    NatsTestServer.options
  )((it) => {
    for (const one of sentencesOf(real, 60)) {
      const { holds, says } = on(one, NatsTestServer.workStream)
      it.effect(says, () => holds)
    }
  })
})
