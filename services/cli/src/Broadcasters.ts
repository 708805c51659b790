/**
 * The broadcast pipelines that every scheduler of the command line has, so that campaigns added at run time really run:
 * that of the log always, that of Fonnte when FONNTE_TOKEN is set (at FONNTE_URL if that is set).
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { type AccountGates } from "@fibercast/engine/AccountGates"
import * as Broadcast from "@fibercast/engine/Broadcast"
import { type Runnable } from "@fibercast/engine/Pipeline"
import { Fonnte } from "@fibercast/messengers/Fonnte"
import { Log } from "@fibercast/messengers/Log"
import { Config, Effect, Layer, Option, Redacted } from "effect"
import * as Provider from "./Provider.ts"

export interface Broadcasters {
  readonly pipelines: ReadonlyArray<Runnable<Messengers | AccountGates>>
  readonly messengers: Layer.Layer<Messengers>
}

export type Messengers = Log | Fonnte

/** Never asked: without a token there is no pipeline for it. */
const noToken = Redacted.make("none")

export const all = Effect.gen(function* () {
  const token = yield* Provider.token
  const url = Option.getOrElse(yield* Config.option(Config.String("FONNTE_URL")), () => Provider.fonnteUrl)
  const fonnte = Fonnte.layer({ token: Option.getOrElse(token, () => noToken), url })
  const log = Broadcast.make("log", Log, { retry: Provider.retry })
  const broadcasters: Broadcasters = {
    pipelines: Option.isNone(token) ? [log] : [log, Broadcast.make("fonnte", Fonnte, { retry: Provider.retry })],
    messengers: Layer.merge(Log.layer, Layer.provide(fonnte, NodeHttpClient.layerUndici))
  }
  return broadcasters
})
