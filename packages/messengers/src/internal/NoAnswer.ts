/**
 * What it means for a message that a request got no answer: whether anything can have been accepted, in words of our own.
 */
import { SendFailed } from "@fibercast/ports/Messenger"
import { Predicate } from "effect"
import { type HttpClientError } from "effect/http"

const unreachable: ReadonlySet<unknown> = new Set([
  "UND_ERR_CONNECT_TIMEOUT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
])

/** Whether the failure lies before the first byte of the request: name look-up, connect, TLS. */
const neverConnected = (cause: unknown, depth = 0): boolean => {
  if (!Predicate.isObject(cause) || depth > 4) return false
  if ("syscall" in cause && (cause.syscall === "connect" || cause.syscall === "getaddrinfo")) return true
  if ("code" in cause && unreachable.has(cause.code)) return true
  if ("errors" in cause && Array.isArray(cause.errors) && cause.errors.length > 0) {
    return cause.errors.every((error: unknown) => neverConnected(error, depth + 1))
  }
  return "cause" in cause && neverConnected(cause.cause, depth + 1)
}

/** Undici looks at a request before it writes any of it. */
const isRefused = (cause: unknown): boolean =>
  Predicate.isObject(cause) && "code" in cause && cause.code === "UND_ERR_INVALID_ARG"

export const badAddress = new SendFailed({ errorClass: "accountFatal", reason: "the provider's address is not a URL" })

export const tooLong = new SendFailed({ errorClass: "unknown", reason: "the answer is longer than 64 KiB" })

/** The connection ended after the answer had begun. */
export const lostWithin = new SendFailed({
  errorClass: "unknown",
  reason: "the connection was lost within the answer"
})

/** The transport failed before the answer began. */
export const lostBefore = (cause: unknown): SendFailed => {
  if (isRefused(cause)) {
    return new SendFailed({ errorClass: "messagePermanent", reason: "the request cannot be written as HTTP" })
  }
  return neverConnected(cause)
    ? new SendFailed({ errorClass: "transient", reason: "the provider could not be reached" })
    : new SendFailed({ errorClass: "unknown", reason: "the connection was lost before the answer" })
}

/** The same of what a client of Effect fails with. */
export const ofClient = ({ reason }: HttpClientError.HttpClientError): SendFailed => {
  switch (reason._tag) {
    case "InvalidUrlError":
      return badAddress
    case "EncodeError":
      return new SendFailed({ errorClass: "messagePermanent", reason: "the message cannot be encoded" })
    case "TransportError":
      return lostBefore(reason.cause)
    default:
      return lostWithin
  }
}
