/**
 * The broadcast pipelines that every node has besides those of its app, so that campaigns added at run time really run:
 * that of the log always, that of Fonnte when `FONNTE_TOKEN` is set (at `FONNTE_URL` if that is set).
 *
 * A node leaves campaigns of Fonnte to nodes that have the token; where roles are split, engines and senders need it.
 */
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { type AccountGates } from "@fibercast/engine/AccountGates"
import * as Broadcast from "@fibercast/engine/Broadcast"
import { type Runnable } from "@fibercast/engine/Runnable"
import { Fonnte } from "@fibercast/messengers/Fonnte"
import { Log } from "@fibercast/messengers/Log"
import * as UndiciClient from "@fibercast/messengers/UndiciClient"
import { Config, Effect, Layer, Option, Redacted } from "effect"

export interface Broadcasters {
  readonly pipelines: ReadonlyArray<Runnable<Messengers | AccountGates>>
  readonly messengers: Layer.Layer<Messengers>
}

export type Messengers = Log | Fonnte

/** Fonnte's own address. */
export const fonnteUrl = "https://api.fonnte.com"

/** FONNTE_TOKEN, if there is one. */
export const fonnteToken = Config.option(Config.Redacted("FONNTE_TOKEN")).pipe(
  Effect.map(Option.map((secret) => Redacted.make(Redacted.value(secret).trim()))),
  Effect.map(Option.filter((secret) => Redacted.value(secret) !== ""))
)

/** Five tries over about a minute; what may have been sent follows the campaign's guarantee. */
export const retry = RetryPolicy.exponential("2 seconds", { tries: 5, cap: "1 minute" })

/** Never asked: without a token there is no pipeline for it. */
const noToken = Redacted.make("none")

export const all = Effect.gen(function* () {
  const token = yield* fonnteToken
  const url = Option.getOrElse(yield* Config.option(Config.NonEmptyString("FONNTE_URL")), () => fonnteUrl)
  const fonnte = Fonnte.layer({ token: Option.getOrElse(token, () => noToken), url })
  const log = Broadcast.make("log", Log, { retry })
  const broadcasters: Broadcasters = {
    pipelines: Option.isNone(token) ? [log] : [log, Broadcast.make("fonnte", Fonnte, { retry })],
    messengers: Layer.merge(Log.layer, Layer.provide(fonnte, UndiciClient.layer))
  }
  return broadcasters
})
