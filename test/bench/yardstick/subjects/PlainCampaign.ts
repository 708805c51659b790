/**
 * A campaign without an engine: the lines of the file, one after the other, each by the messenger of Fonnte over as many
 * connections as there may be. It checks no number, fills the template by replacing words, and records nothing.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Fonnte } from "@fibercast/messengers/Fonnte"
import * as UndiciClient from "@fibercast/messengers/UndiciClient"
import { Effect, FileSystem, Redacted } from "effect"
import { type Campaign } from "../Subject.ts"

export const send = ({ connections, path, template, url }: Campaign) =>
  Effect.gen(function* () {
    const fonnte = yield* Fonnte
    const text = yield* (yield* FileSystem.FileSystem).readFileString(path)
    const lines = text.trim().split("\n").slice(1)
    const one = (line: string, n: number) => {
      const [name = "", phone = "", city = ""] = line.split(",")
      const message = {
        to: `+62${phone.slice(1)}`,
        text: template.replace("{{ name }}", name).replace("{{ city }}", city)
      }
      return fonnte.send(message, { deliveryId: BigInt(n), attempt: 1 })
    }
    yield* Effect.forEach(lines, one, { concurrency: connections, discard: true })
  }).pipe(
    Effect.provide(Fonnte.layer({ token: Redacted.make("simulated-token"), url })),
    Effect.provide([UndiciClient.layer, NodeServices.layer]),
    Effect.orDie
  )
