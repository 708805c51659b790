/**
 * The provider that a campaign is sent through, as the command line names it.
 */
import * as Broadcast from "@fibercast/engine/Broadcast"
import { Fonnte } from "@fibercast/messengers/Fonnte"
import { Log } from "@fibercast/messengers/Log"
import * as UndiciClient from "@fibercast/messengers/UndiciClient"
import * as Broadcasters from "@fibercast/node/Broadcasters"
import { type Messenger, type SendFailed } from "@fibercast/ports/Messenger"
import { type Config, Context, Effect, Layer, Option, Schema } from "effect"

export const providers = ["fonnte", "log"] as const
export type Provider = (typeof providers)[number]

export class NoToken extends Schema.TaggedError<NoToken>()("NoToken", {}) {
  override get message(): string {
    return (
      "There is no token for Fonnte. Set FONNTE_TOKEN in the environment to the token of your device: " +
      "`FONNTE_TOKEN=… fibercast send …` (it is no flag, because other users of this machine can read those)."
    )
  }
}

/** It cannot send now, and was found out before anything was sent. */
export class ProviderUnavailable extends Schema.TaggedError<ProviderUnavailable>()("ProviderUnavailable", {
  provider: Schema.String,
  where: Schema.String,
  reason: Schema.String,
  fatal: Schema.Boolean
}) {
  override get message(): string {
    const todo = this.fatal ? "Check FONNTE_TOKEN, --url and the device's quota" : "Try again when it is back"
    return `${this.provider} at ${this.where} cannot send: ${this.reason}. Nothing was sent. ${todo}.`
  }
}

/** The messenger of this run. */
export class ChosenMessenger extends Context.Service<ChosenMessenger, Messenger>()("fibercast/cli/ChosenMessenger") {}

/** `url` overrides the provider's own address. */
export const layer = (
  provider: Provider,
  url: string | undefined
): Layer.Layer<ChosenMessenger, NoToken | Config.ConfigError> => {
  if (provider === "log") return Layer.effect(ChosenMessenger, Log).pipe(Layer.provide(Log.layer))
  return Layer.unwrap(
    Effect.gen(function* () {
      const secret = yield* Broadcasters.fonnteToken
      if (Option.isNone(secret)) return yield* new NoToken()
      const messenger = Fonnte.layer({ token: secret.value, url: url ?? Broadcasters.fonnteUrl })
      return Layer.effect(ChosenMessenger, Fonnte).pipe(Layer.provide(messenger), Layer.provide(UndiciClient.layer))
    })
  )
}

export const pipelineName = (provider: Provider): string => `broadcast.${provider}`

export const pipeline = (provider: Provider) => Broadcast.make(provider, ChosenMessenger, { retry: Broadcasters.retry })

/** Asks the provider whether it can send now. Sends nothing. */
export const check = Effect.fn("Provider.check")(function* (
  provider: Provider,
  url: string | undefined
): Effect.fn.Return<void, ProviderUnavailable, ChosenMessenger> {
  const messenger = yield* ChosenMessenger
  const told = ({ errorClass, reason }: SendFailed) =>
    new ProviderUnavailable({
      provider,
      where: url ?? Broadcasters.fonnteUrl,
      reason,
      fatal: errorClass === "accountFatal"
    })
  yield* Effect.mapError(messenger.probe, told)
})
