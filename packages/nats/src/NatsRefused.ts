/** Why a connection to NATS will not come about by waiting, told so that the reader knows what to do about it. */
import { AuthorizationError, InvalidArgumentError, UserAuthenticationExpiredError } from "@nats-io/transport-node"
import { Predicate, Schema } from "effect"

export class NatsRefused extends Schema.TaggedError<NatsRefused>()("NatsRefused", {
  reason: Schema.Literals([
    /** The server does not take them, or wants some. */
    "credentials",
    /** One side does not accept the other's certificate, or TLS is wanted on one side only. */
    "certificate",
    /** What was given cannot be used: a file that cannot be read, an address that is none. */
    "settings"
  ]),
  /** Hosts and ports, without secrets. */
  where: Schema.String,
  said: Schema.String
}) {
  override get message(): string {
    const { reason, said, where } = this
    switch (reason) {
      case "credentials":
        return `NATS at ${where} refused the credentials (${said}). Check NATS_USER and NATS_PASSWORD, NATS_TOKEN, NATS_NKEY_SEED or NATS_CREDS.`
      case "certificate":
        return `NATS at ${where} and this node do not agree on TLS (${said}). Check NATS_CA, NATS_CERT and NATS_KEY.`
      case "settings":
        return `The settings for NATS at ${where} cannot be used: ${said}.`
    }
  }
}

/** Undefined: the server may be had later. */
export const classify = (where: string, cause: unknown): NatsRefused | undefined => {
  const said = Predicate.isError(cause) ? cause.message : String(cause)
  if (isAny(cause, (one) => one instanceof AuthorizationError || one instanceof UserAuthenticationExpiredError)) {
    return new NatsRefused({ reason: "credentials", where, said })
  }
  if (isAny(cause, isAboutTls)) return new NatsRefused({ reason: "certificate", where, said })
  if (isAny(cause, (one) => one instanceof InvalidArgumentError || one instanceof TypeError)) {
    return new NatsRefused({ reason: "settings", where, said })
  }
  return undefined
}

const isAboutTls = (cause: unknown): boolean =>
  (Predicate.hasProperty(cause, "code") &&
    Predicate.isString(cause.code) &&
    /CERT|^ERR_(?:TLS|SSL|OSSL)|^UNABLE_TO_/.test(cause.code)) ||
  (Predicate.isError(cause) && /does not support 'tls'|^tls\b/.test(cause.message))

const isAny = (cause: unknown, is: (one: unknown) => boolean, depth = 0): boolean =>
  is(cause) || (depth < 4 && Predicate.hasProperty(cause, "cause") && isAny(cause.cause, is, depth + 1))
