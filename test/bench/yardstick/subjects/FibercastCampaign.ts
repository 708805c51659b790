/**
 * A campaign of Fibercast as an operator launches it: a CSV file, a template, and the messenger of Fonnte.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as Broadcast from "@fibercast/engine/Broadcast"
import { Campaigns } from "@fibercast/engine/Campaigns"
import * as Engine from "@fibercast/engine/Engine"
import { Fonnte } from "@fibercast/messengers/Fonnte"
import * as UndiciClient from "@fibercast/messengers/UndiciClient"
import { Effect, Layer, Redacted } from "effect"
import { type Campaign } from "../Subject.ts"

/** How often it is asked whether all is done. */
const look = "50 millis"

/** Returns when it has completed. */
export const send = Effect.fnUntraced(
  function* (workspaceId: WorkspaceId, { path, template }: Campaign) {
    const campaigns = yield* Campaigns
    const { campaign } = yield* campaigns.launch({
      workspaceId,
      name: "bench",
      pipeline: "broadcast.fonnte",
      template,
      audience: { _tag: "Csv", path },
      addressColumn: "phone",
      region: "ID"
    })
    yield* Effect.repeat(Effect.delay(campaigns.get(workspaceId, campaign.id), look), {
      until: ({ status }) => status === "completed"
    })
  },
  (sending, _, { connections, url }) => {
    const token = Redacted.make("simulated-token")
    const fonnte = Fonnte.layer({ token, url, limits: { inFlight: connections } })
    const engine = Engine.layer({ alone: true, pipelines: [Broadcast.make("fonnte", Fonnte)] })
    return Effect.provide(sending, Layer.provide(engine, Layer.provide(fonnte, UndiciClient.layer)))
  }
)
