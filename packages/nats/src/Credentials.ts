/**
 * How to sign in to NATS, and what to trust. Secrets are Redacted and read only here.
 */
import {
  type Authenticator,
  type ConnectionOptions,
  credsAuthenticator,
  nkeyAuthenticator,
  type TlsOptions
} from "@nats-io/transport-node"
import { Config, Data, Effect, Option, Predicate, Redacted } from "effect"
import * as fs from "node:fs/promises"
import { isIP } from "node:net"
import { NatsRefused } from "./NatsRefused.ts"

export type Credentials = Data.TaggedEnum<{
  Password: { readonly user: string; readonly password: Redacted.Redacted }
  Token: { readonly token: Redacted.Redacted }
  /** A file with a token and a seed, as `nsc` writes it. */
  File: { readonly path: string }
  /** The seed of an nkey, as `SU…`. */
  NKey: { readonly seed: Redacted.Redacted }
}>
export const Credentials = Data.taggedEnum<Credentials>()

/** Paths of PEM files: whom to trust, and what to show. */
export interface TlsFiles {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

const optional = <A>(config: Config.Config<A>) => Effect.map(Config.option(config), Option.getOrUndefined)

export const config = Effect.gen(function* () {
  const path = yield* optional(Config.NonEmptyString("NATS_CREDS"))
  if (path !== undefined) return Credentials.File({ path })
  const seed = yield* optional(Config.Redacted("NATS_NKEY_SEED"))
  if (seed !== undefined) return Credentials.NKey({ seed })
  const token = yield* optional(Config.Redacted("NATS_TOKEN"))
  if (token !== undefined) return Credentials.Token({ token })
  const user = yield* optional(Config.NonEmptyString("NATS_USER"))
  if (user === undefined) return undefined
  return Credentials.Password({ user, password: yield* Config.Redacted("NATS_PASSWORD") })
})

export const tlsConfig = Effect.gen(function* () {
  const ca = yield* optional(Config.NonEmptyString("NATS_CA"))
  const cert = yield* optional(Config.NonEmptyString("NATS_CERT"))
  const key = yield* optional(Config.NonEmptyString("NATS_KEY"))
  return { ca, cert, key } satisfies TlsFiles
})

export interface Servers {
  /** `host:port` each, without scheme or secrets. */
  readonly servers: ReadonlyArray<string>
  readonly isSecure: boolean
  /** Those in the first address that has any. */
  readonly credentials: Credentials | undefined
}

/** Takes addresses apart; several may be given with commas. */
export const readServers = (given: string | ReadonlyArray<string>): Servers => {
  const texts = (typeof given === "string" ? given.split(",") : given)
    .map((text) => text.trim())
    .filter((text) => text !== "")
  const parts = texts.map(
    (text) => /^(?:([a-z]+):\/\/)?(?:([^@]*)@)?([^@/]*)\/?$/iu.exec(text) ?? [text, undefined, undefined, text]
  )
  const [signIn] = parts.flatMap(([, , userInfo]) => (userInfo === undefined ? [] : [userInfo]))
  return {
    servers: parts.map(([, , , host = ""]) => host),
    isSecure: parts.some(([, scheme]) => scheme?.toLowerCase() === "tls"),
    credentials: signIn === undefined ? undefined : fromUserInfo(signIn)
  }
}

/** `user:password`, or a token alone. */
const fromUserInfo = (userInfo: string): Credentials => {
  const colon = userInfo.indexOf(":")
  if (colon < 0) return Credentials.Token({ token: Redacted.make(decode(userInfo)) })
  const password = Redacted.make(decode(userInfo.slice(colon + 1)))
  return Credentials.Password({ user: decode(userInfo.slice(0, colon)), password })
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const read = (where: string, path: string) =>
  Effect.tryPromise({
    try: () => fs.readFile(path),
    catch: (cause) => new NatsRefused({ reason: "settings", where, said: `${path} cannot be read (${codeOf(cause)})` })
  })

const codeOf = (cause: unknown): string =>
  Predicate.hasProperty(cause, "code") && Predicate.isString(cause.code) ? cause.code : textOf(cause)

/** What happened, in the words of whom it happened to. */
export const textOf = (cause: unknown): string =>
  Predicate.isError(cause) && cause.message !== "" ? cause.message : String(cause)

/** What the client signs in with. */
export const authenticators = (
  where: string,
  credentials: Credentials | undefined
): Effect.Effect<Pick<ConnectionOptions, "authenticator" | "token" | "user" | "pass">, NatsRefused> => {
  /** It reads what it was given only when it signs: so it does, once. */
  const signing = (make: () => Authenticator) =>
    Effect.try({
      try: () => {
        const authenticator = make()
        authenticator("try")
        return { authenticator }
      },
      catch: () => new NatsRefused({ reason: "settings", where, said: "the nkey or the creds file is not one" })
    })
  if (credentials === undefined) return Effect.succeed({})
  switch (credentials._tag) {
    case "Password":
      return Effect.succeed({ user: credentials.user, pass: Redacted.value(credentials.password) })
    case "Token":
      return Effect.succeed({ token: Redacted.value(credentials.token) })
    case "NKey":
      return signing(() => nkeyAuthenticator(new TextEncoder().encode(Redacted.value(credentials.seed))))
    case "File":
      return Effect.flatMap(read(where, credentials.path), (content) => signing(() => credsAuthenticator(content)))
  }
}

/** For Node as well: an address of numbers has no name that a certificate could be checked against. */
interface NodeTlsOptions extends TlsOptions {
  readonly host?: string
}

/** The client reads the files again with each connection; that they can be read now is made sure. */
export const tlsOptions = Effect.fnUntraced(function* (
  where: string,
  { ca, cert, key }: TlsFiles = {},
  { isSecure, servers }: Servers
): Effect.fn.Return<NodeTlsOptions | undefined, NatsRefused> {
  for (const path of [ca, cert, key]) if (path !== undefined) yield* read(where, path)
  if (ca === undefined && cert === undefined && key === undefined && !isSecure) return undefined
  const [host = ""] = servers.length === 1 ? servers.map((server) => server.replace(/:\d+$/, "")) : []
  return {
    ...(isIP(host) === 0 ? {} : { host }),
    ...(ca === undefined ? {} : { caFile: ca }),
    ...(cert === undefined ? {} : { certFile: cert }),
    ...(key === undefined ? {} : { keyFile: key })
  }
})
